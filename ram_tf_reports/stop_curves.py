"""Error against glimpses: of learned stops, fixed numbers and thresholds."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ram_tf.evaluation.images import Rollouts
from ram_tf_runs.records.curve import percent_ticks

# DT-RAM (Li et al., 2017, arXiv 1703.10332), on 28x28 MNIST.
PUBLISHED = {"name": "DT-RAM", "error": 1.12, "mean_glimpses": 5.2}
# Odds for which a threshold is tried: from guessing to what float32 can hold.
_LOG_ODDS = np.linspace(-2.0, 18.0, 161)
_CLOSE, _ROW = 0.08, 12  # Of the width of the plot; points.
_LEAST = 0.01  # In %; an error of zero has no place on a log scale.


def measure(rollouts: Rollouts, labels: np.ndarray) -> dict[str, Any]:
    """Errors in % of one model that stops by itself, and of other stops.

    Args:
        rollouts: Deterministic, with `glimpses_used`.
        labels: [n].

    Returns:
        "error" at the stop with "mean_glimpses", the share of cases that used
        1 to T glimpses as "used", "error_by_glimpse", the "threshold" curve as
        rows of "threshold", "mean_glimpses" and "error", and
        "threshold_error", that of the curve at the same mean. The threshold is
        chosen on the very cases that it is measured on, in its favour.
    """
    right = rollouts.probabilities.argmax(-1) == labels[:, None]
    steps, used = right.shape[1], rollouts.glimpses_used
    thresholds = [0.0, *1 / (1 + np.exp(-_LOG_ODDS)), 1.0]
    curve = [
        {
            "threshold": float(threshold),
            **_stopped(right, confident(rollouts.probabilities, threshold)),
        }
        for threshold in thresholds
    ]
    at_stop = _stopped(right, used)
    means = [row["mean_glimpses"] for row in curve]
    errors = [row["error"] for row in curve]
    return {
        **at_stop,
        "used": [float((used == t + 1).mean()) for t in range(steps)],
        "error_by_glimpse": [float(e) for e in 100 * (1 - right.mean(axis=0))],
        "threshold_error": float(
            np.interp(at_stop["mean_glimpses"], means, errors)
        ),
        "threshold": curve,
    }


def confident(probabilities: np.ndarray, threshold: float) -> np.ndarray:
    """Glimpses until the highest of probabilities [n, T, K] exceeds it, [n].

    T where none of them does.
    """
    enough = probabilities.max(axis=-1) > threshold
    enough[:, -1] = True
    return enough.argmax(axis=1) + 1


def table(result: dict[str, Any]) -> str:
    """A line for each model, and whether it beats the threshold."""
    lines = [
        f"test error, % of {result['test_cases']} cases",
        f"{'':20}{'cost':>8}{'glimpses':>10}{'learned':>9}{'threshold':>11}"
        f"{'all':>7}",
    ]
    better = 0
    for name, model in result["models"].items():
        better += model["error"] < model["threshold_error"]
        lines.append(
            f"{name:20.20}{model['config']['glimpse_cost']:8g}"
            f"{model['mean_glimpses']:10.2f}{model['error']:9.2f}"
            f"{model['threshold_error']:11.2f}"
            f"{model['error_by_glimpse'][-1]:7.2f}"
        )
    published = result["published"]
    lines.append(
        f"published ({published['name']}, 28x28 MNIST): "
        f"{published['error']:.2f} at {published['mean_glimpses']} glimpses"
    )
    lines.append(
        "the learned stop beats a confidence threshold at the same mean "
        f"number of glimpses in {better} of {len(result['models'])} models"
    )
    return "\n".join(lines)


def draw(result: dict[str, Any]) -> Figure:
    """Draws the curves of all models, and a point for each learned stop."""
    figure = Figure(figsize=(8, 4.5), layout="constrained", dpi=110)
    axes = figure.subplots()
    models = list(result["models"].values())
    for i, model in enumerate(models):
        fixed = model["error_by_glimpse"]
        curve = model["threshold"]
        alone = {"alpha": 1.0 if len(models) == 1 else 0.5}
        glimpses = range(1, len(fixed) + 1)
        axes.plot(glimpses, _shown(fixed), "s--", color="C0", ms=4, **alone)
        axes.plot(
            [row["mean_glimpses"] for row in curve],
            _shown([row["error"] for row in curve]),
            color="C2",
            **alone,
        )
        axes.plot(
            model["mean_glimpses"],
            max(model["error"], _LEAST),
            "o",
            color="C3",
            label="" if i else "learned stop, with its cost a glimpse",
        )
    _write_costs(axes, models)
    axes.plot([], [], "s--", color="C0", label="fixed number of glimpses")
    axes.plot([], [], color="C2", label="highest probability over a threshold")
    if all(_is_mnist(model["config"]) for model in models):
        published = result["published"]
        axes.plot(
            published["mean_glimpses"],
            published["error"],
            "*",
            color="k",
            ms=10,
            label=f"{published['name']}, as published",
        )
    axes.set(xlabel="mean glimpses", ylabel="test error", yscale="log")
    percent_ticks(axes)
    axes.legend(fontsize=8)
    return figure


def _write_costs(axes: Axes, models: list[dict[str, Any]]) -> None:
    """The costs below their points, lower where two points are close."""
    low, high = axes.get_xlim()
    ends: list[float] = []  # Of each row, where its last cost stands.
    for model in sorted(models, key=lambda model: model["mean_glimpses"]):
        x, row = model["mean_glimpses"], 0
        while row < len(ends) and x - ends[row] < _CLOSE * (high - low):
            row += 1
        ends[row : row + 1] = [x]
        axes.annotate(
            f"{model['config']['glimpse_cost']:g}",
            (x, max(model["error"], _LEAST)),
            xytext=(0, -17 - _ROW * row),
            textcoords="offset points",
            ha="center",
            size=8,
            arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.6},
        )


def _is_mnist(config: dict[str, Any]) -> bool:
    """Whether a run's task is the one that others have published."""
    return config["source"] == "mnist" and config["canvas"] == 28


def _stopped(right: np.ndarray, used: np.ndarray) -> dict[str, float]:
    """Of answers [n, T] after used [n] glimpses: error in %, and the mean."""
    answers = right[np.arange(len(right)), used - 1]
    return {
        "mean_glimpses": float(used.mean()),
        "error": float(100 * (1 - answers.mean())),
    }


def _shown(errors: list[float]) -> list[float]:
    return [max(error, _LEAST) for error in errors]
