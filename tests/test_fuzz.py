"""Inputs that nobody thought of: a right answer, or a sentence that refuses.

A few of each kind, the same every time; `python -m benchmarks.fuzz` tries many.
"""

import pytest
from hypothesis import HealthCheck, given, settings

from benchmarks.fuzzing.kinds import KINDS

# These need an export first.
_SLOW = ("device", "saved_model")
_FEW = {
    "model": 12,
    "policies": 20,
    "sensor": 100,
    "states": 300,
    "pictures": 60,
}
_NAMES = [
    pytest.param(name, marks=pytest.mark.slow if name in _SLOW else ())
    for name in KINDS
]


@pytest.mark.parametrize("name", _NAMES)
def test_inputs_of_a_kind(name):
    kind = KINDS[name]
    found = set()

    @settings(
        max_examples=_FEW.get(name, 40),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(kind.inputs)
    def ask(value):
        found.add(kind.ask(value))

    ask()
    # Not all are answered, nor all refused: the inputs are of both kinds.
    assert found == {"answered", "refused"}
