"""Released models: each one is loaded and measured."""

import fnmatch
import pathlib
import re
import tomllib

import keras
import pytest
from scipy import stats

import ram_tf
from ram_tf import pretrained
from ram_tf.evaluation.images import Evaluator
from ram_tf_data.batches import evaluation_set
from ram_tf_data.shrink import shrink
from ram_tf_runs.cards.catch_card import catch_card
from ram_tf_runs.settings.run import from_record
from ram_tf_runs.tasks.registry import task_of

ROOT = pathlib.Path(__file__).parents[1]
EXPECTED = (
    "cluttered",
    "cluttered_100",
    "cluttered_100_cells",
    "cluttered_8_glimpses",
    "cluttered_cells",
    "mnist",
    "mnist_7_glimpses",
    "translated",
    "translated_cells",
)
PLAYERS = ("catch",)
SIGNS = ("signs",)
FINDERS = ("find",)
CASES = 1000
# Of MNIST's models on scikit-learn's digits, which nobody trained them on:
# mnist has 14.5, cluttered 23.1 and cluttered_100 31.6; chance is 90.
STRANGE_DIGITS_BOUND = 40.0

every_model = pytest.mark.parametrize(
    "name", sorted({*EXPECTED, *SIGNS, *FINDERS, *pretrained.classifiers()})
)
# The first is measured in every run of the tests; the others take long.
MEASURED_FIRST = "mnist"
digit_models = pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name, marks=() if name == MEASURED_FIRST else pytest.mark.slow
        )
        for name in sorted(
            {*EXPECTED, *pretrained.classifiers()} - {*SIGNS, *FINDERS}
        )
    ],
)


def _error(name, split, repeats):
    """Error in % on the first cases that the name's test set would have."""
    task = task_of(from_record(pretrained.record(name)["config"]))
    first = evaluation_set(split, task.canvas, repeats, cases=CASES)
    evaluator = Evaluator(ram_tf.load_pretrained(name), first)
    assert evaluator.count == CASES
    return evaluator.error(evaluator.rollouts().probabilities)[-1]


@digit_models
def test_error_is_the_recorded_one(name, mnist):
    record = pretrained.record(name)
    assert record["config"]["source"] == "mnist"
    expected = record["test_error"] / 100
    low, high = stats.binom.interval(0.999, CASES, expected)
    assert low <= CASES * _error(name, mnist.test, 1) / 100 <= high


@digit_models
def test_digits_of_another_source_are_mostly_read(name, digits):
    error = _error(name, shrink(digits.test), digits.repeats)
    assert error < STRANGE_DIGITS_BOUND


@pytest.mark.slow
@pytest.mark.parametrize("name", SIGNS)
def test_signs_are_read(name, gtsrb_dir):
    record = pretrained.record(name)
    task = task_of(from_record(record["config"]), gtsrb_dir)
    evaluator = Evaluator(ram_tf.load_pretrained(name), task.evaluated("test"))
    error = evaluator.error(evaluator.rollouts().probabilities)[-1]
    # A window may start a pixel off by the last bit of another processor.
    assert error == pytest.approx(record["test_error"], abs=0.05)


@every_model
def test_files_of_a_release(name):
    record = pretrained.record(name)
    model = ram_tf.load_pretrained(name)
    assert isinstance(model, ram_tf.RecurrentAttentionModel)
    assert model.glimpses == record["config"]["glimpses"]
    size = (pretrained.DIRECTORY / f"{name}.keras").stat().st_size
    # Four bytes a weight, and no optimizer, which would treble it.
    assert 4 * model.count_params() < size < 5 * model.count_params()
    card = (pretrained.DIRECTORY / f"{name}.md").read_text(encoding="utf-8")
    # `python -m trainers.release --cards_only` writes all cards again.
    task = task_of(from_record(record["config"]))
    assert card == task.card(name, record)


def test_the_wheel_holds_every_released_file():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    tool = tomllib.loads(text)["tool"]["setuptools"]
    package = pretrained.__name__
    patterns = tool["package-data"][package]
    names = [path.name for path in pretrained.DIRECTORY.iterdir()]
    names += ["any.keras", "any.json", "any.md"]
    for name in names:
        if not name.startswith("__"):
            assert any(fnmatch.fnmatch(name, p) for p in patterns), name


def test_names_are_those_of_the_files():
    files = sorted(path.stem for path in pretrained.DIRECTORY.glob("*.keras"))
    assert list(pretrained.NAMES) == files
    assert sorted({*pretrained.NAMES} - {*pretrained.classifiers()}) == [
        *PLAYERS
    ]


@pytest.mark.parametrize("read", [ram_tf.load_pretrained, pretrained.record])
@pytest.mark.parametrize("name", ["nowhere", "", "../pretrained/mnist"])
def test_an_unknown_name_lists_the_known_ones(read, name):
    known = re.escape(str(list(pretrained.NAMES)))
    with pytest.raises(ValueError, match=f"{known}.*{name}"):
        read(name)


def test_a_file_that_brings_code_is_refused(tmp_path, monkeypatch):
    layers = [keras.Input([2]), keras.layers.Lambda(lambda x: x + 1)]
    keras.Sequential(layers).save(tmp_path / "odd.keras")
    (tmp_path / "odd.json").write_text('{"config": {}}')
    monkeypatch.setattr(pretrained, "DIRECTORY", tmp_path)
    monkeypatch.setattr(pretrained, "NAMES", ("odd",))
    with pytest.raises(ValueError, match="safe_mode"):
        ram_tf.load_pretrained("odd")


@pytest.mark.slow
@pytest.mark.parametrize("name", PLAYERS)
def test_a_player_catches_what_it_did(name):
    record = pretrained.record(name)
    task = task_of(from_record(record["config"])).changed(test_games=CASES)
    evaluator = task.test(ram_tf.load_pretrained(name))
    low, high = stats.binom.interval(0.999, CASES, record["catch_rate"])
    assert low <= CASES * evaluator.catch_rate() <= high


@pytest.mark.parametrize("name", PLAYERS)
def test_files_of_a_player(name):
    record = pretrained.record(name)
    model = ram_tf.load_pretrained(name)
    assert model.count_params() == record["parameters"]
    card = (pretrained.DIRECTORY / f"{name}.md").read_text(encoding="utf-8")
    assert card == catch_card(name, record)
