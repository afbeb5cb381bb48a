"""Traffic signs, from small files in the very formats of the set."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from ram_tf_commands import signs
from ram_tf_data import gtsrb, sources

CLASSES = len(gtsrb.NAMES)
COLUMNS = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"


def _arrays(tracks=3, frames=2):
    """Each class has so many tracks of so many frames; its red is its track."""
    label, track, frame = np.indices([CLASSES, tracks, frames])
    label, track = label.ravel(), track.ravel()
    image = np.zeros([len(label), 32, 32, 3], np.uint8)
    image[..., 0] = track[:, None, None]
    image[..., 1] = label[:, None, None]
    image[..., 2] = frame.ravel()[:, None, None]
    test = np.full([5, 32, 32, 3], 250, np.uint8)
    return {
        "train_image": image,
        "train_label": label.astype(np.uint8),
        "train_track": track.astype(np.int32),
        "test_image": test,
        "test_label": np.arange(5, dtype=np.uint8),
    }


def _saved(folder, **changed):
    np.savez(folder / gtsrb.FILE, **{**_arrays(), **changed})
    return str(folder)


def _write_table(path, rows, columns=COLUMNS):
    lines = [f"{name};20;30;1;1;18;28;{label}" for name, label in rows]
    path.write_text("\n".join([columns, *lines]) + "\n")


@pytest.fixture
def published(tmp_path):
    """The set as published: two tracks of a class, a frame each."""
    root = tmp_path / "GTSRB"
    for label in range(CLASSES):
        folder = root / "Final_Training" / "Images" / f"{label:05}"
        folder.mkdir(parents=True)
        rows = [(f"{track:05}_00000.ppm", label) for track in range(2)]
        for track, (name, _) in enumerate(rows):
            colour = (10 * track, label, 7)
            Image.new("RGB", (20, 30), colour).save(folder / name)
        _write_table(folder / f"GT-{label:05}.csv", rows)
    folder = root / "Final_Test" / "Images"
    folder.mkdir(parents=True)
    rows = [(f"{number:05}.ppm", 40 + number) for number in range(3)]
    for number, (name, _) in enumerate(rows):
        Image.new("RGB", (40, 40), (200, number, 0)).save(folder / name)
    _write_table(folder / "GT-final_test.csv", rows)
    return root


def test_no_track_is_on_both_sides(tmp_path):
    source = sources.load("gtsrb", _saved(tmp_path))
    sides = [
        set(zip(split.image[:, 0, 0, 1], split.image[:, 0, 0, 0], strict=True))
        for split in (source.train, source.validation)
    ]
    assert not sides[0] & sides[1]
    assert len(sides[0]) == 2 * CLASSES
    assert len(sides[1]) == CLASSES
    for split in (source.train, source.validation):
        np.testing.assert_array_equal(split.image[:, 0, 0, 1], split.label)
        # Both frames of a track.
        assert sorted(set(split.image[:, 0, 0, 2])) == [0, 1]
        np.testing.assert_array_equal(np.unique(split.label), range(CLASSES))
    assert source.test.label.tolist() == [0, 1, 2, 3, 4]
    assert source.class_names[14] == "stop"
    # The same tracks, whenever it is loaded; not the first of each class.
    again = sources.load("gtsrb", str(tmp_path))
    np.testing.assert_array_equal(
        again.validation.image, source.validation.image
    )
    assert len(set(source.validation.image[:, 0, 0, 0])) == 3


def test_the_real_file(gtsrb_dir):
    source = sources.load("gtsrb", str(gtsrb_dir))
    facts = sources.FACTS["gtsrb"]
    sizes = [len(split.label) for split in source.splits.values()]
    assert sizes == [facts.train, facts.validation, facts.test]
    for split in source.splits.values():
        np.testing.assert_array_equal(np.unique(split.label), range(CLASSES))


@pytest.mark.parametrize("inside", [True, False])
def test_the_set_as_published(published, inside):
    """The folder of the archives, or the one around it."""
    folder = published if inside else published.parent
    source = sources.load("gtsrb", str(folder))
    sizes = [len(split.label) for split in source.splits.values()]
    assert sizes == [CLASSES, CLASSES, 3]
    for split in (source.train, source.validation):
        assert split.image.shape[1:] == (32, 32, 3)
        np.testing.assert_array_equal(split.image[:, 5, 5, 1], split.label)
        assert split.image[..., 2].min() == split.image[..., 2].max() == 7
    assert source.test.label.tolist() == [40, 41, 42]
    assert source.test.image[:, 9, 9, 1].tolist() == [0, 1, 2]


def test_the_table_of_the_test_may_stand_beside(published):
    table = published / "Final_Test" / "Images" / "GT-final_test.csv"
    table.rename(published.parent / table.name)
    source = sources.load("gtsrb", str(published))
    assert source.test.label.tolist() == [40, 41, 42]


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        ([("00009_00000.ppm", 3)], COLUMNS, "not there, in line 2.*00009_00"),
        ([("00000_00000.ppm", 3)], "Filename;Width", "a column ClassId"),
        ([], "ClassId", "a column Filename"),
        ([("00000_00000.ppm", "x")], COLUMNS, "ClassId.*'x' in line 2"),
        ([("00000_00000.ppm", -1)], COLUMNS, "ClassId.*'-1' in line 2"),
        ([("00000_00000.ppm", 43)], COLUMNS, "from 0 to 42.*'43' in line 2"),
        ([("00000_00000.ppm", "")], COLUMNS, "ClassId.*'' in line 2"),
        ([("GT-00003.csv", 3)], COLUMNS, r"TRACK_FRAME.*GT-00003\.csv"),
    ],
)
def test_tables_that_are_wrong(published, rows, columns, message):
    folder = published / "Final_Training" / "Images" / "00003"
    _write_table(folder / "GT-00003.csv", rows, columns)
    with pytest.raises(ValueError, match=message) as caught:
        sources.load("gtsrb", str(published))
    assert "GT-00003.csv" in str(caught.value)


@pytest.mark.parametrize("name", ["00000.ppm", "one_00000.ppm"])
def test_training_pictures_are_named_by_track_and_frame(published, name):
    folder = published / "Final_Training" / "Images" / "00003"
    (folder / "00000_00000.ppm").rename(folder / name)
    _write_table(folder / "GT-00003.csv", [(name, 3), ("00001_00000.ppm", 3)])
    with pytest.raises(ValueError, match=rf"called TRACK_FRAME.*{name}"):
        sources.load("gtsrb", str(published))


def test_a_table_that_is_missing(published):
    table = published / "Final_Test" / "Images" / "GT-final_test.csv"
    table.unlink()
    with pytest.raises(ValueError, match=rf"There is no table {table}"):
        sources.load("gtsrb", str(published))
    table.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=rf"{table} cannot be read"):
        sources.load("gtsrb", str(published))
    table.unlink()
    os.mkfifo(table)
    with pytest.raises(ValueError, match=r"regular file.*a named pipe"):
        sources.load("gtsrb", str(published))


def test_a_picture_that_is_damaged(published):
    folder = published / "Final_Training" / "Images" / "00003"
    (folder / "00001_00000.ppm").write_bytes(b"P6 20 30 255\n123")
    with pytest.raises(ValueError, match=r"00003/00001_00000\.ppm' is not"):
        sources.load("gtsrb", str(published))


def test_a_class_without_tracks_enough(tmp_path):
    track = _arrays()["train_track"]
    label = _arrays()["train_label"]
    track[label == 14] = 0
    message = r"at least two tracks.*Received: class 14 \(stop\) with 1$"
    with pytest.raises(ValueError, match=message):
        sources.load("gtsrb", _saved(tmp_path, train_track=track))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"train_label": np.full(258, 43)}, "0 and 42: train of.*43 to 43"),
        ({"test_label": np.zeros(4)}, "a label.*test of.*5, 4 and 4"),
        (
            {"train_image": np.zeros([258, 8, 8, 3], np.uint8)},
            r"32, 32, 3\] uint8: train of.*\[258, 8, 8, 3\] uint8",
        ),
    ],
)
def test_arrays_that_are_wrong(tmp_path, changed, message):
    folder = _saved(tmp_path, **changed)
    with pytest.raises(ValueError, match=message) as caught:
        sources.load("gtsrb", folder)
    assert gtsrb.FILE in str(caught.value)


def test_a_folder_without_it(tmp_path):
    message = rf"needs --data_dir.*{gtsrb.FILE}.*Received: .*{tmp_path.name}"
    with pytest.raises(ValueError, match=message):
        sources.load("gtsrb", str(tmp_path))


@pytest.mark.slow
def test_training(tmp_path, run_command):
    arguments = [
        "--flagfile=signs.flags",
        "--glimpses=2",
        "--core_units=16",
        "--units=16",
        "--glimpse_units=16",
        "--location_units=8",
        "--epochs=1",
        f"--data_dir={_saved(tmp_path)}",
        f"--workdir={tmp_path / 'run'}",
    ]
    assert run_command(signs, *arguments) == 0
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["test_cases"] == 5
    assert result["config"]["source"] == "gtsrb"
    assert result["data"]["images"] == {
        "train": 172,
        "validation": 86,
        "test": 5,
    }
    assert result["data"]["class_names"] == list(gtsrb.NAMES)
