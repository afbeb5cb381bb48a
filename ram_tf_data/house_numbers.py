"""House numbers, in the full-number format of SVHN (Netzer et al., 2011).

A folder of PNG files with `digitStruct.mat`, which is MATLAB's v7.3, that is
HDF5. `digitStruct/name` and `digitStruct/bbox`, [n, 1], refer to the codes of a
file name's characters, and to a group of `left`, `top`, `width`, `height` and
`label`, each [digits, 1]: references to one number each or, where there is one
digit only, the number itself. The label of the digit 0 is 10.
"""

import logging
import pathlib
from typing import NamedTuple

import h5py
import numpy as np
from PIL import Image

from ram_tf_data import regular
from ram_tf_data.errors import UserError
from ram_tf_data.files import read_image
from ram_tf_data.numbers import END
from ram_tf_data.splits import Source, Split

_FILE = "digitStruct.mat"
_FIELDS = ("left", "top", "width", "height", "label")
# What is cut out is so much larger than the box around all digits
# (Goodfellow et al., arXiv 1312.6082, section 5.1).
_EXPANSION = 1.3
# One of so many training images is for validation.
_VALIDATION = 10


class HouseNumber(NamedTuple):
    """What digitStruct.mat says of an image.

    Attributes:
        name: Of the file.
        boxes: Left, top, width, height of each digit in pixels, [k, 4].
        digits: [k], 0 to 9.
    """

    name: str
    boxes: np.ndarray
    digits: np.ndarray


def load(folder: str, side: int, max_digits: int) -> Source:
    """Loads house numbers, each cut out of its image and scaled to a square.

    Args:
        folder: Has the folders train and test.
        side: Pixels along a side that the cut-outs are scaled to; as in the
            literature their aspect is not kept.
        max_digits: Longer numbers are left out, and their count is logged.

    Returns:
        A Source, each label being [n, max_digits + 1]: the digits, and END in
        all places behind them. Every tenth training image is for validation.

    Raises:
        UserError: If something is missing or is not in the format.
    """
    path = pathlib.Path(folder)
    train = _load_split(path / "train", side, max_digits)
    test = _load_split(path / "test", side, max_digits)
    held_out = np.arange(len(train.label)) % _VALIDATION == _VALIDATION - 1
    source = Source(
        train.take(~held_out),
        train.take(held_out),
        test,
        num_classes=10,
        repeats=1,
    )
    if not len(source.validation.label):
        raise UserError(
            f"{path / 'train'} must have at least {_VALIDATION} numbers of at "
            f"most {max_digits} digits. Received: {len(train.label)}"
        )
    return source


def read_digit_struct(path: pathlib.Path) -> list[HouseNumber]:
    """Reads a digitStruct.mat.

    Raises:
        UserError: If it is not there, or not in the format.
    """
    regular.check(path)
    if not path.exists():
        raise UserError(f"There is no {path}.")
    try:
        with h5py.File(path) as file:
            names = file["digitStruct/name"][:, 0]
            boxes = file["digitStruct/bbox"][:, 0]
            return [
                _house_number(file, name, box)
                for name, box in zip(names, boxes, strict=True)
            ]
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise UserError(
            f"{path} is not a digitStruct.mat of SVHN, MATLAB v7.3 "
            f"({type(error).__name__}: {error})."
        ) from error


def cut_out(image: Image.Image, boxes: np.ndarray, side: int) -> np.ndarray:
    """The image around boxes [k, 4], as [side, side, 3] uint8.

    What is cut out is 30% wider and higher than the box around all of them,
    as far as the image goes.
    """
    start = boxes[:, :2].min(axis=0)
    end = (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    margin = (end - start) * (_EXPANSION - 1) / 2
    left, top = np.maximum(0, np.floor(start - margin)).astype(int)
    right, bottom = np.minimum(image.size, np.ceil(end + margin)).astype(int)
    crop = image.convert("RGB").crop((left, top, right, bottom))
    return np.asarray(crop.resize((side, side), Image.Resampling.BILINEAR))


def _house_number(file: h5py.File, name, box) -> HouseNumber:
    characters = file[name][:, 0]
    group = file[box]
    fields = {field: _numbers(file, group[field]) for field in _FIELDS}
    labels = fields.pop("label").astype(np.int32)
    if not len(labels) or labels.min() < 1 or labels.max() > 10:
        raise UserError(f"labels must lie in [1, 10], not {labels.tolist()}")
    boxes = np.stack(list(fields.values()), axis=1)
    return HouseNumber("".join(map(chr, characters)), boxes, labels % 10)


def _numbers(file: h5py.File, values: h5py.Dataset) -> np.ndarray:
    """The values of one field for all k digits of a picture, [k]."""
    if h5py.check_ref_dtype(values.dtype) is None:
        return values[:, 0]
    return np.array([file[reference][0, 0] for reference in values[:, 0]])


def _load_split(folder: pathlib.Path, side: int, max_digits: int) -> Split:
    found = read_digit_struct(folder / _FILE)
    kept = [number for number in found if len(number.digits) <= max_digits]
    if len(kept) < len(found):
        logging.warning(
            "%s: %d of %d numbers have more than %d digits and are left out",
            folder,
            len(found) - len(kept),
            len(found),
            max_digits,
        )
    image = np.empty([len(kept), side, side, 3], np.uint8)
    label = np.full([len(kept), max_digits + 1], END, np.int32)
    for row, number in enumerate(kept):
        label[row, : len(number.digits)] = number.digits
        picture = Image.fromarray(_pixels(folder / number.name))
        image[row] = cut_out(picture, number.boxes, side)
    files = [str((folder / number.name).resolve()) for number in kept]
    return Split(image, label, np.array(files, object))


def _pixels(path: pathlib.Path) -> np.ndarray:
    try:
        return read_image(str(path), None, 3)
    except UserError as error:
        raise UserError(
            f"{path} is named in {_FILE} and cannot be read: {error}"
        ) from error
