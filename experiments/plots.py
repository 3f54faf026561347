"""Charts of a run, drawn by matplotlib without a display; every chart is a Figure, `svg` and `png` turn it into bytes.

page = image(svg(interval_chart([("simulation", Rate)])))
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, RED, GREY, INK = "#2f6db3", "#d9822b", "#3a8f5c", "#b8403a", "#8a939e", "#1f2933"
CYCLE = (BLUE, ORANGE, GREEN, RED, "#7a5aa6", GREY)
STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica", "Arial", "DejaVu Sans"],
    "font.size": 9.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#c4cbd3",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "xtick.color": "#52606d",
    "ytick.color": "#52606d",
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "sim2arm",  # the same run makes the same page
}
WIDTH = 9.4
"""Of a chart [in]: what a page of experiments/page.py is wide."""
Rate = Mapping[str, Any]
Curve = tuple[Sequence[float], Sequence[float]]  # steps, values


def _figure(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Make a figure of so many inches with axes side by side."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def interval_chart(rows: Sequence[tuple[str, Rate]], colours: Sequence[str]) -> Figure:
    """Draw success rates as bars with their 95 % intervals, the first row on top.

    Args:
        rows: Label and {rate, n, low, high} of each condition.
        colours: One for each row.
    """
    with rc_context(STYLE):
        figure, (axes,) = _figure(WIDTH, 0.6 + 0.36 * len(rows))
        places = range(len(rows) - 1, -1, -1)
        for place, (_, rate), colour in zip(places, rows, colours):
            value, low, high = (100.0 * rate[name] for name in ("rate", "low", "high"))
            axes.barh(place, value, height=0.56, color=colour, alpha=0.82)
            axes.errorbar(value, place, xerr=[[value - low], [high - value]], color=INK, capsize=3, lw=1.3)
            axes.annotate(
                f"{value:.0f} %", (high, place), (6, 0), textcoords="offset points", va="center", weight="bold"
            )
        axes.set_yticks(list(places), [label for label, _ in rows])
        axes.set_xlim(0, 112)
        axes.set_xticks(range(0, 101, 20), [f"{tick} %" for tick in range(0, 101, 20)])
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.grid(axis="x", color="#e4e7eb")
        axes.set_axisbelow(True)
        return figure


def curve_chart(panels: Mapping[str, Mapping[str, Curve]], x_label: str = "optimization step") -> Figure:
    """Draw falling losses, a panel for each training, on a logarithmic scale.

    Args:
        panels: For each training, its curves by name.
        x_label: What the horizontal axis counts.
    """
    with rc_context(STYLE):
        figure, all_axes = _figure(WIDTH, 2.7, len(panels))
        for axes, (title, curves) in zip(all_axes, panels.items()):
            for colour, (name, (steps, values)) in zip(CYCLE, curves.items()):
                axes.plot(steps, values, color=colour, lw=1.4, label=name, marker="o" if len(steps) < 3 else "")
            if all(value > 0 for _, values in curves.values() for value in values):
                axes.set_yscale("log")
            axes.set(title=title, xlabel=x_label)
            axes.grid(color="#e9ecef")
            axes.legend()
        return figure


def time_chart(minutes: Mapping[str, float]) -> Figure:
    """Draw how long each stage took [min], as one row of bars."""
    with rc_context(STYLE):
        figure, (axes,) = _figure(WIDTH, 0.4 + 0.26 * len(minutes))
        places = range(len(minutes) - 1, -1, -1)
        axes.barh(list(places), list(minutes.values()), height=0.6, color=GREY, alpha=0.7)
        for place, value in zip(places, minutes.values()):
            axes.annotate(
                f"{value:.1f} min", (value, place), (5, 0), textcoords="offset points", va="center", fontsize=8.5
            )
        axes.set_yticks(list(places), list(minutes))
        axes.set_xlim(0, 1.15 * max(*minutes.values(), 1e-3))
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.spines["bottom"].set_visible(False)
        axes.set_xticks([])
        return figure


def sweep_chart(result: Mapping[str, Any]) -> Figure:
    """Draw success against strength: pooled line, its Wilson band, a point for every seed.

    Args:
        result: Of a sweep: "by_strength", "cells", "varied" and "policy".
    """
    pooled = sorted((float(strength), rate) for strength, rate in result["by_strength"].items())
    x = [strength for strength, _ in pooled]
    low, middle, high = ([100.0 * rate[name] for _, rate in pooled] for name in ("low", "rate", "high"))
    with rc_context(STYLE):
        figure, (axes,) = _figure(WIDTH, 4.2)
        axes.fill_between(x, low, high, color=BLUE, alpha=0.16, lw=0, label="95 % Wilson interval")
        axes.plot(x, middle, color=BLUE, lw=2, marker="o", label=f"all seeds (n={pooled[0][1]['n']})")
        axes.plot(
            [cell["strength"] for cell in result["cells"]],
            [100.0 * cell["rate"] for cell in result["cells"]],
            "o",
            color=ORANGE,
            ms=4,
            alpha=0.85,
            label="one seed",
        )
        axes.set(xlabel=result["varied"], ylabel="success [%]", ylim=(-3, 103))
        axes.set_title(f"{result.get('task', 'success')}: {short(str(result['policy']))}")
        axes.grid(color="#e9ecef")
        axes.legend(loc="best", fontsize=8)
        return figure


def short(text: str, most: int = 60) -> str:
    """Keep the end of a long path."""
    return text if len(text) <= most else f"...{text[3 - most :]}"


def png(figure: Figure) -> bytes:
    """Draw a figure as PNG."""
    return _bytes(figure, "png")


def svg(figure: Figure) -> bytes:
    """Draw a figure as SVG, letters as shapes, so that it looks the same everywhere."""
    return _bytes(figure, "svg")


def _bytes(figure: Figure, kind: str) -> bytes:
    with io.BytesIO() as buffer, rc_context(STYLE):
        figure.savefig(buffer, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
        return buffer.getvalue()
