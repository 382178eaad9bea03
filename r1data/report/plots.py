"""Small pictures for reports, as PNGs that are 480 pixels wide."""

import io
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from r1data.evaluate.estimate import Estimate

WIDTH, HEIGHT = 4.8, 2.7
"""Inches of 100 pixels."""
PANEL_HEIGHT = 1.15
"""Inches of a panel among several."""
MARKED = 60
"""Steps up to which each has a marker."""
PANELS: dict[str, tuple[str, ...]] = {
    "loss": ("loss",),
    "reward": ("reward", "reward/*"),
    "tokens": ("thought_tokens", "completion_tokens"),
    "reflection\nwords": ("reflection_words",),
    "entropy,\nnats": ("entropy",),
    "divergence,\nnats": ("kl",),
    "margin": ("margin",),
    "share": ("clipped", "equal_groups", "accuracy"),
}
"""Numbers of a curve that are drawn together, as patterns of their names, by the unit that they share.
Thought length and reflection words stand below the rewards that they are read against.
"""


def training_curve(curve: Sequence[Mapping[str, float]], *, title: str) -> bytes:
    """Draw what a training told, one panel below the other for each group of `PANELS` that it has numbers of.

    Args:
        curve: one entry or more, one per optimiser step: step, and numbers such as loss, reward/format or
            entropy, which may be missing at some steps. What no panel holds is not drawn.
        title: what was trained.
    """
    from matplotlib.figure import Figure

    keys = dict.fromkeys(key for point in curve for key in point)
    panels = {name: [key for key in keys if _is_one_of(key, PANELS[name])] for name in PANELS}
    panels = {name: lines for name, lines in panels.items() if lines}
    height = max(HEIGHT, 0.6 + PANEL_HEIGHT * len(panels))
    figure = Figure(figsize=(WIDTH, height), dpi=100, layout="constrained")
    drawn = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    drawn[0].set_title(title)
    drawn[-1].set_xlabel("optimiser step")
    for axes, (name, lines) in zip(drawn, panels.items(), strict=True):
        told = {key: [(point["step"], point[key]) for point in curve if key in point] for key in lines}
        _panel(axes, name, told)
    figure.align_ylabels(drawn)
    return _png(figure)


def _panel(axes: Any, name: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    for key, points in lines.items():
        label = key.rpartition("/")[2].replace("_", " ")
        axes.plot(*zip(*points, strict=True), marker="." if len(points) <= MARKED else "", label=label)
    alone = len(lines) == 1 and len(PANELS[name]) > 1
    axes.set_ylabel(label if alone else name, fontsize="small")
    axes.grid(alpha=0.3)
    axes.tick_params(labelsize="small")
    if name == "share":
        axes.set_ylim(-0.05, 1.05)
    elif not any(value < 0 for points in lines.values() for _, value in points):
        axes.set_ylim(bottom=0)
    if len(lines) > 1:
        axes.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)


def _is_one_of(key: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(key, pattern) for pattern in patterns)


def intervals(rows: Sequence[tuple[str, float, float, float]], *, title: str, unit: str) -> bytes:
    """Draw estimates with their intervals, one below the other.

    Args:
        rows: name, value, lower and upper end.
        title: what was estimated.
        unit: of the values.
    """
    figure, axes = _axes(1 + 0.3 * len(rows), title=title, xlabel=unit)
    names, values, lows, highs = zip(*rows, strict=True)
    axes.hlines(range(len(rows)), lows, highs)
    axes.plot(values, range(len(rows)), "o")
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(min(0, *lows) - 0.05, 1.05)
    axes.grid(axis="x", alpha=0.3)
    return _png(figure)


def shares(rows: Mapping[str, Estimate]) -> bytes:
    """Draw ratios with their intervals, one below the other, on a scale where half and double are equally far
    from 1, which is marked.

    Args:
        rows: name, and a ratio; an interval that begins at 0 is drawn from a hundredth of the ratio, or of
            its own end where the ratio is 0 and has no point.
    """
    from matplotlib.ticker import LogLocator, NullLocator

    figure, axes = _axes(1 + 0.3 * len(rows), xscale="log", xlabel="student / other (95 %)")
    for place, found in enumerate(rows.values()):
        axes.hlines(place, max(found.low, (found.value or found.high) / 100), found.high, linewidth=2)
        if found.value:
            axes.plot(found.value, place, "o", color="C0")
    axes.axvline(1, color="black", linewidth=1, linestyle=":")
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    lowest, highest = axes.get_xlim()
    axes.set_xlim(min(lowest, 0.45), max(highest, 2.2))
    axes.grid(axis="x", alpha=0.3)
    return _png(figure)


def _axes(height: float, **texts: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), dpi=100, layout="constrained")
    return figure, figure.add_subplot(**texts)


def _png(figure: Any) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)
    return picture.getvalue()
