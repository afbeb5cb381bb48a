"""SVHN's cropped digits: colour, 32x32, the labelled digit in the middle.

Crops of one house number overlap, and are neighbours in the order of SVHN. So
splits are made in that order: those of one number stay together.
"""

import pathlib

import numpy as np

from ram_tf_data import arrays, prepared
from ram_tf_data.errors import UserError
from ram_tf_data.facts import FACTS
from ram_tf_data.splits import Source, Split

SMALL_FILE = "svhn_train_first1083_32x32.npz"


def load_cropped(name: str, data_dir: str | None) -> Source:
    """TFDS's svhn_cropped; the last of its training images validate.

    One number may lie on both sides of the cut.

    Raises:
        SourceError: If TFDS has not got the data and cannot fetch it.
    """
    train, test = prepared.read(name, data_dir, "train", "test")
    order = np.argsort(train["id"])  # TFDS shuffles.
    facts = FACTS[name]
    share = facts.train / (facts.train + facts.validation)
    first = round(len(order) * share)
    known = Split.whole("train", train["image"], train["label"])
    unknown = Split.whole("test", test["image"], test["label"])
    return _source(
        known.take(order[:first]),
        known.take(order[first:]),
        unknown.take(np.argsort(test["id"])),
    )


def load_small(name: str, data_dir: str | None) -> Source:
    """The first crops of SVHN's training set, in one file, split by number.

    Of the house numbers 70% are trained on, 15% validate, 15% test.

    Args:
        name: Unused.
        data_dir: Folder of SMALL_FILE: an .npz with "X" [n, 32, 32, 3] uint8,
            "y" [n] and "png_id" [n], the house number's.

    Raises:
        UserError: If the file is not there, or holds something else.
    """
    del name
    path = pathlib.Path(data_dir or "", SMALL_FILE)
    if not path.is_file():
        raise UserError(
            f"--source=svhn_small needs --data_dir, the folder of {SMALL_FILE}."
            f" Received: --data_dir={data_dir}"
        )
    image, label, number = arrays.read(path, ("X", "y", "png_id"))
    numbers = np.unique(number)
    cuts = numbers[[len(numbers) * 70 // 100, len(numbers) * 85 // 100]]
    part = np.searchsorted(cuts, number, side="right")
    whole = Split.whole("X", image, label)
    return _source(*(whole.take(part == i) for i in range(3)))


def _source(train: Split, validation: Split, test: Split) -> Source:
    return Source(train, validation, test, num_classes=10, repeats=1)
