"""benchmarks.workers: what a step costs with several workers, fitted."""

import pytest

from benchmarks import workers

# In ms: of every step, of an image, of the sum between two, of an image drawn.
COSTS = {"fixed": 6.0, "image": 1.0, "sum": 4.0, "drawing": 0.1}


@pytest.mark.parametrize(
    ("count", "batch", "expected"),
    [
        (1, 32, 6 + 32),
        (2, 32, 6 + 16 + 4 + 3.2),
        # Each of 16 sends 15/16 of the vector twice, each of 2 a half twice.
        (16, 512, 6 + 32 + 4 * 1.875 + 51.2),
    ],
)
def test_a_step_is_the_sum_of_its_costs(count, batch, expected):
    assert workers.step(COSTS, count, batch) == pytest.approx(expected)


def test_costs_are_found_again():
    rows = [
        {
            "workers": count,
            "batch": batch,
            "step ms": workers.step(COSTS, count, batch),
        }
        for count in (1, 2)
        for batch in (16, 32, 128)
    ]
    assert workers.fitted(rows) == pytest.approx(COSTS)


def test_no_cost_is_negative():
    """Two workers that are faster than a half each: noise, no gain of a sum."""
    rows = [
        {"workers": 1, "batch": 16, "step ms": 22.0},
        {"workers": 1, "batch": 32, "step ms": 38.0},
        {"workers": 2, "batch": 32, "step ms": 20.0},
    ]
    costs = workers.fitted(rows)
    assert costs["sum"] == costs["drawing"] == 0.0
    assert costs["fixed"] > 0
