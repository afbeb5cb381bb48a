"""What a test error says about another figure."""

from typing import NamedTuple

from scipy.stats import binomtest

VERDICTS = BETTER, UNCLEAR, WORSE = "better", "not distinguishable", "worse"


class Interval(NamedTuple):
    """A confidence interval of an error, in %."""

    low: float
    high: float


def wilson(error: float, cases: int) -> Interval:
    """Wilson's 95% interval of an error in % of so many cases."""
    wrong = binomtest(round(error / 100 * cases), cases)
    low, high = wrong.proportion_ci(method="wilson")
    return Interval(100 * float(low), 100 * float(high))


def verdict(interval: Interval, other: float) -> str:
    """Whether the interval excludes another figure, and on which side."""
    if interval.high < other:
        return BETTER
    return WORSE if interval.low > other else UNCLEAR
