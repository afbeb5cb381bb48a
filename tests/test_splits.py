"""Splits that check themselves, and images that are equal."""

import time

import numpy as np
import pytest

from ram_tf_data.contents import said_of_equal
from ram_tf_data.errors import UserError
from ram_tf_data.gate import Gate
from ram_tf_data.pictures import Pictures
from ram_tf_data.splits import Source, Split
from ram_tf_runs.records.recipe import parse
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from ram_tf_runs.settings.kinds.numbers import NumbersSettings
from ram_tf_runs.tasks.kinds.classify import ClassifyTask
from ram_tf_runs.tasks.kinds.numbers import NumbersTask


def _images(*values):
    """Images [n, 2, 3, 1] that are one value all over."""
    flat = np.array(values, np.uint8)[:, None, None, None]
    return np.tile(flat, (1, 2, 3, 1))


def _split(image, origin=None):
    names = None if origin is None else np.array(origin, object)
    return Split(image, np.zeros(len(image), np.int32), names)


def _source(train, validation, test=None):
    return Source(train, validation, test, num_classes=2, repeats=1)


def _apart():
    """A source whose splits have nothing in common."""
    values = (range(5), range(10, 13), range(20, 22))
    return _source(*(_split(_images(*v)) for v in values))


ROWS = _images(*range(10))
COLOURS = np.zeros([10, 2, 3, 3], np.uint8)


@pytest.mark.parametrize(
    ("train", "validation", "count"),
    [
        (ROWS, ROWS, 10),
        (ROWS[:6], ROWS[5:], 1),
        (ROWS[:7], ROWS[4:6], 2),
        (ROWS[::2], ROWS[1::2], 0),
        (ROWS[::2], ROWS[::3], 2),
        (ROWS[::-1], ROWS[8:], 2),
        (ROWS[5::-1], ROWS[6:], 0),
        (ROWS[:6, ::-1, ::-1], ROWS[5:], 1),
        (ROWS[:5], ROWS[5:], 0),
        (ROWS[:5], ROWS[:5].copy(), 0),
        (ROWS[:0], ROWS, 0),
        (ROWS, ROWS[:0], 0),
        # Each colour is its own bytes, but these are the same pictures.
        (COLOURS[..., :1], COLOURS[..., 1:2], 10),
        (np.broadcast_to(ROWS[:1], ROWS.shape), ROWS[:3], 10),
    ],
)
@pytest.mark.parametrize("place", ["validation", "test"])
def test_rows_of_an_array_in_two_splits_are_refused(
    train, validation, count, place
):
    parts = [_split(train), _split(validation)]
    if place == "test":
        parts.insert(1, _split(_images(1)))
    if not count:
        assert _source(*parts).train is parts[0]
        return
    message = f"share rows.*train and {place}, which share {count} in memory"
    with pytest.raises(UserError, match=message):
        _source(*parts)


def test_pictures_on_disk_share_no_memory():
    """They are not even read, beside a split that is in memory."""
    paths = np.array(["nowhere.png", "either.png"])
    files = Pictures(paths, np.array([b"1", b"2"]), Gate(side=3, channels=1))
    for parts in ((files, ROWS), (ROWS, files)):
        source = _source(*map(_split, parts))
        assert source.train.image is parts[0]


def test_rows_of_a_set_in_two_splits_are_refused():
    whole = Split.whole("train", _images(*range(10)), np.arange(10))
    assert whole.label.dtype == np.int32
    held_out = np.arange(10) >= 8
    train, validation = whole.take(~held_out), whole.take(held_out)
    source = _source(train, validation)
    assert list(source.validation.origin) == ["train[8]", "train[9]"]
    assert source.validation.label.tolist() == [8, 9]
    # Indices make copies, which have no memory in common.
    inside = whole.take(np.array([6, 3, 8]))
    message = r"Splits must not share images.*train and validation, which "
    with pytest.raises(UserError, match=message + r"share 2: train\[6\], "):
        _source(train, inside)
    with pytest.raises(UserError, match=r"validation and test, which share 1"):
        _source(train, validation, whole.take(np.array([9])))
    # The first row of another set is another one.
    test = Split.whole("test", _images(*range(20, 30)), np.arange(10))
    assert _source(train, validation, test).test is test


def test_files_in_two_splits_are_refused():
    files = ["a.png", "b.png", "c.png", "d.png", "e.png"]
    train = _split(_images(*range(5)), files)
    validation = _split(_images(*range(20, 25)), [*files[1:], "f.png"])
    message = r"share 4: b\.png, c\.png, d\.png, \.\.\.$"
    with pytest.raises(UserError, match=message):
        _source(train, validation)


@pytest.mark.parametrize(
    "split",
    [
        Split(_images(1, 2, 3), np.zeros(2, np.int32)),
        Split(_images(1, 2), np.zeros(2, np.int32), np.array(["a"], object)),
    ],
)
def test_a_label_for_each_image(split):
    with pytest.raises(UserError, match=r"a label.*validation with"):
        _source(_split(_images(4)), split)


def test_splits_by_name():
    source = _apart()
    assert list(source.splits) == ["train", "validation", "test"]
    for name, split in source.splits.items():
        assert split is getattr(source, name)
    sizes = [len(split.label) for split in source.splits.values()]
    assert sizes == [5, 3, 2]
    without = _source(source.train, source.validation)
    assert list(without.splits) == ["train", "validation"]
    assert without.splits["validation"] is source.validation


def test_nothing_is_said_where_no_two_images_are_equal():
    assert said_of_equal(_apart()) == ""


def test_equal_images_are_counted_and_named():
    source = _source(
        Split.whole("t", _images(0, 1, 2, 1, 1), np.zeros(5)),
        _split(_images(7, 1, 2, 8, 2), [f"{c}.png" for c in "vwxyz"]),
        _split(_images(0, 1, 2, 7, 9)),
    )
    assert said_of_equal(source).split("; ") == [
        "2 of train are in it before (t[3] = t[1], t[4] = t[1])",
        "3 of validation are in train, too "
        "(w.png = t[1], x.png = t[2], z.png = t[2])",
        "1 of validation are in it before (z.png = x.png)",
        "3 of test are in train, too ([0] = t[0], [1] = t[1], [2] = t[2])",
        "3 of test are in validation, too "
        "([1] = w.png, [2] = x.png, [3] = v.png)",
    ]


def test_few_of_many_are_named():
    source = _source(_split(_images(*[5] * 9)), _split(_images(1)))
    assert said_of_equal(source) == (
        "8 of train are in it before ([1] = [0], [2] = [0], [3] = [0], ...)"
    )


def test_contents_are_those_of_images_whatever_their_memory():
    image = np.arange(12, dtype=np.uint8).reshape(2, 3, 2, 1)
    turned = np.ascontiguousarray(image[..., 0].transpose(0, 2, 1))
    turned = turned.transpose(0, 2, 1)[..., None]
    assert "2 of validation" in said_of_equal(
        _source(_split(image), _split(turned))
    )


def test_as_many_images_as_mnist_take_no_second():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, [70_000, 28, 28, 1], np.uint8)
    images[60_000] = images[3]
    start = time.process_time()
    whole = Split.whole("m", images, np.zeros(len(images)))
    edges = (slice(50_000), slice(50_000, 60_000), slice(60_000, None))
    said = said_of_equal(_source(*map(whole.take, edges)))
    assert time.process_time() - start < 1
    assert said == "1 of test are in train, too (m[60000] = m[3])"


def _tasks(source, *arguments):
    for kind, settings in (
        (ClassifyTask, ClassifySettings),
        (NumbersTask, NumbersSettings),
    ):
        needed = ["--glimpses=6"] if kind is NumbersTask else []
        task = kind(parse(settings, [*needed, *arguments]))
        task.source = source
        yield task


def test_a_run_says_once_which_images_are_equal(capsys):
    equal = _source(_split(_images(1, 2, 3)), _split(_images(3, 4)))
    for task in _tasks(equal):
        task.prepare()
        assert capsys.readouterr().out.splitlines()[2:] == [
            "images of equal content: 1 of validation are in train, too "
            "([0] = [2])"
        ]
    for flag in ("--strict_splits", "--nostrict_splits"):
        for task in _tasks(_apart(), flag):
            task.prepare()
            assert "equal" not in capsys.readouterr().out


def test_strict_splits_refuse_equal_images():
    equal = _source(_split(_images(1, 2, 2)), _split(_images(4)))
    message = r"--strict_splits: no image.*1 of train are in it before \("
    for task in _tasks(equal, "--strict_splits"):
        with pytest.raises(ValueError, match=message):
            task.prepare()
