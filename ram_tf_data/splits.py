"""What a source gives: labelled images, in disjoint splits.

Splits that share rows in memory, rows of a set, or files cannot be made. Images
of equal content are another matter, since real sets have some: see
`ram_tf_data.contents`.
"""

import dataclasses
import itertools
from typing import NamedTuple

import numpy as np

from ram_tf_data.errors import UserError

_NAMED = 3  # Of what is shared; the rest is counted.


class Split(NamedTuple):
    """Labelled images.

    Attributes:
        image: [n, h, w, C] uint8; or `pictures.Pictures`, which stand for it
            and are read from their files.
        label: [n] int32.
        origin: What each image is called where it comes from, a file or the
            row of a set, [n]; None if nothing is known of it.
    """

    image: np.ndarray
    label: np.ndarray
    origin: np.ndarray | None = None

    @classmethod
    def whole(cls, name: str, image: np.ndarray, label: np.ndarray) -> "Split":
        """All of a set; its rows are called NAME[0], NAME[1], and so on."""
        origin = [f"{name}[{row}]" for row in range(len(label))]
        return cls(image, np.asarray(label, np.int32), np.array(origin, object))

    def take(self, rows: slice | np.ndarray) -> "Split":
        """Some of its rows: a slice, indices, or whether to take each."""
        origin = None if self.origin is None else self.origin[rows]
        return Split(self.image[rows], self.label[rows], origin)

    def called(self, row: int) -> str:
        """What an image is called where it comes from, or its number."""
        return f"[{row}]" if self.origin is None else str(self.origin[row])


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """Disjoint splits, and how often evaluation places each image.

    Attributes:
        train: Trained on.
        validation: Models are chosen on it.
        test: Read once, at the end; None if there is none.
        num_classes: K.
        repeats: Canvases made of each validation or test image.
        class_names: K names; None if the classes are just numbers.

    Raises:
        UserError: On splits that share rows or what these come from, or a split
            with not as many labels as images.
    """

    train: Split
    validation: Split
    test: Split | None
    num_classes: int
    repeats: int
    class_names: tuple[str, ...] | None = None

    def __post_init__(self):
        for name, split in self.splits.items():
            _check_lengths(name, split)
        for pair in itertools.combinations(self.splits.items(), 2):
            (one, first), (other, second) = pair
            _check_apart(f"{one} and {other}", first, second)

    @property
    def splits(self) -> dict[str, Split]:
        """Those that there are, by name."""
        three = {
            "train": self.train,
            "validation": self.validation,
            "test": self.test,
        }
        return {name: s for name, s in three.items() if s is not None}


def _check_lengths(name: str, split: Split) -> None:
    lengths = [len(part) for part in split if part is not None]
    if len(set(lengths)) > 1:
        raise UserError(
            "A split must have a label, and an origin if any, for each image. "
            f"Received: {name} with {', '.join(map(str, lengths))}"
        )


def _check_apart(names: str, first: Split, second: Split) -> None:
    """Raises UserError if two splits share what they must not share."""
    if first.origin is not None and second.origin is not None:
        known = set(first.origin)
        shared = [origin for origin in second.origin if origin in known]
        if shared:
            named = ", ".join(map(str, shared[:_NAMED]))
            named += ", ..." if len(shared) > _NAMED else ""
            raise UserError(
                "Splits must not share images. "
                f"Received: {names}, which share {len(shared)}: {named}"
            )
    if count := _shared_rows(first.image, second.image):
        raise UserError(
            "Splits must not share rows of an array. "
            f"Received: {names}, which share {count} in memory"
        )


def _shared_rows(one: np.ndarray, other: np.ndarray) -> int:
    """How many rows of one array have memory in common with another's."""
    arrays = isinstance(one, np.ndarray) and isinstance(other, np.ndarray)
    if not arrays or not np.may_share_memory(one, other):
        return 0
    start, end = _extents(one)
    starts, ends = _extents(other)
    order = np.argsort(starts)
    # The furthest end of those rows that start before a row ends.
    furthest = np.maximum.accumulate(ends[order])
    before = np.searchsorted(starts[order], end)
    return int(((before > 0) & (furthest[before - 1] > start)).sum())


def _extents(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where rows start in memory, and where they end."""
    (size, *shape), (step, *strides) = array.shape, array.strides
    reach = [(n - 1) * s for n, s in zip(shape, strides, strict=True)]
    first = array.__array_interface__["data"][0] + sum(min(0, r) for r in reach)
    start = first + step * np.arange(size)
    return start, start + sum(map(abs, reach)) + array.itemsize
