"""Pictures in files that are too many to be kept: decoded when they are needed.

They are looked at once, to find what is damaged and to know what each shows.
"""

import functools
import hashlib
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import tqdm

from ram_tf_data import memory
from ram_tf_data.errors import UserError
from ram_tf_data.files import read
from ram_tf_data.gate import Gate

# Of the memory, what pictures may take that are kept, which they are twice.
_SHARE, _KEPT = 1 / 2, 2
_NUMBERED = 2**31  # Pixels of images in memory have numbers of 32 bits.


class Pictures:
    """Stands where an array of images [n, side, side, C] uint8 would stand.

    Some of them, as a slice or an array of rows takes them, are Pictures, too.
    `np.asarray` decodes them all, in parallel: take few enough.

    Args:
        paths: Their files, [n] str.
        digests: What `digest` gives for each, [n] bytes.
        gate: What becomes of a file; it has a side.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, paths: np.ndarray, digests: np.ndarray, gate: Gate):
        self.paths = paths
        self.digests = digests
        self._gate = gate

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array that they stand for."""
        side = self._gate.side or 0
        return len(self.paths), side, side, self._gate.channels

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, rows: slice | np.ndarray) -> "Pictures":
        return type(self)(self.paths[rows], self.digests[rows], self._gate)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        del copy  # It is new always.
        memory.check(
            "Pictures that are decoded at once",
            math.prod(self.shape),
            "x".join(map(str, self.shape)),
        )
        images = np.zeros(self.shape, np.uint8)

        def fill(row: int) -> None:
            images[row] = self.read(row)

        for _ in each(fill, range(len(self))):
            pass
        return images if dtype is None else images.astype(dtype, copy=False)

    def read(self, row: int) -> np.ndarray:
        """One of them, [side, side, C].

        Raises:
            UserError: If its file is not there any more, is damaged, or shows
                something else than when it was looked at.
        """
        path = self.paths[row]
        pixels = read(path, self._gate).pixels
        if digest(pixels) != self.digests[row]:
            raise UserError(
                "Pictures that are read while a run goes on must stay as they "
                f"were at its start. Received: {path!r}, which has changed"
            )
        return pixels


def digest(image: np.ndarray) -> bytes:
    """Equal for images of equal content, and for no others."""
    content = np.ascontiguousarray(image)
    return hashlib.blake2b(content, digest_size=16).digest()


def look_at(
    paths: Sequence[str], gate: Gate
) -> tuple[Pictures, np.ndarray, list[str | None]]:
    """Decodes files once and keeps none.

    Returns:
        All as pictures, those that are damaged, too; which are blank, [n]
        bool; and what is wrong with each file, or None.
    """
    looked = list(each(functools.partial(_look, gate=gate), paths, told=True))
    digests, blank, problems = zip(*looked, strict=True) if looked else [()] * 3
    pictures = Pictures(
        np.array(paths, object), np.array(digests, object), gate
    )
    return pictures, np.array(blank, bool), list(problems)


def _look(path: str, gate: Gate) -> tuple[bytes, bool, str | None]:
    try:
        pixels, blank, _ = read(path, gate)
    except UserError as error:
        return b"", False, str(error)
    return digest(pixels), blank, None


def fit(count: int, shape: tuple[int, int, int]) -> bool:
    """Whether so many pictures [h, w, C] are few enough to be kept."""
    pixels = count * shape[0] * shape[1]
    most = _SHARE * memory.machine()
    return pixels < _NUMBERED and _KEPT * pixels * shape[2] <= most


def each(
    function: Callable[[Any], Any], values: Sequence[Any], told: bool = False
) -> Iterable[Any]:
    """What a function makes of each value, in threads.

    Args:
        function: Called with each; Pillow decodes outside the GIL.
        values: The values.
        told: Whether a bar shows how far it has come.
    """
    with ThreadPoolExecutor() as threads:
        yield from tqdm.tqdm(
            threads.map(function, values),
            total=len(values),
            unit="picture",
            disable=not (told and sys.stderr.isatty()),
            dynamic_ncols=True,
        )
