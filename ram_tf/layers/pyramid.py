"""Reading windows from a pyramid of block sums, made once for each image.

Level s has a number for each block of 2^s x 2^s pixels, counted from the top
left corner; window s is cut out of level s. All windows together cost as much
on a large image as on a small one, beside the pyramid, which is a third of the
image. The price: wide windows begin at a block's edge, half a block from where
they should at most; `places` says where.
"""

import weakref
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from ram_tf import geometry, xla
from ram_tf.errors import UserError

# Sums of bytes are below 2^31 up to here: 255 * 4^11.
MOST_SCALES = 12
# Sums and means of bytes are exact in float32 up to here: 255 * 4^8 < 2^24.
_EXACT_LEVELS = 8
_KEPT = "_ram_tf_pyramid"  # Of a tensor.
# Contrast is that of the blocks of this level, 4 x 4 pixels.
_BLOCK_LEVEL = 2


def read(
    images, locations, size: int, scales: int, packs: bool = True
) -> tf.Tensor:
    """Windows of bytes as 0..255, of floats as they are.

    Args:
        images: [B, H, W, C].
        locations: [N, 2] in halves of the canvas.
        size: g.
        scales: S.
        packs: Whether operators may be used that only TensorFlow has.

    Returns:
        [N, g, g, S * C] float32, 0 outside the image.
    """
    check_scales(scales)
    starts = _starts(images, locations, size, scales)
    windows = [_finest(images, starts[0], size)[:, None]]
    if scales > 1:
        sums = _sums(images, scales, packs)
        windows.append(_wider(images, sums, starts[1:], size))
    return _scale_major(tf.concat(windows, axis=1), size)


def _scale_major(windows, size: int) -> tf.Tensor:
    """[N, g, g, S * C], of windows [N, S, g, g, C]."""
    scales, channels = windows.shape[1], windows.shape[-1]
    windows = tf.transpose(windows, [0, 2, 3, 1, 4])
    return tf.reshape(windows, [-1, size, size, scales * channels])


def places(images, locations, size: int, scales: int) -> tf.Tensor:
    """Centres of the cells, as `GlimpseSensor.places` gives them."""
    starts = tf.stack(_starts(images, locations, size, scales), axis=1)
    middles = tf.cast(
        starts[:, :, None] + tf.range(size)[None, None, :, None], tf.float32
    )
    blocks = (2.0 ** np.arange(scales)).astype(np.float32)[:, None, None]
    return (middles + 0.5) * blocks


def contrast(
    images, locations, windows, size: int, packs: bool = True
) -> tf.Tensor:
    """How much each cell's blocks of 4 x 4 pixels differ.

    Args:
        images: [B, H, W, C].
        locations: [N, 2] in halves of the canvas.
        windows: What is read of them, in [0, 1].
        size: g.
        packs: As for `read`.

    Returns:
        The root of the mean square of what the means of blocks differ from the
        mean of their cell, as large as `windows`; 0 where a cell is no more
        than a block, and outside the image.
    """
    channels = images.shape[-1]
    scales = windows.shape[-1] // channels
    few = min(scales, _BLOCK_LEVEL + 1)
    nothing = tf.zeros_like(windows[..., : few * channels])
    if few == scales:
        return nothing
    starts = _starts(images, locations, size, scales)[few:]
    levels = _squares(images, scales, packs)
    squares, inside = _cells(images, levels, starts, size, few)
    squares = tf.where(inside, squares, 0.0)
    squares = _scale_major(squares, size)
    means = windows[..., few * channels :]
    spread = tf.sqrt(tf.nn.relu(squares - tf.square(means)))
    return tf.concat([nothing, spread], axis=-1)


def check_scales(scales: int) -> None:
    """Raises UserError where sums could pass what int32 holds."""
    if scales > MOST_SCALES:
        raise UserError(
            f"The sensor `pyramid` has at most {MOST_SCALES} windows, because "
            f"sums of wider blocks do not fit int32. Received: scales={scales}"
        )


def _starts(images, locations, size: int, scales: int) -> list[tf.Tensor]:
    """The first block of each window, [N, 2] int32 (row, column)."""
    sides = tf.shape(images)[1:3]
    starts = [geometry.window_start(locations, sides, size)]
    centre = geometry.centre(locations, sides)
    for scale in range(1, scales):
        block = centre * np.float32(0.5**scale)
        starts.append(tf.cast(tf.floor(block + 0.5), tf.int32) - size // 2)
    return starts


def _sums(images, scales: int, packs: bool) -> tf.Tensor:
    """All levels but the finest, [B, sum of h * w, C].

    They are kept with the tensor, for the next look at it.
    """

    def make():
        return xla.barrier(_flat(_levels(images, scales, packs)))

    return _kept(images, ("sums", scales, packs), make)


def _squares(images, scales: int, packs: bool) -> tf.Tensor:
    """Mean squares of the means of blocks, in [0, 1], of levels above theirs.

    Kept and laid out as `_sums`.
    """

    def make():
        batch, height, width, channels = geometry.dims(images)
        before = 0
        for _ in range(_BLOCK_LEVEL):
            height, width = (height + 1) // 2, (width + 1) // 2
            before, last = before + height * width, before
        level = _sums(images, scales, packs)[:, last:before]
        level = tf.reshape(level, [batch, height, width, channels])
        level = tf.cast(level, tf.float32) * _mean_of(images, _BLOCK_LEVEL)
        if images.dtype == tf.uint8:
            level *= 1.0 / 255.0
        level = tf.square(level)
        levels: list[tf.Tensor] = []
        while len(levels) < scales - 1 - _BLOCK_LEVEL:
            level = xla.barrier(_halved(level) * 0.25)
            levels.append(level)
        return xla.barrier(_flat(levels))

    return _kept(images, ("squares", scales, packs), make)


def _mean_of(images, level: int) -> float:
    """What a number of a level is multiplied with, for a mean."""
    return 0.25**level if images.dtype == tf.uint8 else 1.0


def _kept(images, name: tuple, make: Callable[[], tf.Tensor]) -> tf.Tensor:
    """What was made of a tensor under a name.

    What was made in one graph is of no use in another.
    """
    graph = xla.graph()
    kept = getattr(images, _KEPT, {})
    made = kept.get(name)
    if made is None or made[0]() is not graph:
        made = (weakref.ref(graph), make())
        setattr(images, _KEPT, {**kept, name: made})
    return made[1]


def _levels(images, scales: int, packs: bool) -> list[tf.Tensor]:
    """Levels 1 .. S - 1: sums of bytes, means of floats."""
    whole = images.dtype == tf.uint8
    levels = []
    if whole and not packs:
        levels = _pooled(images, min(scales - 1, _EXACT_LEVELS))
    elif whole and scales > 2 and images.shape[-1] == 1:
        levels = list(map(xla.barrier, _packed(images)))
    level = levels[-1] if levels else images
    while len(levels) < scales - 1:
        level = _halved(level)
        level = xla.barrier(level if whole else level * 0.25)
        levels.append(level)
    return levels


def _halved(level) -> tf.Tensor:
    """Sums of 2 x 2, of [B, H, W, C]; bytes as int32."""
    batch, height, width, channels = geometry.dims(level)
    level = _padded(level, 2)
    height, width = (height + 1) // 2, (width + 1) // 2
    level = tf.reshape(level, [batch, height, 2, 2 * width, channels])
    rows = _summed(level[:, :, 0], level[:, :, 1])
    rows = tf.reshape(rows, [batch, height, width, 2, channels])
    return rows[..., 0, :] + rows[..., 1, :]


def _summed(one, other) -> tf.Tensor:
    if one.dtype == tf.uint8:
        one, other = tf.cast(one, tf.int32), tf.cast(other, tf.int32)
    return one + other


def _packed(images) -> tuple[tf.Tensor, tf.Tensor]:
    """Levels 1 and 2 of grey bytes: four pixels are added at a time.

    Four pixels of a row are one number of 32 bits, and two sums of theirs are
    halves of another: several times faster than pixel by pixel. In TensorFlow
    only; other runtimes lack operators.
    """
    batch, height, width, _ = geometry.dims(images)
    high, wide = (height + 3) // 4, (width + 3) // 4
    images = tf.reshape(_padded(images, 4), [batch, 4 * high, wide, 4])
    words = tf.bitcast(images, tf.uint32)
    pairs = _low(words, 0x00FF00FF) + _low(_shifted(words, 8), 0x00FF00FF)
    pairs = tf.reshape(xla.barrier(pairs), [batch, 2 * high, 2, wide])
    sums = xla.barrier(pairs[:, :, 0] + pairs[:, :, 1])
    halves = tf.bitcast(sums, tf.uint16)
    halves = tf.reshape(halves, [batch, 2 * high, 2 * wide, 1])
    halves = halves[:, : (height + 1) // 2, : (width + 1) // 2]
    both = _low(sums, 0xFFFF) + _shifted(sums, 16)
    both = tf.reshape(both, [batch, high, 2, wide])
    quarters = tf.cast(both[:, :, 0] + both[:, :, 1], tf.int32)
    return tf.cast(halves, tf.int32), quarters[..., None]


def _pooled(images, count: int) -> list[tf.Tensor]:
    """Levels 1 .. count of bytes, by means in float32 that are exact.

    Where additions of whole numbers are slow, as in LiteRT, pooling is eight
    times faster: 3 ms at 1024x1024.
    """
    level, levels = tf.cast(images, tf.float32), []
    for scale in range(1, count + 1):
        level = tf.nn.avg_pool2d(_padded(level, 2), 2, 2, "VALID")
        levels.append(tf.cast(level * 4.0**scale, tf.int32))
    return levels


def _low(words, mask: int) -> tf.Tensor:
    return tf.bitwise.bitwise_and(words, tf.constant(mask, tf.uint32))


def _shifted(words, bits: int) -> tf.Tensor:
    return tf.bitwise.right_shift(words, tf.constant(bits, tf.uint32))


def _padded(images, multiple: int) -> tf.Tensor:
    """Zeros below and on the right, to multiples of sides."""
    _, height, width, _ = geometry.dims(images)
    edges = [-height % multiple, -width % multiple]
    if all(isinstance(edge, int) and edge == 0 for edge in edges):
        return images
    return tf.pad(images, [[0, 0], [0, edges[0]], [0, edges[1]], [0, 0]])


def _flat(levels: list[tf.Tensor]) -> tf.Tensor:
    batch, channels = geometry.dims(levels[0])[0], levels[0].shape[-1]
    return tf.concat(
        [tf.reshape(level, [batch, -1, channels]) for level in levels], axis=1
    )


def _finest(images, start, size: int) -> tf.Tensor:
    """[N, g, g, C] pixels."""
    batch, height, width, channels = geometry.dims(images)
    blocks = start[:, None] + tf.range(size)[:, None]
    index, inside = _index(blocks, height, width)
    pixels = _gathered(
        tf.reshape(images, [batch * height * width, channels]),
        index,
        batch,
        height * width,
    )
    return tf.where(inside[..., None], tf.cast(pixels, tf.float32), 0.0)


def _wider(images, sums, starts, size: int) -> tf.Tensor:
    """[N, S - 1, g, g, C] means of blocks."""
    cells, inside = _cells(images, sums, starts, size, 1)
    factors = [_mean_of(images, scale) for scale in range(1, 1 + len(starts))]
    by_scale = np.array(factors, np.float32).reshape([-1, 1, 1, 1])
    means = tf.cast(cells, tf.float32) * by_scale
    return tf.where(inside, means, 0.0)


def _cells(images, levels, starts, size: int, first: int):
    """Numbers [N, S', g, g, C] of levels from the first on, and which are.

    Args:
        images: Of which the levels are.
        levels: [B, sum of h * w, C].
        starts: The first block of each window, [N, 2].
        size: g.
        first: The number of the first level.
    """
    batch, height, width, channels = geometry.dims(images)
    for _ in range(first - 1):
        height, width = (height + 1) // 2, (width + 1) // 2
    indices, insides, before = [], [], 0
    for start in starts:
        height, width = (height + 1) // 2, (width + 1) // 2
        blocks = start[:, None] + tf.range(size)[:, None]
        index, inside = _index(blocks, height, width)
        indices.append(index + before)
        insides.append(inside)
        before += height * width
    cells = _gathered(
        tf.reshape(levels, [batch * before, channels]),
        tf.stack(indices, axis=1),
        batch,
        before,
    )
    return cells, tf.stack(insides, axis=1)[..., None]


def _index(blocks, height, width):
    """Where blocks [N, g, 2] are in a level, and which are inside of it."""
    inside = (blocks >= 0) & (blocks < tf.stack([height, width]))
    inside = inside[:, :, None, 0] & inside[:, None, :, 1]
    index = blocks[:, :, None, 0] * width + blocks[:, None, :, 1]
    return tf.where(inside, index, 0), inside


def _gathered(values, index, batch, each):
    """Of values [B * each, C], those of index [N, ...] in a row's image."""
    rows = geometry.dims(index)[0]
    image = tf.range(rows) // (rows // batch)
    image = tf.reshape(image, [-1] + [1] * (index.shape.rank - 1))
    return tf.gather(values, image * each + index)
