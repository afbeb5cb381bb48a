"""Traffic signs of GTSRB: 43 classes in colour, scaled to 32x32.

About 30 frames of a track show the same sign from ever nearer. Validation holds
out whole tracks, so that none is on both sides. The set's own test has signs of
its own.
"""

import csv
import pathlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from PIL import Image

from ram_tf_data import arrays, regular
from ram_tf_data.errors import UserError
from ram_tf_data.files import read_image
from ram_tf_data.splits import Source, Split

FILE = "gtsrb_32x32.npz"
NAMES = (
    "speed limit 20",
    "speed limit 30",
    "speed limit 50",
    "speed limit 60",
    "speed limit 70",
    "speed limit 80",
    "end of speed limit 80",
    "speed limit 100",
    "speed limit 120",
    "no overtaking",
    "no overtaking by lorries",
    "priority at the next crossing",
    "priority road",
    "give way",
    "stop",
    "no vehicles",
    "no lorries",
    "no entry",
    "danger",
    "bend to the left",
    "bend to the right",
    "double bend",
    "uneven road",
    "slippery road",
    "road narrows on the right",
    "road works",
    "traffic lights",
    "pedestrians",
    "children",
    "bicycles",
    "ice or snow",
    "wild animals",
    "end of all limits",
    "turn right ahead",
    "turn left ahead",
    "ahead only",
    "ahead or right",
    "ahead or left",
    "keep right",
    "keep left",
    "roundabout",
    "end of no overtaking",
    "end of no overtaking by lorries",
)
SIDE = 32

# Of the tracks of a class, one in so many validates, and at least one.
_HELD_OUT = 10
# The same tracks validate, whatever seed a model is trained with.
_ORDER_SEED = 20_140_624
_ARRAYS = ("train_image", "train_label", "train_track")
_ARRAYS_OF_TEST = ("test_image", "test_label")
# Of the set as published, after the archives are unpacked.
_TRAIN = pathlib.Path("Final_Training", "Images")
_TEST = pathlib.Path("Final_Test", "Images")
_TEST_TABLE = "GT-final_test.csv"


class Frames(NamedTuple):
    """Pictures of signs in tracks.

    Attributes:
        image: [n, SIDE, SIDE, 3] uint8.
        label: [n] int32.
        track: Of its class, [n]; zeros for the test, which has none.
    """

    image: np.ndarray
    label: np.ndarray
    track: np.ndarray


def load(name: str, data_dir: str | None) -> Source:
    """GTSRB from one file of arrays, or from the set as published.

    Args:
        name: Unused.
        data_dir: A folder that has FILE, an .npz of `train_image`
            [n, 32, 32, 3] uint8, `train_label`, `train_track`, `test_image` and
            `test_label`; or one that has Final_Training/Images, with a folder
            of PPM files and a table for each class, and Final_Test/Images,
            as the archives do (it may be the folder GTSRB in them, or the one
            around it). The test's table may stand in any of these.

    Raises:
        UserError: If it is neither; on what is damaged or missing, named; or on
            a class with fewer than two tracks.
    """
    del name
    folder = pathlib.Path(data_dir or "").expanduser()
    if data_dir and (folder / FILE).is_file():
        train, test = _of_arrays(folder / FILE)
    elif data_dir and (root := _published(folder)):
        train, test = _of_training(root), _of_test(root)
    else:
        raise UserError(
            f"--source=gtsrb needs --data_dir, the folder of {FILE}, or of "
            f"{_TRAIN} as published. Received: --data_dir={data_dir}"
        )
    whole = Split.whole("train", train.image, train.label)
    held_out = _held_out(train.label, train.track)
    return Source(
        whole.take(~held_out),
        whole.take(held_out),
        Split.whole("test", test.image, test.label),
        num_classes=len(NAMES),
        repeats=1,
        class_names=NAMES,
    )


def _held_out(label: np.ndarray, track: np.ndarray) -> np.ndarray:
    """Which pictures validate, [n] bool: whole tracks of every class."""
    held_out = np.zeros(len(label), bool)
    tracks = [np.unique(track[label == k]) for k in range(len(NAMES))]
    few = [
        f"{k} ({NAMES[k]}) with {len(known)}"
        for k, known in enumerate(tracks)
        if len(known) < 2
    ]
    if few:
        raise UserError(
            "Each class needs at least two tracks, one of which validates. "
            f"Received: class {', '.join(few)}"
        )
    for k, known in enumerate(tracks):
        bits = np.random.Philox(key=[_ORDER_SEED, k])
        order = np.random.Generator(bits).permutation(known)
        chosen = order[: max(1, round(len(known) / _HELD_OUT))]
        held_out |= (label == k) & np.isin(track, chosen)
    return held_out


def _of_arrays(path: pathlib.Path) -> tuple[Frames, Frames]:
    names = (*_ARRAYS, *_ARRAYS_OF_TEST)
    image, label, track, test_image, test_label = arrays.read(path, names)
    train = Frames(image, label, track)
    test = Frames(test_image, test_label, np.zeros(len(test_label), np.int32))
    for part, frames in (("train", train), ("test", test)):
        _check(f"{part} of {path}", frames)
    return train, test


def _check(what: str, frames: Frames) -> None:
    image, label, track = frames
    if image.dtype != np.uint8 or image.shape[1:] != (SIDE, SIDE, 3):
        raise UserError(
            f"Pictures must be [n, {SIDE}, {SIDE}, 3] uint8: {what}. "
            f"Received: {list(image.shape)} {image.dtype}"
        )
    if not len(image) == len(label) == len(track):
        raise UserError(
            f"Each picture must have a label and a track: {what}. Received: "
            f"{len(image)}, {len(label)} and {len(track)}"
        )
    if len(label) and not 0 <= label.min() <= label.max() < len(NAMES):
        raise UserError(
            f"Labels must lie between 0 and {len(NAMES) - 1}: {what}. "
            f"Received: {label.min()} to {label.max()}"
        )


def _published(folder: pathlib.Path) -> pathlib.Path | None:
    """The folder that has the training set, if this or one in it has."""
    roots = (folder, folder / "GTSRB")
    return next((root for root in roots if (root / _TRAIN).is_dir()), None)


def _of_training(root: pathlib.Path) -> Frames:
    """Pictures are called TRACK_FRAME.ppm."""
    folders = [path for path in (root / _TRAIN).iterdir() if path.is_dir()]
    rows = [
        row
        for folder in sorted(folders)
        for row in _table(folder / f"GT-{folder.name}.csv", folder)
    ]
    tracks = [_track_of(path) for path, _ in rows]
    return _decoded(rows, np.array(tracks, np.int32))


def _track_of(path: pathlib.Path) -> int:
    track, _, frame = path.stem.partition("_")
    if not (track.isdecimal() and frame):
        raise UserError(
            "Training pictures must be called TRACK_FRAME, such as "
            f"00001_00029.ppm. Received: {path}"
        )
    return int(track)


def _of_test(root: pathlib.Path) -> Frames:
    folder = root / _TEST
    places = [place / _TEST_TABLE for place in (folder, root, root.parent)]
    table = next((path for path in places if path.is_file()), places[0])
    rows = list(_table(table, folder))
    return _decoded(rows, np.zeros(len(rows), np.int32))


def _table(
    path: pathlib.Path, folder: pathlib.Path
) -> Iterator[tuple[pathlib.Path, int]]:
    """Pictures in a folder and their classes, as a table says."""
    regular.check(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(f"There is no table {path}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    table = csv.DictReader(text.splitlines(), delimiter=";")
    for name in ("Filename", "ClassId"):
        if name not in (table.fieldnames or ()):
            raise UserError(
                f"{path} must have a column {name}, between semicolons. "
                f"Received: {', '.join(table.fieldnames or ()) or 'nothing'}"
            )
    for line, row in enumerate(table, 2):
        picture = folder / (row["Filename"] or "")
        if not picture.is_file():
            raise UserError(
                f"{path} names a file that is not there, in line {line}. "
                f"Received: {picture}"
            )
        yield picture, _class_of(row["ClassId"], path, line)


def _class_of(words: str | None, path: pathlib.Path, line: int) -> int:
    number = (words or "").strip()
    if not number.isdecimal() or int(number) >= len(NAMES):
        raise UserError(
            f"{path} must have whole numbers from 0 to {len(NAMES) - 1} as "
            f"ClassId. Received: {words!r} in line {line}"
        )
    return int(number)


def _decoded(rows: list[tuple[pathlib.Path, int]], track: np.ndarray) -> Frames:
    """Whole pictures, each scaled to a square; their sides differ little."""
    image = np.zeros((len(rows), SIDE, SIDE, 3), np.uint8)

    def fill(place: int) -> None:
        path, _ = rows[place]
        whole = Image.fromarray(read_image(str(path), None, channels=3))
        image[place] = whole.resize((SIDE, SIDE), Image.Resampling.BILINEAR)

    with ThreadPoolExecutor() as threads:  # Pillow decodes outside the GIL.
        list(threads.map(fill, range(len(rows))))
    return Frames(image, np.array([k for _, k in rows], np.int32), track)
