"""What a policy over cells is told of each cell of a retina."""

from typing import cast

import numpy as np
import tensorflow as tf

from ram_tf import xla
from ram_tf.types import Glimpse, Tensor

# Widths about fixations, in those of a cell's nearness.
_VISITED = (1.0, 4.0)
# Side of what a filter sees, in cells.
FIELD = 5
# The mean square of ink below which a window is as good as empty; a digit's
# cells have about 1.
_LITTLE_INK = 0.01
# The mean square of colours about their mean below which a window is as good as
# of one colour: eight levels of 255.
_LITTLE_COLOUR = 0.001
# The same of contrast: two and a half levels.
_LITTLE_CONTRAST = 0.0001


def given(glimpse: Glimpse, fixations: tf.Tensor) -> list[tf.Tensor]:
    """Ink, means about it, radius, nearness to fixations, and contrast.

    Args:
        glimpse: What was seen.
        fixations: [N, 2 K] pixels, y and x by turns.

    Returns:
        Nine numbers of each cell, each [N or 1, S, g, g].
    """
    places = cast(Tensor, glimpse.places)
    scales, size = places.shape[1:3]
    ink = _ink(glimpse.windows, scales, size)
    flat = tf.reshape(ink, [-1, size * size])
    around = tf.matmul(flat, averaging(size))
    around = tf.reshape(around, [-1, scales, 2, size, size])
    shown = [ink, around[:, :, 0], around[:, :, 1]]
    shown = [xla.barrier(values) for values in shown]
    usual = _one_over_usual(ink)
    return [
        *shown,
        *looked_at(places, fixations),
        *[values * usual for values in shown],
    ]


def _ink(windows, scales: int, size: int) -> tf.Tensor:
    """[N, S, g, g], of windows [N, g, g, S * C]."""
    channels = windows.shape[-1] // scales
    windows = tf.reshape(windows, [-1, size, size, scales, channels])
    windows = tf.transpose(tf.reduce_mean(windows, axis=-1), [0, 3, 1, 2])
    mean = tf.reduce_mean(windows, axis=[2, 3], keepdims=True)
    blocks = np.float32(2.0 ** np.arange(scales) / 8).reshape([-1, 1, 1])
    return xla.barrier(tf.sqrt(tf.nn.relu(windows - mean)) * blocks)


def _one_over_usual(ink: tf.Tensor) -> tf.Tensor:
    """One over the ink that is usual in a window, [N, S, 1, 1]."""
    square = tf.reduce_mean(tf.square(ink), axis=[2, 3], keepdims=True)
    return xla.barrier(tf.math.rsqrt(square + _LITTLE_INK))


def averaging(size: int) -> np.ndarray:
    """[g^2, 2 g^2]: means over 3 x 3 and then 5 x 5 cells, 0 outside."""
    apart = np.abs(np.arange(size)[:, None] - np.arange(size))
    bands = {side: np.float32(apart <= side // 2) for side in (3, 5)}
    means = [np.kron(band, band) / side**2 for side, band in bands.items()]
    return np.concatenate(means, axis=1)


def directions(size: int) -> list[tf.Tensor]:
    """How far below the middle each cell is, and to the right: [1, 1, g, g]."""
    out = np.broadcast_to(_out(size), [1, 1, size, size])
    return [tf.constant(np.swapaxes(out, 2, 3)), tf.constant(out)]


def _out(size: int) -> np.ndarray:
    """How far right of the middle each column's centre is, -1 to 1: [g]."""
    middle = (size - 1) / 2
    return (np.arange(size, dtype=np.float32) - middle) / (size / 2)


def _radius(size: int) -> np.ndarray:
    """How far out each cell is, [g, g]."""
    out = np.abs(_out(size))
    return np.maximum(out[:, None], out)


def _widths(places, pixels: int) -> np.ndarray:
    """How near is near, in each window whose first has cells of these, [S]."""
    scales, size = places.shape[1:3]
    widths = np.maximum(pixels * 2.0 ** np.arange(scales), size)
    return widths.astype(np.float32)


def _visited(places, fixations, widths, counts=None) -> tf.Tensor:
    """How near fixations [N, 2 K] are to the cells: [N, S, g, g].

    Args:
        places: As for `looked_at`.
        fixations: As for `looked_at`.
        widths: [S].
        counts: How much each fixation counts, [N, K]; None for 1.
    """
    count = fixations.shape[-1] // 2
    made = tf.reshape(fixations, [-1, count, 1, 1, 2])
    apart = tf.abs(places[:, None] - made) / widths[:, None, None]
    near = tf.nn.relu(1.0 - apart)
    rows, columns = near[..., :, None, 0], near[..., None, :, 1]
    if counts is not None:
        rows *= counts[:, :, None, None, None]
    return tf.reduce_sum(rows * columns, axis=1)


def shown(glimpse: Glimpse) -> tf.Tensor:
    """Colours and contrast less the mean of their window, over the usual.

    The usual is the root of the mean square of that, and a little: in any
    photograph, light and window they are as large. Outside of the image they
    are 0, and they know nothing of it.

    Args:
        glimpse: What was seen, and its contrast.

    Returns:
        [N, S, g, g, 2 C].
    """
    places = cast(Tensor, glimpse.places)
    inside = (places >= 0) & (places < cast(Tensor, glimpse.sides))
    inside = tf.cast(inside, tf.float32)
    inside = inside[..., :, None, 0] * inside[..., None, :, 1]
    inside = inside[..., None]
    values = [
        _standard(glimpse.windows, inside, _LITTLE_COLOUR),
        _standard(glimpse.contrast, inside, _LITTLE_CONTRAST),
    ]
    return xla.barrier(tf.concat(values, axis=-1))


def _standard(windows, inside, little: float) -> tf.Tensor:
    """[N, S, g, g, C], of windows [N, g, g, S * C], where inside is 1."""
    scales, size = inside.shape[1:3]
    channels = windows.shape[-1] // scales
    windows = tf.reshape(windows, [-1, size, size, scales, channels])
    windows = tf.transpose(windows, [0, 3, 1, 2, 4])
    cells = tf.maximum(tf.reduce_sum(inside, axis=[2, 3], keepdims=True), 1.0)
    mean = tf.reduce_sum(windows * inside, axis=[2, 3], keepdims=True) / cells
    apart = (windows - mean) * inside
    square = tf.reduce_sum(tf.square(apart), axis=[2, 3, 4], keepdims=True) / (
        cells * channels
    )
    return apart * tf.math.rsqrt(square + little)


def looked_at(places: tf.Tensor, fixations: tf.Tensor) -> list[tf.Tensor]:
    """Radius, and nearness to fixations: what `given` tells of no image.

    Args:
        places: Of the cells, [N, S, g, 2].
        fixations: [N, 2 K] pixels, y and x by turns.

    Returns:
        Three numbers of each cell, each [N or 1, S, g, g].
    """
    size = places.shape[2]
    widths = _widths(places, 1)
    return [
        tf.constant(_radius(size))[None, None],
        *(
            xla.barrier(_visited(places, fixations, wider * widths))
            for wider in _VISITED
        ),
    ]


def left(
    places: tf.Tensor, fixations: tf.Tensor, pixels: int, apart: int
) -> list[tf.Tensor]:
    """Radius, and nearness to the present fixation, and to those it has left.

    Of the others each counts as far as it is from the present one: where the
    eye has stayed, it has not left.

    Args:
        places: Of the cells, [N, S, g, 2].
        fixations: [N, 2 K] pixels, y and x by turns, the present one first.
        pixels: Side of a cell of the first window.
        apart: How far from the present one a fixation counts in full.

    Returns:
        Four numbers of each cell, each [N or 1, S, g, g]: the radius, and
        nearness to the present fixation and, twice, to those left, within the
        two widths of `looked_at`.
    """
    widths = _widths(places, pixels)
    here, others = fixations[:, :2], fixations[:, 2:]
    moved = tf.abs(
        tf.reshape(others, [-1, others.shape[1] // 2, 2]) - here[:, None]
    )
    gone = 1.0 - tf.reduce_prod(tf.nn.relu(1.0 - moved / apart), axis=-1)
    return [
        tf.constant(_radius(places.shape[2]))[None, None],
        xla.barrier(_visited(places, here, widths)),
        *(
            xla.barrier(_visited(places, others, wider * widths, gone))
            for wider in _VISITED
        ),
    ]


def learnt(shown: tf.Tensor, kernel, bias) -> tf.Tensor:
    """What filters give of cells, [N, S, g * g, filters].

    Args:
        shown: Ink, [N, S, g, g].
        kernel: [FIELD^2, filters].
        bias: [filters].
    """
    scales, size = shown.shape[1:3]
    room = FIELD // 2
    # A product for a whole row of cells: it has more multiply-adds than one for
    # each cell, and takes a quarter of the time, which goes into copies.
    rows = tf.pad(
        tf.reshape(shown, [-1, size, size]), [[0, 0], [room, room], [0, 0]]
    )
    rows = tf.concat([rows[:, i : i + size] for i in range(FIELD)], axis=-1)
    rows = xla.barrier(tf.reshape(rows, [-1, FIELD * size]))
    found = tf.matmul(rows, for_a_row(kernel, size)) + tf.tile(bias, [size])
    found = tf.nn.relu(found)
    return tf.reshape(found, [-1, scales, size * size, kernel.shape[-1]])


def for_a_row(kernel, size: int) -> tf.Tensor:
    """Filters of one cell as those of a row of cells.

    Args:
        kernel: [FIELD^2, filters].
        size: g.

    Returns:
        [FIELD * g, g * filters], of FIELD rows of cells about that row.
    """
    kernel = tf.reshape(kernel, [FIELD, FIELD, -1])
    apart = np.arange(size)[:, None] - np.arange(size) + FIELD // 2
    # Which column of a filter each cell of a row is in, of each cell's filter.
    column = np.float32(apart == np.arange(FIELD)[:, None, None])
    kernel = tf.einsum("ijf,jxo->ixof", kernel, column)
    return tf.reshape(kernel, [FIELD * size, -1])
