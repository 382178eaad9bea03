"""Small pictures for reports, as PNGs that are 480 pixels wide."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, HEIGHT = 4.8, 2.7
"""Inches of 100 pixels."""


def loss_curve(curve: Sequence[Mapping[str, float]], *, title: str) -> bytes:
    """Draw a training's loss.

    Args:
        curve: one entry per optimiser step: step, loss (nats per trained token).
        title: what was trained.
    """
    figure, axes = _axes(HEIGHT, title=title, xlabel="optimiser step", ylabel="loss, nats per token")
    axes.plot([point["step"] for point in curve], [point["loss"] for point in curve], marker=".")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    return _png(figure)


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


def _axes(height: float, **texts: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), dpi=100, layout="constrained")
    return figure, figure.add_subplot(**texts)


def _png(figure: Any) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)
    return picture.getvalue()
