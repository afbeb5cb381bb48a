"""Plots of measurements."""

import pathlib

from matplotlib.figure import Figure

from ram_tf.pictures import paths as viz
from ram_tf_runs.records.curve import log_ticks

_IMAGE_SIZE_LINES = {
    "ram_classify": ("RAM, classify", "C0", "-"),
    "ram_train": ("RAM, training step", "C0", "--"),
    "conv_classify": ("conv net, classify", "C1", "-"),
    "conv_train": ("conv net, training step", "C1", "--"),
}
DEVICE_LINES = {
    "ram": ("RAM, float32", "C0", "-"),
    "ram_int8": ("RAM, int8 weights", "C0", "--"),
    "conv": ("conv net, float32", "C1", "-"),
}


def image_size(rows: list[dict], path: pathlib.Path) -> None:
    """Draws milliseconds a batch against the side of the image."""
    figure = _against_side(rows, _IMAGE_SIZE_LINES, "ms a batch")
    viz.save(figure, path)


def device(rows: list[dict], path: pathlib.Path) -> None:
    """Draws milliseconds an image; the files' sizes stand in the legend."""
    lines = {
        name: (f"{label}: {_sizes(rows, name)}", *style)
        for name, (label, *style) in DEVICE_LINES.items()
    }
    figure = _against_side(rows, lines, "ms an image, one thread")
    viz.save(figure, path)


def _against_side(rows, lines, unit: str) -> Figure:
    """Lines of milliseconds against the side, both on log scales."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name, (label, colour, style) in lines.items():
        milliseconds = f"{name}_ms"
        points = [
            (row["side"], row[milliseconds])
            for row in rows
            if row[milliseconds]
        ]
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
        ylabel=unit,
        xticks=sides,
        xticklabels=sides,
    )
    axes.minorticks_off()
    log_ticks(axes)
    axes.legend(loc="upper left")
    return figure


def _sizes(rows: list[dict], name: str) -> str:
    """Each size of a line's files once: "1.01 MB, 6.89 MB"."""
    sizes = [f"{row[f'{name}_kb'] / 1000:.3g} MB" for row in rows]
    return ", ".join(dict.fromkeys(sizes))
