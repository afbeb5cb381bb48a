"""A drawn or photographed digit, found and laid as MNIST's digits lie.

It is what the browser page does with strokes (ram_tf_web/page/strokes.js), here
with pixels: light on black, scaled to MNIST's box, with strokes at least as
wide as MNIST's, and the centre of mass in the middle.
"""

import numpy as np
from PIL import Image

# Pixels along a side of the box that MNIST scales its digits to, and of its
# images.
BOX = 20
SIDE = 28

_STROKE = 2.6  # Width of MNIST's strokes, in its pixels.
# Ink smaller than this part of the picture is not blown up: a dot stays one.
_SMALLEST = 0.1
_LONGEST = 400  # Larger pictures are scaled down to this.
_BLOCK = 4  # Pixels along a side of the blocks in which ink hangs together.
_COARSE = 64  # What ground is like is seen at so many pixels.
# Ground is what varies over this part of the picture; ink is narrower.
_KERNEL = 0.25
_NEARBY = 0.4  # What is most of this part is ground.
_CONTRAST = 0.05  # Of all values from 0 to 1: fainter ink is none.
_NOISE = 5  # Deviations of the ground: likewise.
_MINOR = 0.05  # Ink of less than this part of the largest piece is a speck.


def find(picture: np.ndarray) -> np.ndarray:
    """A digit's ink as an image of MNIST.

    The ground may be uneven, as by shadows. Which way ink differs from it is
    read off the picture: ink is the lesser part. What touches the edge is
    ink only if there is little else.

    Args:
        picture: [H, W, C], uint8 or uint16, with one digit on it whose strokes
            are not wider than a quarter of the picture.

    Returns:
        [28, 28, 1] uint8; all 0 where there is no ink.
    """
    top = np.iinfo(picture.dtype).max
    grey = _shrunk((picture.astype(np.float32) / top).mean(axis=-1))
    if _is_dark(grey):
        grey = 1 - grey
    ink = grey - _ground(grey)
    ink -= np.median(ink)
    noise = 1.4826 * np.median(np.abs(ink))
    ink = np.maximum(0, ink)
    mask = _digit(ink)
    if mask.any():
        # What touched the edge may have been stronger.
        ink = ink * _widened(mask, 5)
        mask = _digit(ink)
    level = np.median(ink[mask]) if mask.any() else 0
    if level <= max(_CONTRAST, _NOISE * noise):
        return np.zeros((SIDE, SIDE, 1), np.uint8)
    ink = np.minimum(1, ink * _widened(mask, 3) / level)
    return _laid(_thickened(ink, mask))[..., None]


def _shrunk(grey: np.ndarray) -> np.ndarray:
    factor = _LONGEST / max(grey.shape)
    if factor >= 1:
        return grey
    return _resized(grey, [round(factor * length) for length in grey.shape])


def _resized(values: np.ndarray, shape: list[int]) -> np.ndarray:
    """Averages or interpolates [H, W] float32; each side at least a pixel."""
    size = [max(1, length) for length in reversed(shape)]
    image = Image.fromarray(values.astype(np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR))


def _is_dark(grey: np.ndarray) -> bool:
    """Whether ink is darker than its ground, of which there is more nearby."""
    small = _resized(grey, [min(_COARSE, length) for length in grey.shape])
    size = _odd(_NEARBY * max(small.shape))
    padded = np.pad(small, size // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size))
    nearby = np.median(windows, axis=(2, 3))
    return bool(((small - nearby) ** 3).sum() < 0)


def _ground(grey: np.ndarray) -> np.ndarray:
    """What is behind light ink: the picture without what is narrow."""
    small = _resized(grey, [min(_COARSE, length) for length in grey.shape])
    size = _odd(_KERNEL * max(small.shape))
    opened = _spread(_spread(small, size, np.min), size, np.max)
    return _resized(opened, list(grey.shape))


def _odd(length: float) -> int:
    return 2 * round(length / 2) + 1


def _spread(values: np.ndarray, size: int, best) -> np.ndarray:
    """The least or the greatest of the size x size pixels around each."""
    for axis in (0, 1):
        padding = [(0, 0), (0, 0)]
        padding[axis] = (size // 2, size // 2)
        padded = np.pad(values, padding, mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis)
        values = best(windows, axis=-1)
    return values


def _widened(mask: np.ndarray, size: int) -> np.ndarray:
    return _spread(mask, size, np.max)


def _digit(ink: np.ndarray) -> np.ndarray:
    """Where the ink of the digit is, [H, W] bool."""
    # The strongest are few pixels: thin strokes are a hundredth of a picture.
    mask = ink > 0.4 * max(np.quantile(ink, 0.998), 1e-6)
    pieces = _pieces(mask)
    mass = np.bincount(pieces.ravel(), weights=(ink * mask).ravel())
    mass[0] = 0
    sides = (pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1])
    touching = np.bincount(np.concatenate(sides), minlength=len(mass))
    for at_edge, least in (
        # Along a part of an edge lies a table or a shadow; where less touches
        # it may be a digit that fills its picture.
        (touching >= 0.25 * max(mask.shape), 0.01),
        (touching > 0, 0.2),
    ):
        inside = np.where(at_edge, 0, mass)
        if inside.sum() >= least * mass.sum():
            mass = inside
    kept = mass >= _MINOR * max(mass.max(), 1e-6)
    return mask & kept[pieces]


def _pieces(mask: np.ndarray) -> np.ndarray:
    """A number for each piece of a mask that hangs together, from 1.

    Pieces whose blocks of pixels touch are one.
    """
    height, width = mask.shape
    padded = np.pad(mask, [(0, -height % _BLOCK), (0, -width % _BLOCK)])
    rows, columns = (length // _BLOCK for length in padded.shape)
    blocks = padded.reshape(rows, _BLOCK, columns, _BLOCK).any(axis=(1, 3))
    number = np.arange(1, blocks.size + 1).reshape(blocks.shape) * blocks
    while True:
        spread = _spread(number, 3, np.max) * blocks
        if (spread == number).all():
            break
        number = spread
    number = np.unique(number, return_inverse=True)[1].reshape(blocks.shape)
    number += bool(blocks.all())  # 0 is for what is no piece.
    full = np.repeat(np.repeat(number, _BLOCK, 0), _BLOCK, 1)
    return full[:height, :width] * mask


def _thickened(ink: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Strokes that would be thinner than MNIST's made as wide."""
    core = _spread(mask, 3, np.min)
    # A pixel of width is lost at each side.
    length = max(1, (mask.sum() - core.sum()) / 2)
    width = mask.sum() / length
    # So that (width + 2 radius) / (extent + 2 radius) = STROKE / BOX.
    missing = (_STROKE * _extent(mask) - BOX * width) / (BOX - _STROKE)
    radius = max(0, round(missing / 2))
    return _spread(np.pad(ink, radius), 2 * radius + 1, np.max)


def _extent(mask: np.ndarray) -> float:
    """Of the ink's longer side, or what this part of a picture counts as."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    longer = max(np.ptp(rows), np.ptp(columns)) + 1
    return max(longer, _SMALLEST * max(mask.shape))


def _laid(ink: np.ndarray) -> np.ndarray:
    """Ink scaled to the box, on an image of MNIST, by its centre of mass."""
    mask = ink > 0.5
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    length = SIDE / BOX * _extent(mask)
    start = _centre(ink) - length / 2
    if length <= SIDE:  # What is not scaled down stays sharp.
        start = np.round(start)
    # It stays whole, however its mass lies.
    first = np.array([rows[0], columns[0]])
    last = np.array([rows[-1] + 1, columns[-1] + 1])
    margin = int(np.ceil(length))
    top, left = np.clip(start, last - length, first) + margin
    image = Image.fromarray(np.pad(ink, margin).astype(np.float32)).resize(
        (SIDE, SIDE),
        Image.Resampling.BILINEAR,
        box=(left, top, left + length, top + length),
    )
    return np.rint(255 * np.asarray(image)).clip(0, 255).astype(np.uint8)


def _centre(ink: np.ndarray) -> np.ndarray:
    """Of mass, (y, x); pixel i lies at i + 0.5."""
    total = ink.sum()
    y = (ink.sum(axis=1) * (np.arange(ink.shape[0]) + 0.5)).sum() / total
    x = (ink.sum(axis=0) * (np.arange(ink.shape[1]) + 0.5)).sum() / total
    return np.array([y, x])
