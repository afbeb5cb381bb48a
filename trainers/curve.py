"""The learning curve of a run, drawn from its metrics.jsonl."""

import json
import pathlib

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter


def draw_curve(metrics: pathlib.Path, epochs: float) -> Figure:
    """Error on validation and in training against epochs, on a log scale.

    Args:
        metrics: A metrics.jsonl, whose last row is at the end of `epochs`.
        epochs: Of the whole run.
    """
    rows = [json.loads(line) for line in metrics.read_text().splitlines()]
    x = [epochs * row["step"] / rows[-1]["step"] for row in rows]
    looks = "location_spread" in rows[-1]
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(
        x,
        [100 * (1 - row["accuracy"]) for row in rows],
        color="0.6",
        label="training, sampled locations" if looks else "training",
    )
    axes.plot(
        x,
        [row["validation_error"] for row in rows],
        label="validation, deterministic" if looks else "validation",
    )
    best = min(rows, key=lambda row: row["validation_error"])
    axes.axhline(
        best["validation_error"],
        color="C0",
        linestyle=":",
        label=f"best: {best['validation_error']:.2f}%",
    )
    axes.set(xlabel="epochs", ylabel="error", yscale="log")
    for formatter in (
        axes.yaxis.set_major_formatter,
        axes.yaxis.set_minor_formatter,
    ):
        formatter(PercentFormatter(decimals=0))
    axes.tick_params(which="minor", labelsize=7)
    axes.grid(which="both", alpha=0.25)
    axes.legend()
    return figure
