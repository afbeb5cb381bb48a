"""When an error is reached, and what several seeds come to."""

import statistics
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

# Validations in a row that must lie under an error: one may be luck.
IN_A_ROW = 2


class Point(NamedTuple):
    """A validation.

    Attributes:
        seconds: Since the process was started, until its result was there.
        step: Of the training.
        error: In %.
    """

    seconds: float
    step: int
    error: float


def reached(curve: Sequence[Point], goal: float) -> Point | None:
    """The validation by which an error is reached; None if it is not.

    It is the last of the first two in a row that lie under it.
    """
    for end in range(IN_A_ROW, len(curve) + 1):
        if all(point.error < goal for point in curve[end - IN_A_ROW : end]):
            return curve[end - 1]
    return None


def summary(
    goals: Iterable[float], seeds: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """A row for each goal: medians over seeds.

    A seed that has missed it counts as longer than all others, so that the
    median of seconds is null if half of the seeds have. Test errors are of
    those that have reached it.

    Args:
        goals: Errors in %.
        seeds: As they stand in the record.
    """
    every = list(seeds)
    return [
        _row(goal, [seed["goals"][key(goal)] for seed in every])
        for goal in goals
    ]


def key(goal: float) -> str:
    """The name of a goal in the record."""
    return f"{goal:g}"


def _row(goal: float, found: list[dict[str, Any] | None]) -> dict[str, Any]:
    seconds = [float("inf") if one is None else one["seconds"] for one in found]
    tests = [one["test_error"] for one in found if one is not None]
    median = statistics.median(seconds)
    return {
        "error": goal,
        "seconds": None if median == float("inf") else median,
        "test_error": statistics.median(tests) if tests else None,
        "reached": len(tests),
        "seeds": len(found),
    }
