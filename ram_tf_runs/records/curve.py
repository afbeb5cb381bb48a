"""Learning curves: read from metrics.jsonl, kept in the record, and drawn."""

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, StrMethodFormatter

from ram_tf.training import log

_EARLY = 4  # Glimpses whose error is drawn beside the last one's.

# An element for each evaluation: "epoch", "training_error",
# "validation_error_by_glimpse".
Curve = list[dict[str, Any]]


def read_curve(
    metrics: pathlib.Path, epochs: float, steps: int | None = None
) -> Curve:
    """The errors in % at each evaluation of a run that its log has.

    Args:
        metrics: A metrics.jsonl.
        epochs: Of the whole run.
        steps: Of the whole run; by default the last row is at its end.
    """
    needed = ("accuracy", "validation_error_by_glimpse")
    rows = log.read(metrics, *needed)
    steps = steps or max((row["step"] for row in rows), default=None)
    return [
        {
            "epoch": round(epochs * row["step"] / steps, 3),
            "training_error": round(100 * (1 - row["accuracy"]), 2),
            "validation_error_by_glimpse": [
                round(error, 2) for error in row["validation_error_by_glimpse"]
            ],
        }
        for row in rows
    ]


def draw_curves(curves: Mapping[str, list[Curve]]) -> Figure:
    """Errors against epochs, on a log scale.

    Args:
        curves: By kind of model; those of a kind differ in the seed, and are
            drawn in its colour. One curve alone stands with its training error.
            Those without a point are passed over.
    """
    curves = {
        name: found
        for name, group in curves.items()
        if (found := [curve for curve in group if curve])
    }
    figure = Figure(figsize=(8, 4.5), layout="constrained", dpi=110)
    axes = figure.subplots()
    every = [curve for group in curves.values() for curve in group]
    if len(every) == 1:
        _draw_training(axes, *every)
    for i, (name, group) in enumerate(curves.items()):
        for curve in group:
            _draw_validation(axes, curve, f"C{i}")
        best = [min(_after(curve, -1)) for curve in group]
        named = ", ".join(f"{error:.2f}%" for error in best)
        axes.plot([], [], color=f"C{i}", label=f"{name}, best {named}")
    axes.set(
        xlabel="epochs", ylabel="validation error", yscale="log", xlim=(0, None)
    )
    percent_ticks(axes)
    if any(map(_has_early, every)):
        label = f"dotted: after {_EARLY} glimpses"
        axes.plot([], [], ":", color="0.3", label=label)
    axes.legend(fontsize=8)
    return figure


def percent_ticks(axes: Axes) -> None:
    """As `log_ticks`, of an axis in percent."""
    log_ticks(axes, "%")


def log_ticks(axes: Axes, unit: str = "") -> None:
    """Ticks at 1, 2 and 5 of each decade of a log axis, and a faint grid.

    The axis begins and ends at one of them, so that both its ends are labelled.

    Args:
        axes: Whose y axis is logarithmic.
        unit: What stands behind each number.
    """
    low, high = axes.get_ylim()
    axes.set_ylim(1 / _tick_above(1 / low), _tick_above(high))
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}" + unit))
    axes.yaxis.set_minor_formatter("")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _tick_above(value: float) -> float:
    """The next of 1, 2 and 5 times a power of ten."""
    decade = 10.0 ** np.floor(np.log10(value))
    return next(n * decade for n in (1, 2, 5, 10) if n * decade >= value)


def _draw_training(axes: Axes, curve: Curve) -> None:
    axes.plot(
        [row["epoch"] for row in curve],
        [row["training_error"] for row in curve],
        color="0.6",
        label="in training",
    )


def _draw_validation(axes: Axes, curve: Curve, colour: str) -> None:
    epochs = [row["epoch"] for row in curve]
    axes.plot(epochs, _after(curve, -1), color=colour)
    if _has_early(curve):
        axes.plot(epochs, _after(curve, _EARLY - 1), ":", color=colour)


def _after(curve: Curve, glimpse: int) -> list[float]:
    return [row["validation_error_by_glimpse"][glimpse] for row in curve]


def _has_early(curve: Curve) -> bool:
    return len(curve[0]["validation_error_by_glimpse"]) > _EARLY
