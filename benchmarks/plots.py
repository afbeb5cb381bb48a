"""Plots of measurements."""

import pathlib

from matplotlib.figure import Figure

from ram_tf import viz

_LINES = {
    "ram_classify_ms": ("RAM, classify", "C0", "-"),
    "ram_train_ms": ("RAM, training step", "C0", "--"),
    "conv_classify_ms": ("conv net, classify", "C1", "-"),
    "conv_train_ms": ("conv net, training step", "C1", "--"),
}


def image_size(rows: list[dict], path: pathlib.Path) -> None:
    """Draws milliseconds against the side of the image, both on log scales."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name, (label, colour, style) in _LINES.items():
        points = [(row["side"], row[name]) for row in rows if row[name]]
        axes.plot(
            *zip(*points, strict=True),
            color=colour,
            linestyle=style,
            marker="o",
            label=label,
        )
    sides = [row["side"] for row in rows]
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="side of the image, pixels",
        ylabel="ms a batch",
        xticks=sides,
        xticklabels=sides,
    )
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend()
    viz.save(figure, path)
