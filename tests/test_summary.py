"""`summary` lists the parts of a model, built or not."""

import re

import pytest

from ram_tf import RecurrentAttentionModel


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")


def _rows(model, **options):
    """(type, shape, weights) of each layer that is listed."""
    lines = []
    model.summary(120, print_fn=lines.append, **options)
    found = re.findall(
        r"│ \S+ \((\w+)\) *│ (.*?) *│ *(\S+(?: \(unbuilt\))?) │", lines[0]
    )
    total = re.search(r"Total params: ([\d,]+)", lines[0])[1]
    return found, int(total.replace(",", ""))


def _number(text):
    return int(text.replace(",", ""))


def test_a_built_model_shows_its_parts(make_model):
    model = make_model(stop=True)
    rows, total = _rows(model)
    assert [row[:2] for row in rows] == [
        ("GlimpseSensor", "(None, 4, 4, 2)"),
        ("GlimpseNet", "(None, 7)"),
        ("SimpleRNNCell", "?"),
        ("LocationPolicy", "(None, 2)"),
        ("Classifier", "(None, 3)"),
        ("StopPolicy", "(None)"),
        ("Baseline", "(None)"),
    ]
    assert sum(_number(row[2]) for row in rows) == total == model.count_params()


def test_a_model_that_is_not_built_does_too():
    rows, total = _rows(RecurrentAttentionModel(num_actions=3))
    assert [row[0] for row in rows] == [
        "GlimpseSensor",
        "GlimpseNet",
        "SimpleRNNCell",
        "LocationPolicy",
        "Classifier",
        "ActionPolicy",
        "Baseline",
    ]
    assert {row[1:] for row in rows} == {("?", "0 (unbuilt)")}
    assert total == 0


@pytest.mark.parametrize("options", [{}, {"expand_nested": True}])
def test_a_model_that_chooses_cells(options):
    model = RecurrentAttentionModel(
        scales=None,
        encoder_scales=2,
        glimpse_size=12,
        sensor="pyramid",
        location_policy="cells",
        glimpse_encoder="conv",
        first_fixation="centre",
        core="lstm",
    )
    model.build((None, None, None, 1))
    rows, total = _rows(model, **options)
    assert ("CellPolicy", "(None, 1728)") in [row[:2] for row in rows]
    assert sum(_number(row[2]) for row in rows) == total


def test_parts_are_found_and_frozen(make_model):
    model = make_model()
    model.get_layer("core").trainable = False
    count = len(model.weights) - len(model.cell.core.weights)
    assert len(model.trainable_variables) == count
