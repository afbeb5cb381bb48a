"""Sources, training batches and evaluation sets."""

import dataclasses
import hashlib
import socket
import time
import types

import numpy as np
import pytest
import tensorflow as tf

from ram_tf_data import batches as batches_module
from ram_tf_data import pieces, prepared, sources
from ram_tf_data.batches import TrainingBatches, evaluation_set
from ram_tf_data.canvas import Canvas
from ram_tf_data.drift import Drift
from ram_tf_data.errors import SourceError
from ram_tf_data.sources import Split
from ram_tf_runs.errors import UserError
from ram_tf_runs.records.recipe import parse
from ram_tf_runs.settings.kinds.classify import SOURCES, ClassifySettings
from ram_tf_runs.tasks.kinds.classify import ClassifyTask

CANVAS = Canvas(9, clutter=1, clutter_size=2)
SIZE, BATCH = 10, 4


@pytest.fixture
def split():
    """Ten images; image i is i + 1 bright and has label i."""
    label = np.arange(SIZE, dtype=np.int32)
    bright = (label + 1).astype(np.uint8)[:, None, None, None]
    return Split(np.tile(bright, (1, 4, 4, 1)), label)


def _batches(split, seed=5, batch_size=BATCH):
    return TrainingBatches(split, CANVAS, batch_size, seed)


def _batch(batches, step):
    made = batches.make(batches.indices(step, 1)[0], tf.constant(step))
    return {name: value.numpy() for name, value in made.items()}


def _same(first, second):
    return all(np.array_equal(first[name], second[name]) for name in first)


def test_a_batch(split):
    batch = _batch(_batches(split), 0)
    assert batch["image"].shape == (BATCH, 9, 9, 1)
    assert batch["image"].dtype == np.uint8
    assert batch["label"].shape == (BATCH,)
    assert batch["label"].dtype == np.int32


def test_an_image_has_its_label(split):
    batches = TrainingBatches(split, Canvas(6, clutter_size=1), BATCH, 5)
    batch = _batch(batches, 3)
    np.testing.assert_array_equal(
        batch["image"].max((1, 2, 3)), batch["label"] + 1
    )


def test_a_batch_is_a_function_of_seed_and_step(split):
    forward, backward = _batches(split), _batches(split)
    steps = [0, 1, 2, 7, 1000]
    first = {step: _batch(forward, step) for step in steps}
    second = {step: _batch(backward, step) for step in reversed(steps)}
    assert all(_same(first[step], second[step]) for step in steps)
    assert not _same(first[0], first[1])
    assert not _same(first[0], _batch(_batches(split, seed=6), 0))


def test_every_image_is_used_once_an_epoch(split):
    # Batch 2 straddles the end of epoch 0: 4 + 4 + 2 | 2 + 4 + 4.
    taken = _batches(split).indices(0, 5).reshape(2, SIZE)
    np.testing.assert_array_equal(np.sort(taken), [np.arange(SIZE)] * 2)
    assert np.any(taken[0] != taken[1])
    assert np.any(taken[0] != np.arange(SIZE))


@pytest.mark.parametrize("batch_size", [1, 3, 7, SIZE])
def test_many_steps_at_once_are_the_single_steps(split, batch_size):
    batches = _batches(split, batch_size=batch_size)
    for start, count in [(0, 1), (0, 30), (3, 8), (29, 2)]:
        single = [batches.indices(start + i, 1)[0] for i in range(count)]
        np.testing.assert_array_equal(batches.indices(start, count), single)


def test_another_seed_has_another_order(split):
    first, second = (_batches(split, seed).indices(0, 2) for seed in (5, 6))
    assert np.any(first != second)


def test_a_growing_square_starts_in_the_middle(split):
    canvas = Canvas(9, clutter_size=1, grow=1000)
    batches = TrainingBatches(split, canvas, BATCH, 5)
    # 4 x 4 on 9 x 9: at the start in rows and columns 2 and 3.
    lit = _batch(batches, 0)["image"] > 0
    assert not lit[:, :2].any()
    assert not lit[:, 7:].any()
    later = [_batch(batches, 1000 + step)["image"] for step in range(9)]
    assert (np.concatenate(later)[:, 0] > 0).any()


def test_xla_makes_the_same_batch(split):
    batches = _batches(split)
    indices, step = tf.constant(batches.indices(2, 1)[0]), tf.constant(2)
    made = tf.function(batches.make, jit_compile=True)(indices, step)
    assert _same(_batch(batches, 2), {k: v.numpy() for k, v in made.items()})


def test_xla_makes_the_same_videos(split):
    canvas = Canvas(9, clutter=1, clutter_size=2, drift=Drift(3, 1.5))
    batches = TrainingBatches(split, canvas, BATCH, 5)
    indices, step = tf.constant(batches.indices(2, 1)[0]), tf.constant(2)
    made = tf.function(batches.make, jit_compile=True)(indices, step)
    assert made["image"].shape == (BATCH, 3, 9, 9, 1)
    assert _same(_batch(batches, 2), {k: v.numpy() for k, v in made.items()})


def test_size(split):
    assert _batches(split).size == SIZE


@pytest.mark.parametrize("batch_size", [0, SIZE + 1])
def test_bad_batch_sizes(split, batch_size):
    message = f"between 1 and the number of training images, 10.*{batch_size}"
    with pytest.raises(ValueError, match=message):
        _batches(split, batch_size=batch_size)


def test_images_that_do_not_fit(split):
    message = "`canvas` must be at least.*4x4.*canvas=3"
    with pytest.raises(ValueError, match=message):
        TrainingBatches(split, Canvas(3), BATCH, 0)
    with pytest.raises(ValueError, match=message):
        evaluation_set(split, Canvas(3))


def test_evaluation_places_each_image_several_times(split):
    made = evaluation_set(split, Canvas(6, clutter_size=1), repeats=3)
    assert made["image"].shape == (3 * SIZE, 6, 6, 1)
    np.testing.assert_array_equal(made["label"], np.tile(split.label, 3))
    np.testing.assert_array_equal(
        made["image"].max((1, 2, 3)), made["label"] + 1
    )
    places = made["image"].reshape(3, SIZE, -1) > 0
    assert np.any(places[0] != places[1])


def test_the_first_cases_of_an_evaluation_set(split):
    whole = evaluation_set(split, CANVAS, repeats=2, draw=1)
    first = evaluation_set(split, CANVAS, repeats=2, draw=1, cases=SIZE + 3)
    for name, value in first.items():
        np.testing.assert_array_equal(value, whole[name][: SIZE + 3])


def test_evaluation_draws_clutter_from_the_split(split):
    bright = split._replace(image=split.image + np.uint8(100))
    made = evaluation_set(bright, CANVAS)["image"]
    lit = made[made > 0]
    assert lit.min() > 100
    assert lit.max() > 200


def _digests(made):
    return [
        hashlib.sha256(made[name].tobytes()).hexdigest()
        for name in ("image", "label")
    ]


def test_an_evaluation_set_at_one_place(split):
    made = evaluation_set(split, Canvas(9, clutter_size=1), corner=(2, 1))
    height, width = split.image.shape[1:3]
    expected = np.zeros_like(made["image"])
    expected[:, 2 : 2 + height, 1 : 1 + width] = split.image
    np.testing.assert_array_equal(made["image"], expected)
    np.testing.assert_array_equal(made["label"], split.label)


@pytest.mark.parametrize("corner", [(6, 0), (0, 6), (-1, 0), (0, -1)])
def test_a_place_where_images_do_not_fit(split, corner):
    with pytest.raises(ValueError, match=r"`corner`.*\(5, 5\). Received"):
        evaluation_set(split, CANVAS, corner=corner)


def test_evaluation_sets_are_the_same_everywhere(digits):
    assert _digests(evaluation_set(digits.test, Canvas(60, 4), 2)) == [
        "e22d2e132b64af6c3cc3e1170c4ae8cb9ba7d1977414877b900d2b2c69dd8970",
        "3613e1155a6980fd88157a857f2e288f12c550fb2267179dabbb5d6e1d20ca3c",
    ]


def test_videos_to_evaluate_on_are_the_same_everywhere(digits):
    canvas = Canvas(60, 4, drift=Drift(8, 3.0))
    made = evaluation_set(digits.test, canvas, 2)
    assert made["image"].shape == (600, 8, 60, 60, 1)
    assert _digests(made) == [
        "f977ee19c71b20449ca3c147fe1522cd463a09fcb934dac68a654ae73b646bb5",
        "3613e1155a6980fd88157a857f2e288f12c550fb2267179dabbb5d6e1d20ca3c",
    ]


@pytest.mark.parametrize(
    ("canvas", "corner", "expected"),
    [
        (Canvas(200, 12), None, "c5efb631608cd70634085890598ac1eb"),
        (Canvas(200, 12), (3, 170), "54ed4591225ec0965fcd942c80bed9ab"),
        (
            Canvas(150, 3, drift=Drift(3, 3.0)),
            None,
            "dab7ec571f642924e404d3d50ebe324c",
        ),
        (
            Canvas(200, 2, distort=0.3, jitter=4),
            None,
            "5202722a9b5d8703dbbc8c24deefc336",
        ),
    ],
)
def test_large_canvases_are_what_they_were(digits, canvas, corner, expected):
    """When all 500 that one seed makes were composed at once."""
    made = evaluation_set(digits.test, canvas, 2, 1, corner)
    assert _digests(made)[0].startswith(expected)


@pytest.mark.parametrize(
    "canvas",
    [Canvas(60, 2), Canvas(60, 2, drift=Drift(4, 1.0), distort=0.2)],
)
def test_pieces_make_no_difference(digits, canvas, monkeypatch):
    split = digits.test.take(slice(30))
    whole = evaluation_set(split, canvas)
    # Seven at a time, or one, where a single one is too large.
    for pixels in (7 * canvas.values(split.image), 1):
        monkeypatch.setattr(pieces, "_PIXELS_AT_ONCE", pixels)
        assert _same(evaluation_set(split, canvas), whole)


def test_as_much_is_composed_at_once_as_memory_holds(split, monkeypatch):
    composed = []

    def painted(canvas, pool, drawn):
        composed.append(len(drawn.index))
        shape = [len(drawn.index), *canvas.shape(pool)]
        return tf.zeros(shape, tf.uint8)

    monkeypatch.setattr(batches_module, "paint", painted)
    evaluation_set(split, Canvas(128), repeats=51)
    evaluation_set(split, Canvas(512), repeats=4)
    evaluation_set(split, Canvas(512, drift=Drift(8, 1.0)))
    evaluation_set(split, Canvas(4096))
    evaluation_set(split, Canvas(60, 1_000_000, clutter_size=4))
    assert composed == [500, 10, 32, 8, 4, 4, 2, *[1] * 10, *[1] * 10]


def test_evaluation_sets_of_real_mnist_are_the_same_everywhere(mnist):
    assert _digests(evaluation_set(mnist.test, Canvas(60, 4))) == [
        "661efd60c256b1111b43dd7f6f3a48a6820902de252245503efdd3750f718401",
        "58b236bac2b9f39e838e65b8a6942832a40044c1da3df14e20f2f8291c6af177",
    ]


def _assert_splits(source, sizes):
    splits = list(source.splits.values())
    assert [len(split.label) for split in splits] == sizes
    for split, size in zip(splits, sizes, strict=True):
        assert split.image.shape == (size, 28, 28, 1)
        assert split.image.dtype == np.uint8
        assert split.label.dtype == np.int32
        np.testing.assert_array_equal(np.unique(split.label), np.arange(10))
    assert source.num_classes == 10


def test_digits(digits):
    _assert_splits(digits, [1197, 300, 300])
    assert digits.repeats > 1


def test_digits_are_scikit_learns_by_index(digits):
    from sklearn.datasets import load_digits

    original = load_digits()
    labels = np.concatenate([split.label for split in digits.splits.values()])
    np.testing.assert_array_equal(labels, original.target)
    # Enlarged images keep their brightness where they had it.
    image = np.concatenate([split.image for split in digits.splits.values()])
    blocks = image.reshape(-1, 4, 7, 4, 7).mean((2, 4)) / 255
    coarse = original.images.reshape(-1, 4, 2, 4, 2).mean((2, 4)) / 16
    np.testing.assert_allclose(blocks, coarse, atol=0.15)


def test_real_mnist(mnist):
    _assert_splits(mnist, [50_000, 10_000, 10_000])
    assert mnist.repeats == 1
    assert mnist.test.label[:5].tolist() == [2, 0, 4, 8, 7]


@pytest.mark.parametrize("flag", ["--distort=0.3", "--jitter=3"])
def test_only_training_digits_are_varied(digits, flag):
    plain, varied = _task(digits), _task(digits, flag)
    made = [_batch(task.batches, 0) for task in (plain, varied)]
    np.testing.assert_array_equal(made[0]["label"], made[1]["label"])
    assert np.any(made[0]["image"] != made[1]["image"])
    for split in ("validation", "test"):
        expected, found = plain.evaluated(split), varied.evaluated(split)
        np.testing.assert_array_equal(found["image"], expected["image"])


def test_further_canvases_of_the_test_digits(digits):
    once = dataclasses.replace(digits, repeats=1)
    task = _task(once, "--test_draws=3", "--canvas=150")
    task.prepare()
    first, (second, third) = task.evaluated("test"), task.further_data()
    sets = [first, second, third]
    for made in sets:
        np.testing.assert_array_equal(made["label"], digits.test.label)
    sets += [task.evaluated("validation")]
    images = {image.tobytes() for made in sets for image in made["image"]}
    # No canvas is there twice, and the splits share no draw.
    assert len(images) == sum(len(made["image"]) for made in sets)
    # Digits without clutter: each canvas holds the test digit of its row.
    for made in (second, third):
        ink = made["image"].sum(axis=(1, 2, 3), dtype=np.int64)
        expected = digits.test.image.sum(axis=(1, 2, 3), dtype=np.int64)
        np.testing.assert_array_equal(ink, expected)
    validated = dataclasses.replace(once, test=None)
    without_test = _task(validated, "--test_draws=2")
    (further,) = without_test.further_data()
    np.testing.assert_array_equal(further["label"], digits.validation.label)


def test_what_comes_after_training_is_said(digits):
    state = types.SimpleNamespace(best_step=7, best_error=2.5)
    validated = dataclasses.replace(digits, test=None)
    words = "weights of step 7, the best on validation (2.50%); "
    for source, following in (
        (digits, "reading the test set"),
        (validated, "no test set"),
    ):
        assert _task(source).best(state) == words + following


def test_digits_are_placed_several_times_already(digits):
    with pytest.raises(UserError, match=r"--test_draws is for sources.*has 10"):
        _task(digits, "--test_draws=2").prepare()


def _task(source, *arguments):
    task = ClassifyTask(parse(ClassifySettings, list(arguments)))
    task.source = source
    return task


def test_every_source_has_its_facts_and_a_trainer():
    trained = {name for names in SOURCES.values() for name in names}
    assert trained == {*sources.NAMES, "folder"}
    assert set(sources.FACTS) == set(sources.NAMES)


def test_an_unknown_source():
    message = "`source` must be one of.*mnist.*digits.*Received: 'cifar'"
    with pytest.raises(ValueError, match=message):
        sources.load("cifar")


@pytest.mark.parametrize("named_by", ["flag", "environment"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "it holds no prepared mnist"),
        ("mistyped", "there is no such directory"),
        ("older", r"there is no .*/mnist/"),
    ],
)
def test_a_named_directory_without_the_data_is_refused(
    tmp_path, monkeypatch, name, words, named_by
):
    """At once: nothing is downloaded to it, and nobody is asked."""
    monkeypatch.setattr(socket, "create_connection", _nobody_asks)
    (tmp_path / "older/mnist/1.0.0").mkdir(parents=True)
    (tmp_path / "older/mnist/1.0.0/dataset_info.json").write_text("{}")
    place = tmp_path / name
    if named_by == "environment":
        monkeypatch.setenv("TFDS_DATA_DIR", str(place))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SourceError, match=words) as caught:
        sources.load("mnist", str(place) if named_by == "flag" else None)
    assert sorted(tmp_path.rglob("*")) == before
    _check_ways_out(str(caught.value), place)


def _nobody_asks(*_):
    raise AssertionError("the network is asked")


@pytest.mark.parametrize("proxy", [None, "http://", "http://127.0.0.1:9"])
def test_without_a_network_nothing_is_tried(tmp_path, monkeypatch, proxy):
    for name in ("TFDS_DATA_DIR", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    if proxy:
        monkeypatch.setenv("https_proxy", proxy)
    else:
        monkeypatch.setattr(socket, "create_connection", _unreachable)
    import tensorflow_datasets as tfds

    monkeypatch.setattr(
        tfds.core.utils.file_utils, "list_data_dirs", lambda: [tmp_path]
    )
    monkeypatch.setattr(tfds, "builder", _nobody_asks)
    with pytest.raises(SourceError, match="there is no network") as caught:
        sources.load("mnist")
    _check_ways_out(str(caught.value), "the default of TFDS")


def _unreachable(*_):
    raise OSError("Network is unreachable")


def _never_answers(*_):
    time.sleep(30)
    raise TimeoutError  # The thread that asks outlives the test.


def test_a_name_that_is_never_found_is_not_waited_for(monkeypatch):
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    monkeypatch.setattr(prepared, "_PATIENCE", 0.1)
    monkeypatch.setattr(socket, "create_connection", _never_answers)
    started = time.monotonic()
    assert not prepared._reaches("mnist")
    assert time.monotonic() - started < 5


def _check_ways_out(message, place):
    assert "\n" not in message
    assert f"could not load 'mnist' from data_dir={place}" in message
    for way_out in ("--data_dir", "TFDS_DATA_DIR", "--source=digits"):
        assert way_out in message.split("Ways out:")[1]
