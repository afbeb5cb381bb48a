"""Learned stops in RESULTS.md."""

import json

import numpy as np
import pytest
from run_records import CLUTTERED

from ram_tf.evaluation.images import Rollouts
from ram_tf_reports import stop_curves, stopping


def _model(cost, used):
    """Four cases: of class 0 with rising certainty, right after two looks."""
    sure = np.array([0.4, 0.7, 0.9])
    probabilities = np.stack([sure, 1 - sure], axis=-1)
    probabilities = np.repeat(probabilities[None], 4, axis=0)
    rollouts = Rollouts(probabilities, glimpses_used=np.array(used))
    measured = stop_curves.measure(rollouts, np.zeros(4, int))
    own = {"stop": True, "glimpses": 3, "glimpse_cost": cost}
    return measured | {"config": CLUTTERED | own}


@pytest.fixture
def stops(tmp_path):
    models = {"dear": _model(0.01, [1, 1, 2, 2]), "cheap": _model(0, [2] * 4)}
    record = {
        "models": models,
        "test_cases": 4,
        "published": stop_curves.PUBLISHED,
    }
    path = tmp_path / "stopping" / "cluttered.json"
    path.parent.mkdir()
    path.write_text(json.dumps(record))
    return path.parent


def test_a_row_for_each_cost(stops):
    text = "\n".join(stopping.section(stops))
    rows = [line for line in text.splitlines() if line.startswith("| 0")]
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]
    # All of class 0 are as certain: a threshold stops after one look or two.
    assert [row[:3] for row in cells] == [
        ["0", "2.00", "**0.00**"],
        ["0.01", "1.50", "**50.00**"],
    ]
    assert [row[4] for row in cells] == ["0.00", "50.00"]
    words = " ".join(text.split())
    assert "fewer errors than the threshold at 0 of 2 costs" in words
    assert "1.12% at 5.2 glimpses" in words
    assert "--stop --glimpse_cost=0.01" in words


def test_pictures(stops, tmp_path):
    (tmp_path / "docs" / "results").mkdir(parents=True)
    stopping.write(tmp_path, stops)
    assert (tmp_path / "docs/results/stopping_cluttered.png").exists()


@pytest.mark.parametrize(("canvas", "stars"), [(28, 1), (60, 0)])
def test_what_others_published_stands_beside_their_own_task(canvas, stars):
    model = _model(0.01, [1, 1, 2, 2])
    model["config"]["canvas"] = canvas
    result = {"models": {"one": model}, "published": stop_curves.PUBLISHED}
    (axes,) = stop_curves.draw(result).axes
    found = [line for line in axes.lines if line.get_marker() == "*"]
    assert len(found) == stars


def test_no_records_no_section(tmp_path):
    assert not list(stopping.section(tmp_path))


def test_a_bad_record_is_named(stops):
    (stops / "bad.json").write_text('{"models": {}}')
    with pytest.raises(ValueError, match=r"bad\.json must hold `test_cases`"):
        list(stopping.section(stops))
