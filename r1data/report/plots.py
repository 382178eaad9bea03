"""Small pictures for reports."""

import io
from collections.abc import Mapping, Sequence


def loss_curve(curve: Sequence[Mapping[str, float]], *, title: str) -> bytes:
    """Draw a training's loss, as a PNG of 480 × 270 pixels.

    Args:
        curve: one entry per optimiser step: step, loss (nats per trained token).
        title: what was trained.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.8, 2.7), dpi=100, layout="constrained")
    axes = figure.add_subplot(title=title, xlabel="optimiser step", ylabel="loss, nats per token")
    axes.plot([point["step"] for point in curve], [point["loss"] for point in curve], marker=".")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)
    return picture.getvalue()
