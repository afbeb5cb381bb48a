"""Photographs in a folder, that things are hidden in: disjoint splits of them.

They are kept as bytes, once: one below the other in one array, from which crops
are sliced. Beside them stand small pieces of each, cut once, at several zooms.
"""

import hashlib
import pathlib
import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image

from ram_tf_data.errors import UserError
from ram_tf_data.files import read_image

SPLITS = ("train", "validation", "test")
# Photographs that each split has at least.
LEAST = 4
# Side of a piece in pixels, and how many are cut from each photograph.
PIECE, PIECES = 32, 400

# Of the photographs, one in so many validates, and as many test.
_HELD_OUT = 5
# The same photographs test, whatever seed a model is trained with.
_ORDER_SEED = 20_140_624
# Pixels of a photograph along each axis that are one of a piece.
_ZOOMS = (1, 2, 4)
# Pieces are cut for each that is kept: those with most contrast, since many
# show sky and the like.
_TRIED = 2
_KINDS = (".jpg", ".jpeg", ".png", ".ppm", ".tif", ".tiff", ".webp", ".bmp")


class Photographs(NamedTuple):
    """The photographs of a split, p of them.

    Attributes:
        names: Of their files.
        pixels: All, one below the other, black on the right of those that are
            not the widest, [rows, width, 3] uint8.
        place: First row, height and width of each, [p, 3] int32.
        pieces: PIECES of each in turn, [p * PIECES, PIECE, PIECE, 3] uint8.
    """

    names: tuple[str, ...]
    pixels: np.ndarray
    place: np.ndarray
    pieces: np.ndarray


def divide(folder: str | None) -> dict[str, list[pathlib.Path]]:
    """Files of each split; they depend on the names in the folder alone.

    Args:
        folder: Of image files. What begins with a dot, and what is not called
            as an image, is passed over; so are folders in it.

    Raises:
        UserError: If it is none, or has too few for three splits.
    """
    path = pathlib.Path(folder or "").expanduser()
    if not folder or not path.is_dir():
        raise UserError(
            "--backgrounds must name a folder of photographs. "
            f"Received: {folder}"
        )
    files = sorted(
        file
        for file in path.iterdir()
        if file.suffix.lower() in _KINDS and not file.name.startswith(".")
    )
    if len(files) < len(SPLITS) * LEAST:
        raise UserError(
            f"--backgrounds must have {LEAST} photographs for each of "
            f"{', '.join(SPLITS)}, {len(SPLITS) * LEAST} at least. "
            f"Received: {folder}, with {len(files)}"
        )
    bits = np.random.Philox(key=_ORDER_SEED)
    order = np.random.Generator(bits).permutation(len(files))
    each = max(LEAST, len(files) // _HELD_OUT)
    parts = order[2 * each :], order[:each], order[each : 2 * each]
    return {
        name: [files[k] for k in sorted(part)]
        for name, part in zip(SPLITS, parts, strict=True)
    }


def load(files: list[pathlib.Path], side: int) -> Photographs:
    """Reads the photographs of a split.

    Args:
        files: As `divide` gives them.
        side: Of the largest crop, in pixels; each photograph has as many at
            least in both directions.

    Raises:
        UserError: On a file that cannot be read, or is smaller.
    """
    images = [read_image(str(file), None, channels=3) for file in files]
    for file, image in zip(files, images, strict=True):
        height, width = image.shape[:2]
        if min(height, width) < max(side, PIECE):
            raise UserError(
                "A photograph must be at least as large as the canvas, "
                f"{side}x{side}. Received: {file} of {width}x{height} pixels "
                "(width x height)"
            )
    sizes = np.int32([image.shape[:2] for image in images])
    first = np.cumsum(sizes[:, 0]) - sizes[:, 0]
    pixels = np.zeros((sizes[:, 0].sum(), sizes[:, 1].max(), 3), np.uint8)
    for start, image in zip(first, images, strict=True):
        pixels[start : start + image.shape[0], : image.shape[1]] = image
    return Photographs(
        tuple(file.name for file in files),
        pixels,
        np.concatenate([first[:, None], sizes], axis=1).astype(np.int32),
        np.concatenate(
            [_cut(i, file.name) for i, file in zip(images, files, strict=True)]
        ),
    )


def digest(splits: dict[str, list[pathlib.Path]]) -> str:
    """SHA-256 of all files, in their order."""
    found = hashlib.sha256()
    for files in splits.values():
        for file in files:
            found.update(file.read_bytes())
    return found.hexdigest()


def _cut(image: np.ndarray, name: str) -> np.ndarray:
    """Pieces anywhere in a photograph, the same ones always."""
    bits = np.random.Philox(key=[_ORDER_SEED, zlib.crc32(name.encode())])
    random = np.random.Generator(bits)
    whole = Image.fromarray(image)
    least = min(image.shape[:2])
    zooms = [zoom for zoom in _ZOOMS if zoom * PIECE <= least]
    pieces = []
    for zoom in random.choice(zooms, _TRIED * PIECES):
        size = int(zoom) * PIECE
        row, column = (
            int(random.integers(sides - size + 1)) for sides in image.shape[:2]
        )
        piece = whole.crop((column, row, column + size, row + size))
        pieces.append(np.asarray(piece.reduce(int(zoom))))
    contrast = [piece.std() for piece in pieces]
    kept = np.sort(np.argsort(contrast, kind="stable")[-PIECES:])
    return np.stack(pieces)[kept]
