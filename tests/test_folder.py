"""Folders of labelled pictures, as arrays."""

import logging
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ram_tf_data import folder
from ram_tf_data.canvas import check_pool
from ram_tf_data.contents import said_of_equal


def _save(path, value, size=(4, 4), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value).save(path)


def _fill(root, classes):
    """Pictures for {"class": count}; number i of class k is (k, i, 9)."""
    for k, (name, count) in enumerate(classes.items()):
        (root / name).mkdir(parents=True)
        for i in range(count):
            _save(root / name / f"{i:02}.png", (k + 1, i, 9))
    return root


def _load(train, test=None, *, side=4, channels=3, fraction=0.2):
    return folder.load(
        str(train),
        test and str(test),
        side=side,
        channels=channels,
        validation_fraction=fraction,
    )


@pytest.fixture
def train(tmp_path):
    """Ten cats, five dogs."""
    return _fill(tmp_path / "train", {"dog": 5, "cat": 10})


def _colours(split):
    """What colour (k, i, 9) each picture of one colour has, as tuples."""
    first = split.image[:, 0, 0]
    np.testing.assert_array_equal(
        split.image, np.broadcast_to(first[:, None, None], split.image.shape)
    )
    return [tuple(colour) for colour in first.tolist()]


def test_every_picture_is_in_one_split_with_its_label(train):
    source = _load(train)
    assert source.class_names == ("cat", "dog")
    assert source.num_classes == 2
    assert source.test is None
    assert source.train.image.dtype == np.uint8
    assert source.train.label.dtype == np.int32
    found = _colours(source.train) + _colours(source.validation)
    # _fill had dogs first, with 1 as their red.
    expected = [(1, i, 9) for i in range(5)] + [(2, i, 9) for i in range(10)]
    assert sorted(found) == expected
    for split in (source.train, source.validation):
        reds = [colour[0] for colour in _colours(split)]
        assert [2 - red for red in reds] == split.label.tolist()


@pytest.mark.parametrize(
    ("fraction", "held_out"),
    [(0.2, [2, 1]), (0.5, [5, 2]), (0.01, [1, 1]), (0.99, [9, 4])],
)
def test_each_class_validates_by_its_share(train, fraction, held_out):
    source = _load(train, fraction=fraction)
    assert np.bincount(source.validation.label).tolist() == held_out


def test_the_split_is_always_the_same_and_shuffled(train, tmp_path):
    source, again = _load(train), _load(train)
    for name, one in source.splits.items():
        other = again.splits[name]
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.label, other.label)
    assert np.any(np.diff(source.train.label) < 0)
    # Written in another order, the same names are the same pictures.
    copy = tmp_path / "copy"
    for path in sorted(train.rglob("*.png"), reverse=True):
        _save(copy / path.relative_to(train), Image.open(path).getpixel((0, 0)))
    np.testing.assert_array_equal(_load(copy).train.image, source.train.image)


def test_a_test_folder(train, tmp_path):
    test = _fill(tmp_path / "test", {"dog": 1, "cat": 3})
    source = _load(train, test)
    assert sorted(source.test.label.tolist()) == [0, 0, 0, 1]
    assert len(source.train.label) + len(source.validation.label) == 15


def test_pictures_of_any_size_and_kind(tmp_path):
    _save(tmp_path / "grey" / "wide.png", 200, (40, 20), "L")
    _save(tmp_path / "grey" / "deep" / "palette.gif", 100, (6, 2), "L")
    _save(tmp_path / "red" / "tall.jpg", (255, 0, 0), (10, 30))
    _save(tmp_path / "red" / "small.webp", (255, 0, 0), (2, 2))
    source = _load(tmp_path, side=10)
    images = np.concatenate([source.train.image, source.validation.image])
    labels = np.concatenate([source.train.label, source.validation.label])
    lit = (images > 50).any(-1)
    sizes = sorted(
        (int(label), int(rows.any(1).sum()), int(rows.any(0).sum()))
        for label, rows in zip(labels, lit, strict=True)
    )
    # Scaled down to fit, never up.
    assert sizes == [(0, 2, 6), (0, 5, 10), (1, 2, 2), (1, 10, 3)]
    red = images[labels == 1]
    assert red[..., 0].max() > 240
    assert red[..., 1:].max() < 15
    grey = _load(tmp_path, side=10, channels=1)
    assert grey.train.image.shape == (2, 10, 10, 1)


def test_standardised_pictures_stand_on_black(tmp_path):
    for name in ("dark", "light"):
        for i in range(2):
            path = tmp_path / name / f"{i}.png"
            path.parent.mkdir(exist_ok=True)
            values = np.array([[0, 10]], np.uint8) + 200 * (name == "light")
            Image.fromarray(values.astype(np.uint8)).save(path)
    source = folder.load(
        str(tmp_path),
        None,
        side=4,
        channels=1,
        validation_fraction=0.5,
        standardised=True,
    )
    expected = np.zeros((4, 4), np.uint8)
    expected[1, 1:3] = 64, 192
    for image in source.train.image:
        np.testing.assert_array_equal(image[..., 0], expected)


def test_damaged_files_are_named_counted_and_left_out(train, caplog):
    whole = (train / "cat" / "00.png").read_bytes()
    (train / "cat" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (train / "dog" / "notes.txt").write_text("not a picture")
    (train / "dog" / "empty.jpg").touch()
    (train / "dog" / ".hidden").write_text("passed over")
    (train / ".cache").mkdir()
    (train / "README.txt").write_text("no class of its own")
    with caplog.at_level(logging.WARNING):
        source = _load(train)
    assert len(source.train.label) + len(source.validation.label) == 15
    said = [record.getMessage() for record in caplog.records]
    *named, count = [line for line in said if "blank" not in line]
    assert len(named) == 3
    for name in ("cut.png", "notes.txt", "empty.jpg"):
        assert any(name in line for line in named)
    assert count == f"3 of 18 files in {train} are left out"


def test_hidden_folders_are_left_out_at_any_depth(train, tmp_path, caplog):
    names = sorted(p.name for p in (train / "cat").iterdir())
    for place in (".ipynb_checkpoints", "deep/.cache/deeper", "deep/.hidden"):
        _save(train / "cat" / place / "0.png", (9, 9, 9))
    _save(train / "cat" / "deep" / "seen.png", (2, 77, 9))
    source = _load(train)
    found = [Path(p) for s in source.splits.values() for p in s.origin]
    cats = sorted(p.name for p in found if p.is_relative_to(train / "cat"))
    assert cats == [*names, "seen.png"]
    assert len(source.train.label) + len(source.validation.label) == 16
    told = [record.getMessage() for record in caplog.records]
    assert not [words for words in told if "blank" not in words]
    # Where the folder itself is hidden, what is in it is not.
    (tmp_path / ".home").mkdir()
    moved = train.rename(tmp_path / ".home" / "train")
    assert len(_load(moved).train.label) == len(source.train.label)


def test_every_picture_knows_its_file(train, tmp_path):
    test = _fill(tmp_path / "test", {"dog": 2, "cat": 3})
    for split in _load(train, test).splits.values():
        for path, colour in zip(split.origin, _colours(split), strict=True):
            assert Image.open(path).getpixel((0, 0)) == colour


def test_a_file_in_two_splits_is_refused(train, tmp_path):
    """Whatever it is called there."""
    test = _fill(tmp_path / "test", {"dog": 2, "cat": 3})
    os.symlink(train / "cat" / "04.png", test / "cat" / "another.png")
    message = r"must not share images.*share 1: .*train/cat/04\.png$"
    with pytest.raises(ValueError, match=message):
        _load(train, test)
    (test / "cat" / "another.png").unlink()
    linked = tmp_path / "linked"
    linked.mkdir()
    for name in ("cat", "dog"):
        os.symlink(train / name, linked / name)
    with pytest.raises(ValueError, match=r"train and test, which share 12: "):
        _load(train, linked)


def test_files_of_equal_content_are_counted(train, tmp_path):
    test = _fill(tmp_path / "test", {"dog": 2, "cat": 3})
    for i, path in enumerate(sorted(test.rglob("*.png"))):
        _save(path, (200, i, 9))
    assert said_of_equal(_load(train, test)) == ""
    seen = _load(train).train.origin[0]
    shutil.copy(seen, test / "dog" / "copy.png")
    said = said_of_equal(_load(train, test))
    assert said.startswith("1 of test are in train, too (")
    assert f"{test}/dog/copy.png = {seen}" in said


def test_blank_pictures_are_named_counted_and_stay(train, caplog):
    for path in train.rglob("*.png"):
        if path.name != "03.png":
            _dot(path)
    with caplog.at_level(logging.WARNING):
        source = _load(train)
    assert len(source.train.label) + len(source.validation.label) == 15
    *named, count = [record.getMessage() for record in caplog.records]
    assert sorted(named) == [
        f"blank: {train / name / '03.png'}" for name in ("cat", "dog")
    ]
    assert count == (
        f"2 of 15 pictures in {train} are blank, of a single value; they stay"
    )


def test_sound_folders_say_nothing(train, caplog):
    for path in train.rglob("*.png"):
        _dot(path)
    _load(train)
    assert not caplog.records


def _dot(path):
    """Gives a picture a pixel of another colour."""
    with Image.open(path) as image:
        image.putpixel((1, 2), (0, 0, 200))
    image.save(path)


def test_a_class_needs_pictures(train):
    (train / "empty").mkdir()
    _save(train / "lone" / "0.png", 1)
    (train / "broken").mkdir()
    (train / "broken" / "0.png").write_bytes(b"broken")
    message = "at least 2 sound.*'broken' with 0, 'empty' with 0, 'lone' with 1"
    with pytest.raises(ValueError, match=message):
        _load(train)


def test_an_empty_class_of_the_test(train, tmp_path):
    test = _fill(tmp_path / "test", {"dog": 0, "cat": 3})
    with pytest.raises(ValueError, match=r"at least 1 sound.*'dog' with 0"):
        _load(train, test)


def test_one_class_is_an_error(tmp_path):
    train = _fill(tmp_path / "train", {"cat": 4})
    with pytest.raises(ValueError, match=r"at least two.*train, with 1"):
        _load(train)
    with pytest.raises(ValueError, match=r"at least two.*with 0"):
        _load(train / "cat")


def test_other_classes_in_the_test(train, tmp_path):
    test = _fill(tmp_path / "test", {"dog": 1, "bird": 1})
    with pytest.raises(ValueError, match="with no 'cat', 'bird' too"):
        _load(train, test)


def test_folders_that_cannot_be(train, tmp_path):
    nowhere = tmp_path / "nowhere"
    with pytest.raises(ValueError, match=r"--train_dir must name.*nowhere"):
        _load(nowhere)
    with pytest.raises(ValueError, match=r"--test_dir must name.*nowhere"):
        _load(train, nowhere)
    link = tmp_path / "link"
    os.symlink(train, link)
    with pytest.raises(ValueError, match="--test_dir must not be --train_dir"):
        _load(train, link)


@pytest.mark.parametrize("fraction", [0, 1, -0.1])
def test_bad_fractions(train, fraction):
    with pytest.raises(ValueError, match=r"between 0 and 1\. Received"):
        _load(train, fraction=fraction)


def test_more_pixels_than_can_be_numbered(train):
    # Refused before any memory is asked for.
    with pytest.raises(ValueError, match="15 of 12000x12000"):
        _load(train, side=12_000)
    check_pool((2**11, 2**10, 2**10 - 1, 3))
    with pytest.raises(ValueError, match=r"fewer than 2\*\*31"):
        check_pool((2**11, 2**10, 2**10, 1))
