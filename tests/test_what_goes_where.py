"""Which split is trained on, chosen on and tested on, and on which canvases.

The splits here differ in size and content: image values say whose they are.
"""

import types

import numpy as np
import pytest
import tensorflow as tf

from ram_tf.episodes.environments.catch_rules import CatchRules
from ram_tf.evaluation.games import GameEvaluator
from ram_tf_commands import sizes
from ram_tf_data import prepared, sources
from ram_tf_data.batches import evaluation_set, streamed
from ram_tf_data.canvas import Canvas
from ram_tf_data.number_batches import number_set
from ram_tf_data.numbers import Numbers
from ram_tf_data.splits import Source, Split
from ram_tf_runs.records import record
from ram_tf_runs.records.recipe import parse
from ram_tf_runs.settings.run import of_kind
from ram_tf_runs.tasks.registry import task_of

SIZES = {"train": 40, "validation": 12, "test": 7}
VALUES = {"train": 60, "validation": 120, "test": 180}
KINDS = {
    "classify": ["--canvas=40", "--clutter=2", "--batch_size=8"],
    "numbers": ["--canvas=40", "--max_digits=1", "--batch_size=8"],
    "house numbers": ["--canvas=28", "--svhn_dir=x", "--batch_size=8"],
}


def _split(name, value=None, size=None):
    """Images that are the split's value all over; labels count up."""
    count = size or SIZES[name]
    image = np.full([count, 28, 28, 1], value or VALUES[name], np.uint8)
    return Split(image, np.arange(count, dtype=np.int32) % 10)


def _task(kind, *without, **others):
    name = kind.split()[-1]
    arguments = [*KINDS[kind], "--glimpses=6"]
    task = task_of(parse(of_kind(name), arguments), None)
    parts = {n: _split(n) for n in SIZES if n not in without} | others
    task.source = Source(
        parts["train"], parts["validation"], parts.get("test"), 10, repeats=2
    )
    return task


def _assert_of(data, name):
    """That images are all of a split; clutter of clamped sums is brighter."""
    value, images = VALUES[name], np.asarray(data["image"])
    assert len(images) == 2 * SIZES[name]
    assert set(np.unique(images)) <= {0, value, min(2 * value, 255), 255}
    assert value in images


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def test_training_is_on_the_training_split(kind):
    batches = _task(kind).batches
    assert batches.size == SIZES["train"]
    made = batches.make(tf.constant(batches.indices(0, 1)[0]), tf.constant(0))
    values = set(np.unique(made["image"]))
    assert values <= {0, 60, 120, 180}
    assert 60 in values


def test_models_are_chosen_on_validation_and_tested_on_test(kind):
    task = _task(kind)
    _assert_of(task.validation_data, "validation")
    _assert_of(task.final_data, "test")
    assert task.tested_on == "test"
    task.make_evaluator = lambda model, data, *cost: data
    _assert_of(task.validation(None), "validation")
    _assert_of(task.test(None), "test")
    for name in ("validation", "test"):
        _assert_of(task.evaluated(name), name)


def test_without_a_test_the_result_is_of_validation(kind):
    task = _task(kind, "test")
    assert task.tested_on == "validation"
    _assert_of(task.final_data, "validation")


def _same(one, other):
    return np.array_equal(one["image"], other["image"])


@pytest.mark.parametrize("kind", ["classify", "numbers"])
def test_validation_has_its_own_canvases(kind):
    """Even where its digits are those of the test."""
    twin = _split("validation", VALUES["test"], SIZES["test"])
    task = _task(kind, validation=twin)
    found = {name: task.evaluated(name) for name in ("validation", "test")}
    assert not _same(found["validation"], found["test"])
    images = task.source.test
    for name, draw in (("validation", 1), ("test", 0)):
        expected = (
            evaluation_set(images, Canvas(40, 2), 2, draw)
            if kind == "classify"
            else number_set(images, Numbers(40, 1), 2, draw)
        )
        assert _same(found[name], expected)


@pytest.mark.parametrize("canvas", [Canvas(40), Canvas(28, 3)])
def test_every_draw_makes_other_canvases(canvas):
    """In where digits are, and in where the clutter is."""
    split = _split("test")
    whole = [evaluation_set(split, canvas, draw=draw) for draw in range(3)]
    pieces = [
        [piece.image for piece in streamed(split, canvas, 14, 7, draw)]
        for draw in range(3)
    ]
    for one, other in ((0, 1), (1, 2), (0, 2)):
        assert not _same(whole[one], whole[other])
        for a, b in zip(pieces[one], pieces[other], strict=True):
            assert np.any(a != b)
    # Neither is a piece the one before.
    assert np.any(pieces[0][0] != pieces[0][1])


def test_games_and_episodes_are_other_ones_for_the_test():
    catch = task_of(parse(of_kind("catch"), []), None)
    catch.evaluator = lambda model, games, draw: (games, draw)
    training = catch.settings.training
    assert catch.validation(None) == (training.validation_games, 1)
    assert catch.test(None) == (training.test_games, 0)
    play = task_of(parse(of_kind("play"), ["--env=Some-v0"]), None)
    play._evaluator = lambda model, count, draw: (count, draw)
    training = play.settings.training
    assert play.validation(None) == (training.validation_episodes, 1)
    assert play.test(None) == (training.test_episodes, 0)


def test_every_draw_plays_other_games(make_player):
    one, other = (
        GameEvaluator(make_player(), CatchRules(), 50, draw).games
        for draw in (0, 1)
    )
    for mine, its in zip(one, other, strict=True):
        assert np.any(mine.numpy() != its.numpy())


@pytest.mark.parametrize(("name", "draw"), [("validation", 1), ("test", 0)])
def test_sizes_are_measured_on_the_split_that_was_asked_for(name, draw):
    task, seen = _task("classify"), []
    finder = types.SimpleNamespace(
        measure=lambda pieces, count, policy: seen.extend(pieces) or {}
    )
    task.settings = task.settings.replace(network="conv_any")
    trained = types.SimpleNamespace(task=task)
    sizes._measured(trained, finder, name, canvas=40, clutter=1, cases=5)
    images = np.concatenate([piece.image for piece in seen])
    together = len(seen[0].image)
    expected = streamed(
        task.source.splits[name], Canvas(40, 1), 5, together, draw
    )
    np.testing.assert_array_equal(images[:together], next(expected).image)


def _numbered(count, first=0):
    """As TFDS has them: each image has its number in its first pixels."""
    number = np.arange(first, first + count)
    image = np.zeros([count, 1, 2, 1], np.uint8)
    image[:, 0, 0, 0], image[:, 0, 1, 0] = number % 251, number // 251
    return {"image": image, "label": number % 10}


def _numbers(split):
    pixels = split.image[:, 0, :, 0].astype(int)
    found = pixels[:, 0] + 251 * pixels[:, 1]
    np.testing.assert_array_equal(split.label, found % 10)
    return found


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_validation_is_what_mnist_is_not_trained_on(monkeypatch, name):
    parts = {"train": _numbered(60_000), "test": _numbered(300, 60_100)}

    def read(asked, data_dir, *splits):
        assert (asked, data_dir) == (name, "there")
        return [parts[split] for split in splits]

    monkeypatch.setattr(prepared, "read", read)
    source = sources.load(name, "there")
    expected = {
        "train": np.arange(50_000),
        "validation": np.arange(50_000, 60_000),
        "test": np.arange(60_100, 60_400),
    }
    for split, numbers in expected.items():
        np.testing.assert_array_equal(_numbers(source.splits[split]), numbers)


def test_the_splits_of_sources_are_the_same_as_ever(digits, mnist):
    """A released model's record has these digests."""
    assert record.data(digits)["sha256"].startswith("c6d104ad3dc28237b018b9e1")
    assert record.data(mnist)["sha256"].startswith("10be6e91339aed01e0b1d71e")
