"""What a test error says about another figure."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from scipy.stats import binomtest

BETTER, UNCLEAR, WORSE = VERDICTS = "better", "not distinguishable", "worse"


class Interval(NamedTuple):
    """A confidence interval of an error, in %."""

    low: float
    high: float


def wilson(error: float, cases: int) -> Interval:
    """Wilson's 95% interval, in %, of an error in % of so many cases."""
    wrong = round(error / 100 * cases)
    interval = binomtest(wrong, cases).proportion_ci(method="wilson")
    return Interval(100 * float(interval.low), 100 * float(interval.high))


def verdict(interval: Interval, other: float) -> str:
    """Whether the interval excludes another figure, and on which side."""
    if interval.high < other:
        return BETTER
    return WORSE if interval.low > other else UNCLEAR


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation of at least two values."""
    return statistics.mean(values), statistics.stdev(values)
