"""`python -m experiments VERB [config.yaml] [key=value ...] [--json]`.

Prints the run's folder first and the suggested next command last; with --json, result.json on one line after it.
Exit status: 0 done, 2 the user's mistake (one message), 1 ours (a traceback), or an audit that found something.
"""

import json
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from experiments.config import SHIPPED, find, load, read_yaml
from experiments.run import CONFIG, Run
from experiments.schema import Config
from randomizers.errors import unknown

VERBS = {
    "look": "draw randomized worlds and the table of axes; with arm=NAME or FILE, check and draw that arm",
    "train": "train a policy by cloning and DAgger in randomized worlds",
    "finetune": "adapt a trained policy to a few demonstrations, keep it only if it is better",
    "evaluate": "measure success in simulation and in the reality twin",
    "sweep": "strengths x seeds, paired episodes, one plot",
    "export": "write a verified bundle that runs without torch",
    "deploy": "drive an arm with a bundle",
    "report": "write one HTML page about a run",
    "bench": "measure speeds as ratios, and what they buy: `bench render`, `worlds`, `localiser`",
    "pipeline": "all of them, from one YAML",
}
POSITIONAL = {
    "evaluate": "policy", "finetune": "policy", "sweep": "policy", "export": "policy",
    "deploy": "bundle", "report": "source", "bench": "bench.what",
}  # fmt: skip
ALIASES = {"deploy": {"arm": "deploy.arm"}, "bench": {"what": "bench.what"}}
"""`deploy BUNDLE arm=virtual` speaks of the thing that moves; elsewhere `arm` is the profile."""
LENDERS = ("resume", "policy", "bundle", "source")
"""Keys that name a run whose configuration this one goes on with."""
MISTAKES = (ValueError, TypeError, FileNotFoundError, NotADirectoryError, IsADirectoryError)


@dataclass(frozen=True)
class Request:
    """What was typed."""

    verb: str
    config: Path | None
    overrides: tuple[str, ...]
    json: bool


def usage() -> str:
    """Give the text of --help."""
    verbs = "\n".join(f"  {name:<10}{text}" for name, text in VERBS.items())
    shipped = ", ".join(sorted(path.name for path in SHIPPED.glob("*.yaml")))
    return (
        f"{__doc__}\nVerbs:\n{verbs}\n\nConfig files that ship: {shipped}. Any key of them can be overridden:\n"
        "  python -m experiments train push.yaml strength=0.5 'randomize.Mass.by=nominal * LogUniform(0.8, 1.25)'\n"
        "Help of one verb: python -m experiments VERB --help"
    )


def parse(arguments: Sequence[str]) -> Request:
    """Read the command line after the verb was checked."""
    verb, config, overrides = arguments[0], None, []
    for text in arguments[1:]:
        if text == "--json":
            continue
        if text.startswith("-"):
            raise ValueError(f"unknown option `{text}`. Known: --json, --help; settings are key=value")
        if "=" in text:
            key, value = text.split("=", 1)
            overrides.append(f"{ALIASES.get(verb, {}).get(key, key)}={value}")
        elif text.endswith((".yaml", ".yml")):
            config = find(text)
        elif verb in POSITIONAL:
            overrides.append(f"{POSITIONAL[verb]}={text}")
        else:
            raise ValueError(f"cannot place `{text}`: give a config file (.yaml) or key=value")
    return Request(verb, config, tuple(overrides), "--json" in arguments)


def configure(request: Request) -> Config:
    """Assemble the configuration; a run that is built upon or resumed lends its own."""
    stated = dict(text.split("=", 1) for text in request.overrides)
    if request.verb == "look" and "arm" in stated:
        alone = ("worlds=0",) if request.config is None and "worlds" not in stated else ()
        return load(request.config, [*request.overrides, "inspect=true", *alone])
    lender = next((key for key in LENDERS if key in stated), None)
    path = own_config(stated[lender]) if lender else None
    if request.config is not None or path is None:
        return load(request.config, request.overrides)
    forgotten = [] if lender == "resume" else [f"{key}=null" for key in ("run", *LENDERS)]
    return load(path, [*forgotten, *request.overrides])


def own_config(place: str) -> Path | None:
    """Find the config.yaml that belongs to a run or to something inside one."""
    folder = Path(place)
    for candidate in (folder, *folder.parents):
        path = candidate / CONFIG
        if path.is_file() and "task" in read_yaml(path):
            return path
    return None


def execute(request: Request) -> int:
    """Run a verb and print what is promised; give the exit status."""
    config = configure(request)
    module = import_module(f"experiments.{request.verb}")
    if hasattr(module, "check"):
        module.check(config)
    with Run.open(request.verb, config) as run:
        try:
            result, following = module.main(run, config)
        except Exception as error:
            run.note({"error": f"{type(error).__name__}: {error}"})
            raise
        full = run.finish(result)
    print(f"next: {following}", flush=True)
    if request.json:
        print(json.dumps(json.loads(json.dumps(full, default=str))), flush=True)
    return module.status(full) if hasattr(module, "status") else 0


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; give the exit status."""
    if not arguments or arguments[0] in ("--help", "-h", "help"):
        print(usage())
        return 0
    verb = arguments[0]
    if verb not in VERBS:
        print(f"error: {unknown('verb', verb, list(VERBS))}", file=sys.stderr)
        return 2
    if {"--help", "-h"} & set(arguments):
        print(f"{verb}: {VERBS[verb]}\n\n{import_module(f'experiments.{verb}').HELP}")
        return 0
    try:
        return execute(parse(arguments))
    except MISTAKES as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; go on with resume=RUN", file=sys.stderr)
        return 1
    except Exception:  # noqa: BLE001  the last line of defence: ours, with a traceback
        traceback.print_exc()
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
