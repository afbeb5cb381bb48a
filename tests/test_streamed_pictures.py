"""Pictures that are read from disk as they are needed: the same, in less."""

import logging
import os
import shutil
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from ram_tf.evaluation import images as evaluation
from ram_tf.training.compiled_steps import CompiledSteps
from ram_tf.training.step import of_step
from ram_tf_data import folder, memory, pictures, streamed_batches
from ram_tf_data.batches import TrainingBatches, evaluation_set, streamed
from ram_tf_data.canvas import Canvas
from ram_tf_data.contents import said_of_equal
from ram_tf_data.pictures import Pictures
from ram_tf_data.streamed_batches import (
    StreamedBatches,
    streamed_set,
    training_batches,
)
from ram_tf_runs.records import record
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from tests import sharing

SIDE = 14
CHANGED = Canvas(SIDE, jitter=2, distort=0.2, lighting=0.3)


def _fill(root, classes, each, side=20, seed=0):
    """Noise: so many pictures of each class, wider than high."""
    rng = np.random.default_rng(seed)
    for name in classes:
        (root / name).mkdir(parents=True)
        for i in range(each):
            noise = rng.integers(0, 256, [side - 5, side, 3], np.uint8)
            Image.fromarray(noise).save(root / name / f"{i:02}.png")
    return root


@pytest.fixture
def train(tmp_path):
    return _fill(tmp_path / "train", ("cat", "dog", "eel"), 7)


def _load(train, test=None, side=SIDE, stream=True, **changes):
    return folder.load(
        str(train),
        test and str(test),
        side=side,
        stream=stream,
        **{"channels": 1, "validation_fraction": 0.3, "standardised": True}
        | changes,
    )


def _made(batches, step, count, rows=None):
    """Batches as compiled steps make them, count of them."""
    if isinstance(batches, StreamedBatches):
        given = batches.given(step, count, rows)
    else:
        given = batches.indices(step, count)
    made = []
    for k in range(count):
        own = of_step(tf.nest.map_structure(tf.constant, given), k)
        made.append(batches.make(own, tf.constant(step + k), rows))
    return made


def _assert_equal(one, other):
    for mine, theirs in zip(one, other, strict=True):
        assert mine.keys() == theirs.keys()
        for name, value in mine.items():
            np.testing.assert_array_equal(value, theirs[name])


def test_it_is_the_source_that_is_kept(train, tmp_path):
    test = _fill(tmp_path / "test", ("cat", "dog", "eel"), 2, seed=1)
    shutil.copy(train / "cat" / "00.png", test / "dog" / "copy.png")
    own, kept = _load(train, test), _load(train, test, stream=False)
    assert own.class_names == kept.class_names
    for name, split in own.splits.items():
        assert isinstance(split.image, Pictures)
        assert split.image.shape == kept.splits[name].image.shape
        for part, expected in zip(split, kept.splits[name], strict=True):
            np.testing.assert_array_equal(np.asarray(part), expected)
    assert record.data(own) == record.data(kept)
    assert "dog/copy.png = " in said_of_equal(own)
    assert said_of_equal(own) == said_of_equal(kept)


@pytest.mark.parametrize("most", [1, 3])
def test_batches_are_those_of_pictures_in_memory(train, monkeypatch, most):
    size = 4
    monkeypatch.setattr(streamed_batches, "_BYTES", most * size * SIDE**2)
    own, kept = (
        training_batches(
            _load(train, stream=stream).train, CHANGED, size, seed=5
        )
        for stream in (True, False)
    )
    assert type(kept) is TrainingBatches
    assert own.most == most
    assert own.size == kept.size == 15
    expected = _made(kept, 0, 12)  # More than three epochs.
    found = [made for k in range(0, 12, most) for made in _made(own, k, most)]
    _assert_equal(found, expected)
    # From anywhere, as a resumed run goes on, and for a share of each batch.
    _assert_equal(_made(own, 5, most), expected[5 : 5 + most])
    shares = [_made(own, 7, 1, rows)[0] for rows in (slice(0, 2), slice(2, 4))]
    whole = {
        name: tf.concat([s[name] for s in shares], 0) for name in shares[0]
    }
    _assert_equal([whole], expected[7:8])


def _trained(model, agent, batches, *calls):
    """Weights after calls from a step on, of so many steps each."""
    steps = CompiledSteps(
        agent,
        batches,
        lambda batch: model.environment(
            batch["image"], batch["label"], rollouts=sharing.ROLLOUTS
        ),
    )
    step = int(agent.optimizer.iterations)
    for count in calls:
        steps.make(step, count)
        step += count
    return model.get_weights()


@pytest.mark.slow
def test_training_is_the_same_to_the_bit(train, monkeypatch):
    """And a resumed one equals one that was not interrupted."""
    monkeypatch.setattr(streamed_batches, "_BYTES", 3 * 4 * SIDE**2)
    weights = []
    for stream in (True, False):
        model = sharing.make_model(stop=False)
        agent = sharing.make_agent(model)
        split = _load(train, stream=stream).train
        calls = ((3, 2), (1, 3)) if stream else ((9,),)
        for own in calls:  # Each by a new process' batches.
            batches = training_batches(split, CHANGED, 4, seed=5)
            found = _trained(model, agent, batches, *own)
        weights.append(found)
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


_LEAVES = """
import sys
from ram_tf_data import folder
from ram_tf_data.canvas import Canvas
from ram_tf_data.streamed_batches import training_batches

source = folder.load(
    sys.argv[1], None, side=200, channels=3, validation_fraction=0.3,
    standardised=True, stream=True,
)
batches = training_batches(source.train, Canvas(200), 4, 0)
batches.given(0, 1)
raise SystemExit(3)
"""


@pytest.mark.slow
def test_a_process_ends_while_pictures_are_read_ahead(tmp_path):
    """Threads that read could not be waited for once Python has ended."""
    root = _fill(tmp_path / "train", ("cat", "dog"), 7, side=200)
    command = [sys.executable, "-c", _LEAVES, str(root)]
    assert subprocess.run(command, timeout=300).returncode == 3


class _Counted(Pictures):
    """Knows how many were decoded at once."""

    most = 0

    def __array__(self, dtype=None, copy=None):
        _Counted.most = max(self.most, len(self))
        return super().__array__(dtype, copy)


def test_evaluation_is_the_same_piece_by_piece(train, monkeypatch):
    monkeypatch.setattr(evaluation, "_BATCH_SIZE", 4)
    split, kept = (_load(train, stream=s).validation for s in (True, False))
    images = split.image
    counted = _Counted(images.paths, images.digests, images._gate)
    model = sharing.make_model(stop=False)
    own = streamed_set(split._replace(image=counted), Canvas(SIDE))
    evaluator = evaluation.Evaluator(model, own)
    found = evaluator.rollouts("random")
    expected = evaluator.on(evaluation_set(kept, Canvas(SIDE))).rollouts(
        "random"
    )
    np.testing.assert_array_equal(found.probabilities, expected.probabilities)
    np.testing.assert_array_equal(found.locations, expected.locations)
    assert len(split.label) == 6
    assert _Counted.most == 4
    few = streamed_set(split, Canvas(SIDE), cases=5)
    np.testing.assert_array_equal(few["image"], kept.image[:5])
    np.testing.assert_array_equal(few["label"], kept.label[:5])


@pytest.mark.parametrize("clutter", [0, 2])
def test_larger_canvases_are_the_same(train, clutter):
    canvas = Canvas(SIDE + 9, clutter=clutter, clutter_size=3)
    found, expected = (
        list(streamed(_load(train, stream=s).validation, canvas, 8, 4))
        for s in (True, False)
    )
    for mine, theirs in zip(found, expected, strict=True):
        for part, value in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(part, value)


def _peak(function):
    """Bytes that Python and NumPy had at most."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_pictures(tmp_path):
    side, size = 256, 2
    root = _fill(tmp_path / "many", ("cat", "dog"), 30, side=side)
    all_of_them = 60 * side**2 * 3

    def use(stream):
        # Standardising takes floats of some pictures at once.
        how = {"channels": 3, "standardised": False}
        source = _load(root, side=side, stream=stream, **how)
        batches = training_batches(source.train, Canvas(side), size, 0)
        for step in range(2 if stream else 0):
            batches.given(step, 1)
        record.data(source)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(record, "_AT_ONCE", 4)
        patched.setattr(streamed_batches, "_BYTES", size * side**2 * 3)
        assert _peak(lambda: use(True)) < all_of_them / 2
        assert _peak(lambda: use(False)) > all_of_them


def test_damaged_files_are_named_counted_and_left_out(train, caplog):
    whole = (train / "cat" / "00.png").read_bytes()
    (train / "cat" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (train / "dog" / "notes.txt").write_text("not a picture")
    Image.new("L", (4, 4), 7).save(train / "eel" / "blank.png")
    told = []
    for stream in (True, False):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            source = _load(train, stream=stream)
        assert len(source.train.label) + len(source.validation.label) == 22
        told.append([record.getMessage() for record in caplog.records])
    assert told[0] == told[1]
    assert f"2 of 24 files in {train} are left out" in told[0]
    for name in ("cut.png", "notes.txt", "blank: "):
        assert any(name in line for line in told[0])


def _remove(path):
    os.unlink(path)


def _damage(path):
    path.write_bytes(path.read_bytes()[:60])


def _change(path):
    Image.new("RGB", (5, 5), 99).save(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_remove, "There is no image file"),
        (_damage, "is not an image that can be read"),
        (_change, "must stay as they were at its start. Received: "),
    ],
)
def test_what_happens_to_a_file_later_is_told(train, change, words):
    source = _load(train)
    batches = training_batches(source.train, CHANGED, 5, seed=0)
    victim = source.train.image.paths[batches.indices(2, 1)[0, 3]]
    path = train / victim.rpartition("train/")[2]
    change(path)
    batches.given(0, 2)  # It is told of in its turn.
    with pytest.raises(ValueError, match=words) as told:
        batches.given(2, 1)
    assert str(path) in str(told.value)
    assert "\n" not in str(told.value)
    assert told.value.for_the_user
    with pytest.raises(ValueError, match=words):
        np.asarray(source.train.image)
    # A look at what is left finds it damaged, or another picture.
    held = len(_load(train).train.label) + len(_load(train).validation.label)
    assert held == (21 if change is _change else 20)


def test_what_does_not_fit_is_streamed(train, monkeypatch):
    asked = _load(train, stream=None).train.image
    assert isinstance(asked, np.ndarray)
    needed = 2 * 21 * SIDE**2
    for room, kept in ((2 * needed, True), (2 * needed - 2, False)):
        monkeypatch.setattr(memory, "machine", lambda room=room: room)
        assert pictures.fit(21, (SIDE, SIDE, 1)) == kept
        image = _load(train, stream=None).train.image
        assert isinstance(image, np.ndarray) == kept
    monkeypatch.setattr(memory, "machine", lambda: 2**50)
    assert pictures.fit(2**13 - 1, (512, 512, 3))
    assert not pictures.fit(2**13, (512, 512, 3))


def test_all_at_once_must_fit(train, monkeypatch):
    image = _load(train).train.image
    monkeypatch.setattr(memory, "machine", lambda: len(image) * SIDE**2 - 1)
    with pytest.raises(ValueError, match=r"decoded at once.*15x14x14x1$"):
        np.asarray(image)


def test_what_is_composed_of_many_is_refused(train):
    split = _load(train).train
    with pytest.raises(ValueError, match=r"`clutter` is cut from.*: 1$"):
        StreamedBatches(split, Canvas(SIDE, clutter=1), 4, 0)
    with pytest.raises(ValueError, match="at least as large as the images"):
        StreamedBatches(split, Canvas(SIDE - 1), 4, 0)
    with pytest.raises(ValueError, match="`batch_size` must lie between"):
        StreamedBatches(split, Canvas(SIDE), 16, 0)
    for canvas in (Canvas(SIDE + 1), Canvas(SIDE, clutter=1, clutter_size=3)):
        with pytest.raises(ValueError, match="are measured as they are"):
            streamed_set(split, canvas)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"source": "mnist"}, "--stream needs --source=folder.*source=mnist$"),
        ({"clutter": 4}, "goes with none of.*Received: --clutter=4$"),
        ({"mixed": ("32x1", "40x0")}, "Received: --mixed=32x1,40x0$"),
        ({"frames": 3}, "Received: --frames=3$"),
    ],
)
def test_flags_that_do_not_go_together(flags, words):
    values = {"source": "folder", "stream": True} | flags
    with pytest.raises(ValueError, match=words):
        ClassifySettings.build(values)
    # Without the flag they are kept, whatever they take.
    kept = ClassifySettings.build(values | {"stream": False})
    assert kept.streams is (None if "source" in flags else False)


def test_who_decides():
    assert ClassifySettings.build({"source": "folder"}).streams is None
    asked = ClassifySettings.build({"source": "folder", "stream": True})
    assert asked.streams is True
