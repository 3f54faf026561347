"""`report`: one self-contained HTML page about a run: what varied, how it learnt, how often it works, what it took."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from experiments import page
from experiments.run import CONFIG, LOG, Run, read_result
from experiments.schema import Config
from experiments.story import TITLES, Story, curves_of, endings_of, label, strip_label

HELP = """Writes report.html about a finished run: a pipeline, or one train, finetune, evaluate, sweep, look.
The page loads nothing from anywhere and prints well; what the run did not do is left out.

  python -m experiments report runs/...-pipeline-push-..."""

STRIPS_EACH = 2
"""Film strips shown of each condition."""
ROUNDS = ("round", "episodes", "successful", "frames", "collecting [s]", "training [s]")


def check(config: Config) -> None:
    """Refuse what cannot work before anything is written."""
    if config.source is None:
        raise ValueError("a report of which run? python -m experiments report RUN")
    read_result(Path(config.source))


def main(run: Run, config: Config) -> tuple[dict[str, Any], str]:
    """Write the page."""
    check(config)
    path = write_report(Path(str(config.source)), run.folder / "report.html")
    print(f"  {path}: {path.stat().st_size / 1e6:.1f} MB")
    return {"source": config.source, "report": str(path)}, f"python -m experiments report {config.source}"


def write_report(folder: Path, path: Path | None = None) -> Path:
    """Write a page about a finished run.

    Args:
        folder: Of the run.
        path: Of the page; default: report.html in the same folder.
    """
    story = Story.of(folder)
    verb, task = story.result.get("verb", "run"), story.result.get("task", "")
    sections = [headline(story), success(story), choice(story), swept(story), varied(story)]
    sections += [training(story), strips(story), times(story), origin(story)]
    target = path or folder / "report.html"
    beside = target.with_name(f".{target.name}")
    title = f"sim2arm: {task}" if verb == "pipeline" else f"sim2arm: {verb} {task}"
    beside.write_text(
        page.page(title.strip(), f"run {folder.resolve().name}, seed {story.result.get('seed')}", sections)
    )
    beside.replace(target)
    return target


def percent(rate: Mapping[str, Any]) -> str:
    """Write a success rate."""
    return f"{100 * rate['rate']:.0f} %"


def interval(rate: Mapping[str, Any]) -> str:
    """Write how sure a success rate is."""
    return f"{100 * rate['low']:.0f} to {100 * rate['high']:.0f} %"


def headline(story: Story) -> str:
    """Say what reality is, and the rates in large print."""
    card, renderer = story.find("card"), story.find("renderer")
    told = []
    if any(name.startswith(("reality", "deployed")) for name in story.rates):
        drawn = f", images drawn by {renderer}" if renderer else ""
        told.append(
            f"Reality on this page is a MuJoCo twin, reality card {card}{drawn}; no physical arm took part. The twin "
            "has its own arm model, contacts, cameras, latency and hidden parameters. Training never sees it but for "
            f"{demonstrations(story)}."
        )
    shown = list(story.rates.items())
    figures = [(percent(rate), label(name), f"{interval(rate)}, n={rate['n']}") for name, rate in shown[:6]]
    return page.tiles(figures) + "".join(page.paragraph(text, "note") for text in told)


def demonstrations(story: Story) -> str:
    """Count the demonstrations."""
    recorded = (story.find("demonstrations") or {}).get("episodes", ())
    return f"{len(recorded)} demonstrations" if recorded else "demonstrations"


def success(story: Story) -> str:
    """Chart and table of all conditions."""
    from experiments.plots import BLUE, GREEN, GREY, interval_chart, svg

    rates = story.rates
    if not rates:
        return ""

    def colour(name: str) -> str:
        return GREY if "without" in name else BLUE if name.startswith("sim") else GREEN

    chart = interval_chart([(label(name), rate) for name, rate in rates.items()], [colour(name) for name in rates])
    rows = [
        (label(name), percent(rate), interval(rate), f"{round(rate['rate'] * rate['n'])} of {rate['n']}")
        for name, rate in rates.items()
    ]
    return page.section(
        "How often it succeeds",
        page.picture(svg(chart), "success rates with intervals", "Bars: success. Whiskers: 95 % Wilson interval."),
        page.table(("condition", "success", "95 % interval", "episodes"), rows, numbers=(1, 2, 3)),
    )


def choice(story: Story) -> str:
    """Say which policy was kept, and why."""
    selection = story.find("selection")
    if not selection:
        return ""
    kept = {"candidate": "The fine-tuned policy was kept", "original": "The original policy was kept"}
    rows = []
    for name in ("reality", "simulation"):
        pair = selection.get(name)
        if pair:
            ends = f"{100 * pair['low']:+.0f} to {100 * pair['high']:+.0f}"
            only = f"{pair['only_b']} / {pair['only_a']}"
            rows.append((name, f"{100 * pair['difference']:+.0f}", ends, f"{pair['p']:.2g}", only, str(pair["n"])))
    names = ("fine-tuned against original", "points", "95 % interval", "p", "only it / only original", "n")
    return page.section(
        "Was fine-tuning kept?",
        page.paragraph(f"{kept.get(selection['kept'], selection['kept'])}: {selection['reason']}."),
        page.table(names, rows, numbers=(1, 2, 3, 4, 5)),
    )


def swept(story: Story) -> str:
    """Chart and tables of a sweep."""
    result = story.result
    if "by_strength" not in result:
        return ""
    from experiments.plots import svg, sweep_chart

    rows = []
    for strength, rate in result["by_strength"].items():
        pair = result.get("paired", {}).get(strength)
        against = (
            f"{100 * pair['difference']:+.0f} ({100 * pair['low']:+.0f} to {100 * pair['high']:+.0f})" if pair else ""
        )
        rows.append(
            (strength, percent(rate), interval(rate), str(rate["n"]), against, f"{pair['p']:.2g}" if pair else "")
        )
    names = (result["varied"], "success", "95 % interval", "n", f"points against {result['reference']:g}", "p")
    return page.section(
        "Success against strength",
        page.paragraph("Every strength met the same episodes, so the differences are paired."),
        page.picture(svg(sweep_chart(result)), "success against strength"),
        page.table(names, rows, numbers=(1, 2, 3, 4, 5)),
    )


def varied(story: Story) -> str:
    """Contact sheets and the table of axes."""
    look = story.parts.get("look")
    if look is None:
        return ""
    axes, result = look.result.get("axes", []), look.result
    shown = [(a["name"], a["expression"], short(a["nominal"]), a["unit"], a["when"]) for a in axes]
    rows = page.table(("axis", "expression", "nominal", "unit", "when"), shown, small=True)
    sheets = (
        (
            "look.png",
            f"{result.get('worlds')} randomized worlds; the first one is nominal. Policies never see the ring.",
        ),
        ("look-heldout.png", "Held-out worlds, with pictures that training never shows."),
        ("look-reality.png", f"The reality twin, card {result.get('card')}."),
    )
    found = [page.file_picture(look.folder / name, name, caption) for name, caption in sheets]
    return page.section(
        "What varied",
        page.paragraph(
            f"{len(axes)} quantities are drawn anew for every episode at strength {result.get('strength', 1):g}."
        ),
        found[0],
        found[2],
        page.folded("Held-out worlds", found[1]),
        page.folded(f"All {len(axes)} axes", rows),
    )


def short(value: Any) -> str:
    """Write a nominal value in few digits."""
    if isinstance(value, list):
        return "[" + " ".join(short(number) for number in value) + "]"
    return f"{value:.4g}" if isinstance(value, float | int) else str(value)


def training(story: Story) -> str:
    """Curves, and what each round of DAgger brought."""
    from experiments.plots import curve_chart, svg

    panels, tables = {}, []
    for part in story.parts.values():
        title, curves = TITLES.get(part.name, part.name), curves_of(part.folder / LOG)
        if curves:
            panels[title] = curves
        history = part.result.get("history")
        if history:
            tables += [
                page.heading(f"{title}: rounds"),
                page.table(ROUNDS, list(rounds(history)), numbers=range(6)),
            ]
    chart = page.picture(svg(curve_chart(panels)), "losses against steps") if panels else ""
    return page.section("How it learnt", chart, *tables)


def rounds(history: list[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each round of DAgger."""
    for entry in history:
        counts = (entry["round"], entry["episodes"], entry["successes"], entry["frames"])
        yield (*map(str, counts), f"{entry['collect_s']:.0f}", f"{entry['fit_s']:.0f}")


def strips(story: Story) -> str:
    """Show film strips, a few of each condition, with how they ended."""
    shown = []
    for part in story.parts.values():
        endings = endings_of(part.result)
        names: dict[str, list[Path]] = {}
        for path in sorted((part.folder / "strips").glob("*-*.png")):
            names.setdefault(path.stem.rpartition("-")[0], []).append(path)
        for name, paths in sorted(names.items(), key=lambda item: "after" in item[0]):
            shown.append(page.heading(strip_label(name)))
            for path in paths[:STRIPS_EACH]:
                episode = path.stem.rpartition("-")[2]
                shown.append(page.file_picture(path, path.stem, f"Episode {episode}{endings.get((name, episode), '')}"))
    return page.section("What it looks like", *shown)


def times(story: Story) -> str:
    """Chart how long the stages took."""
    from experiments.plots import svg, time_chart

    spent = {TITLES.get(part.name, part.name): part.result.get("seconds", 0.0) / 60.0 for part in story.parts.values()}
    if len(spent) < 2:
        return ""
    minutes = story.result.get("minutes", {})
    told = ", ".join(f"{name} {value:.1f}" for name, value in minutes.items())
    return page.section(
        "What it took",
        page.paragraph(f"Minutes by kind of work: {told}.") if told else "",
        page.picture(svg(time_chart(spent)), "minutes of each stage"),
    )


def origin(story: Story) -> str:
    """Say how to make all this again: command, versions, configuration."""
    versions = dict(story.result.get("versions", {}))
    command = versions.pop("argv", "")
    config = story.folder / CONFIG
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return page.section(
        "How to do it again",
        page.code(f"python -m experiments {command}") if command else "",
        page.paragraph(named) if named else "",
        page.folded("Full configuration", page.code(config.read_text()) if config.is_file() else ""),
    )
