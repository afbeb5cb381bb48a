"""The released models answer as they did at commit 2e2c5ee.

`fixtures/make_old_runs.py` wrote the answers for 100 seeded images each.
`benchmarks.same_bits` shows on one machine that they are equal to the bit.
"""

import pathlib

import numpy as np
import pytest

from ram_tf import pretrained
from tests.fixtures import probe

FIXTURES = pathlib.Path(__file__).resolve().parent / "fixtures"
# Pixels from a boundary at which rounding may decide which window is read: some
# ten times what 1e-7 makes of a location on the largest canvas.
NEXT = 1e-4


@pytest.fixture(scope="module")
def before():
    """The arrays of 2e2c5ee, by model and output."""
    with np.load(FIXTURES / "same_as_before.npz") as file:
        return dict(file)


def _far_from_boundaries(name, locations):
    """The cases in which no window starts next to the boundary of a pixel.

    Elsewhere another processor may read a window that is a pixel off, and all
    that follows differs.
    """
    config = pretrained.record(name)["config"]
    side = config["screen"] if "screen" in config else config["canvas"]
    unit = config.get("location_unit") or side / 2
    centres = np.float64(locations) * unit + side / 2
    windows = config["glimpse_size"] * 2 ** np.arange(config["scales"])
    starts = centres[..., None] - windows / 2
    margins = np.abs(starts - np.rint(starts))
    return margins.min(axis=(1, 2, 3)) > NEXT


@pytest.mark.parametrize("name", pretrained.NAMES)
def test_a_released_model_answers_as_it_did(name, before):
    if f"{name}/locations" not in before:
        pytest.skip("It was released later.")
    digest = str(before[f"{name}/images"])
    assert probe.digest(probe.images(name)) == digest, "other images"
    locations = before[f"{name}/locations"]
    found = probe.answers(name)
    cases = _far_from_boundaries(name, locations)
    assert cases.mean() >= 0.95
    np.testing.assert_allclose(
        found["locations"][cases], locations[cases], atol=1e-5
    )
    if (logits := before.get(f"{name}/logits")) is None:
        return  # It plays.
    # Rounding grows with the logits, which reach some tens.
    scale = np.maximum(1, np.abs(logits).max(axis=1, keepdims=True))
    np.testing.assert_allclose(
        (found["logits"][:, -1] / scale)[cases],
        (logits / scale)[cases],
        atol=1e-5,
    )


def test_every_model_of_that_commit_is_there(before):
    assert {name.partition("/")[0] for name in before} <= {*pretrained.NAMES}
