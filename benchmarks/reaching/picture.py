"""Errors against time, of one or several records."""

import pathlib
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, StrMethodFormatter

from ram_tf.pictures import paths as viz
from ram_tf_runs.records.curve import percent_ticks

# Times as long as another.
_MANY = 5
NAMES = {"ram_tf": "ram_tf", "torch": "PyTorch"}
POLICIES = {"gaussian": "the paper's policy", "cells": "cell policy"}


def draw(records: list[dict[str, Any]], path: pathlib.Path) -> None:
    """Draws a line for each seed, those of a record in its colour.

    A dot is where a seed has reached a goal. Errors are on a log scale, and so
    is time where one implementation takes many times as long as another.
    """
    figure = Figure(figsize=(8, 4.5), layout="constrained", dpi=110)
    axes = figure.subplots()
    for number, record in enumerate(records):
        _draw_record(axes, record, f"C{number}")
    for goal in sorted(
        {g for record in records for g in record["of"]["errors"]}
    ):
        _draw_goal(axes, goal)
    axes.set(
        xlabel="minutes since the start of the process",
        ylabel="validation error",
        yscale="log",
    )
    axes.set_ylim(None, 100)
    percent_ticks(axes)
    _scale_time(axes, [_longest(record) for record in records])
    axes.legend(fontsize=8, loc="upper right")
    viz.save(figure, path)


def _scale_time(axes: Axes, longest: list[float]) -> None:
    if max(longest) < _MANY * min(longest):
        axes.set_xlim(0, None)
        return
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter("")


def _longest(record: dict[str, Any]) -> float:
    return max(seed["seconds"] for seed in record["seeds"].values())


def _draw_goal(axes: Axes, goal: float) -> None:
    axes.axhline(goal, color="0.5", linestyle=":", linewidth=1)
    axes.annotate(
        f"{goal:g}%",
        (1, goal),
        xycoords=("axes fraction", "data"),
        xytext=(3, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
        color="0.3",
    )


def _draw_record(axes: Axes, record: dict[str, Any], colour: str) -> None:
    name = NAMES[record["of"]["implementation"]]
    policy = record["of"]["recipe"]["location_policy"]
    label = f"{name}, {POLICIES.get(policy, policy)}"
    for seed in record["seeds"].values():
        seconds, _, errors = zip(*seed["curve"], strict=True)
        minutes = [second / 60 for second in seconds]
        axes.plot(minutes, errors, color=colour, label=label, linewidth=1.2)
        label = None  # One line of the legend for all seeds.
        points = [
            (one["seconds"] / 60, one["validation_error"])
            for one in seed["goals"].values()
            if one
        ]
        for point in points:
            axes.plot(*point, "o", color=colour, markersize=5)
