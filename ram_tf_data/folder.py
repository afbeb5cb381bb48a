"""Folders of labelled pictures: a sub-folder for each class.

Each picture is decoded once, to a canvas in memory, as `ram_tf_data.files`
reads it: larger ones are scaled down with their aspect kept, smaller ones are
not scaled up; the rest of the canvas is black. Where they are too many to be
kept, they are `ram_tf_data.pictures`, and decoded again whenever needed.
"""

import collections
import logging
import math
import pathlib

import numpy as np

from ram_tf_data import memory, pictures
from ram_tf_data.canvas import check_pool
from ram_tf_data.errors import UserError
from ram_tf_data.files import read
from ram_tf_data.gate import Gate
from ram_tf_data.splits import Source, Split

# The same pictures validate, whatever seed a model is trained with.
_ORDER_SEED = 20_140_624


def load(
    train_dir: str,
    test_dir: str | None,
    *,
    side: int,
    channels: int,
    validation_fraction: float,
    standardised: bool = False,
    stream: bool | None = False,
) -> Source:
    """Reads pictures; files that are damaged, or no pictures, are left out.

    Blank pictures, of a single value, stay: a class may be of such. They are
    named and counted.

    Args:
        train_dir: A folder of folders, which are named as the classes and hold
            the pictures, at any depth. What begins with a dot is passed over.
        test_dir: The same for the test; None for no test set.
        side: Of the canvas, in pixels.
        channels: 1 (grey) or 3 (colour).
        validation_fraction: Share of each class of `train_dir` that is held
            out to validate on: at least one picture, and all but one at most.
        standardised: Whether pictures are given equal brightness and contrast.
        stream: Whether images are `Pictures`, read from their files again
            whenever they are needed, instead of arrays; None where they are
            too many to be kept (`pictures.fit`).

    Raises:
        UserError: On folders that are not there or the same, fewer than two
            classes, a class with too few pictures, other classes in
            `test_dir`, too many pixels, or a fraction that is not between 0
            and 1.
    """
    if not 0 < validation_fraction < 1:
        raise UserError(
            "`validation_fraction` must lie between 0 and 1. "
            f"Received: {validation_fraction}"
        )
    train = _folder("train_dir", train_dir)
    names = _class_names(train)
    if len(names) < 2:
        raise UserError(
            "--train_dir must have a sub-folder for each of at least two "
            f"classes. Received: {train_dir}, with {len(names)}"
        )
    test = test_dir and _test_folder(test_dir, train, names)
    gate = Gate(side, channels, standardised=standardised)
    files = {f: _labelled(f, names) for f in (train, test) if f}
    if stream is None:
        count = sum(map(len, files.values()))
        stream = not pictures.fit(count, (side, side, channels))

    def split(folder: pathlib.Path, least: int) -> Split:
        return _read(folder, files[folder], names, gate, stream, least)

    # A picture of each class to train on, another one to validate on.
    return Source(
        *_divide(split(train, 2), validation_fraction),
        test=split(test, 1) if test else None,
        num_classes=len(names),
        repeats=1,
        class_names=names,
    )


def _folder(name: str, path: str | None) -> pathlib.Path:
    folder = pathlib.Path(path or "").expanduser()
    if not path or not folder.is_dir():
        raise UserError(f"--{name} must name a folder. Received: {path}")
    return folder


def _class_names(folder: pathlib.Path) -> tuple[str, ...]:
    """In the order of their names, so that they have the same numbers."""
    return tuple(
        sorted(
            path.name
            for path in folder.iterdir()
            if path.is_dir() and not path.name.startswith(".")
        )
    )


def _test_folder(
    path: str, train: pathlib.Path, names: tuple[str, ...]
) -> pathlib.Path:
    folder = _folder("test_dir", path)
    if folder.samefile(train):
        raise UserError(f"--test_dir must not be --train_dir. Received: {path}")
    found = _class_names(folder)
    if found != names:
        wrong = [f"no {name!r}" for name in names if name not in found]
        wrong += [f"{name!r} too" for name in found if name not in names]
        raise UserError(
            "--test_dir must have the classes of --train_dir. "
            f"Received: {path}, with {', '.join(wrong)}"
        )
    return folder


def _labelled(
    folder: pathlib.Path, names: tuple[str, ...]
) -> list[tuple[pathlib.Path, int]]:
    """All files with the numbers of their classes, shuffled."""
    files = [
        (path, k)
        for k, name in enumerate(names)
        for path in _files(folder / name)
    ]
    bits = np.random.Philox(key=_ORDER_SEED)
    order = np.random.Generator(bits).permutation(len(files))
    return [files[row] for row in order]


def _read(
    folder: pathlib.Path,
    files: list[tuple[pathlib.Path, int]],
    names: tuple[str, ...],
    gate: Gate,
    stream: bool,
    least: int,
) -> Split:
    """All sound pictures; each class must have so many at least."""
    paths = [path for path, _ in files]
    if not stream:
        _check_memory(folder, (len(paths), gate.side, gate.side, gate.channels))
    read_all = pictures.look_at if stream else _decode
    images, blank, problems = read_all(list(map(str, paths)), gate)
    sound = np.array([problem is None for problem in problems], bool)
    _tell(folder, paths, blank, problems)
    label = np.array([k for _, k in files], np.int32)
    # Links lead to the same file.
    origin = np.array([str(path.resolve()) for path in paths], object)
    split = Split(images, label, origin)
    if not sound.all():
        split = split.take(sound)
    _check_classes(folder, names, split.label, least)
    return split


def _tell(
    folder: pathlib.Path,
    paths: list[pathlib.Path],
    blank: np.ndarray,
    problems: list[str | None],
) -> None:
    """Names and counts files that are left out, and blank pictures."""
    for problem in filter(None, problems):
        logging.warning("left out: %s", problem)
    left_out = len(paths) - problems.count(None)
    if left_out:
        logging.warning(
            "%d of %d files in %s are left out", left_out, len(paths), folder
        )
    for row in np.flatnonzero(blank):
        logging.warning("blank: %s", paths[row])
    if blank.any():
        logging.warning(
            "%d of %d pictures in %s are blank, of a single value; they stay",
            blank.sum(),
            problems.count(None),
            folder,
        )


def _files(folder: pathlib.Path) -> list[pathlib.Path]:
    """In an order that does not depend on the file system; none is hidden."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not _is_hidden(path.relative_to(folder))
    )


def _is_hidden(path: pathlib.Path) -> bool:
    """Whether it is in a hidden folder, such as .ipynb_checkpoints, or is."""
    return any(part.startswith(".") for part in path.parts)


def _check_memory(
    folder: pathlib.Path, shape: tuple[int, int, int, int]
) -> None:
    """Raises UserError on pictures [n, h, w, C] that are too many to keep."""
    memory.check(
        "All pictures, on their canvases,",
        math.prod(shape),
        f"{shape[0]} of {'x'.join(map(str, shape[1:]))} in {folder}",
    )
    check_pool(shape)


def _decode(
    paths: list[str], gate: Gate
) -> tuple[np.ndarray, np.ndarray, list[str | None]]:
    """Canvases [n, ...]; which are blank; what was wrong with each file."""
    images = np.zeros(
        (len(paths), gate.side, gate.side, gate.channels), np.uint8
    )
    blank = np.zeros(len(paths), bool)

    def fill(row: int) -> str | None:
        try:
            images[row], blank[row], _ = read(paths[row], gate)
        except UserError as error:
            return str(error)
        return None

    told = pictures.each(fill, range(len(paths)), told=True)
    return images, blank, list(told)


def _check_classes(
    folder: pathlib.Path, names: tuple[str, ...], label: np.ndarray, least: int
) -> None:
    counts = collections.Counter(label.tolist())
    few = [
        f"{name!r} with {counts[k]}"
        for k, name in enumerate(names)
        if counts[k] < least
    ]
    if few:
        raise UserError(
            f"Each class in {folder} needs at least {least} sound "
            f"picture{'s' * (least > 1)}. Received: {', '.join(few)}"
        )


def _divide(split: Split, fraction: float) -> tuple[Split, Split]:
    """Training and validation parts, with equal shares of the classes."""
    held_out = np.zeros(len(split.label), bool)
    for k in np.unique(split.label):
        rows = np.flatnonzero(split.label == k)
        count = np.clip(round(fraction * len(rows)), 1, len(rows) - 1)
        held_out[rows[:count]] = True
    return split.take(~held_out), split.take(held_out)
