"""Pictures scaled as Pillow scales them, to the bit, in a graph.

Pillow's bicubic filter goes along rows and along columns. Bytes are weighed in
whole numbers of 2^-22 and rounded after each of the two ways; `tf.image.resize`
rounds once, and is off by one or more in some pixels.
"""

from collections.abc import Callable

import tensorflow as tf

_SUPPORT = 2.0  # Pixels to each side that a pixel of the result is made of.
_UNIT = 2.0**22  # Pillow's PRECISION_BITS.
_BLOCK = 2**20  # Pixels that are worked on at once.


def fitted(picture: tf.Tensor, side: int, deep: bool = False) -> tf.Tensor:
    """Scales a picture down to a longer side of so many pixels, if it is more.

    Args:
        picture: [H, W, C], uint8; or where it is deep int32, 0 to 65535.
        side: At least one.
        deep: Whether it has sixteen bits.
    """
    height, width = tf.unstack(tf.shape(picture)[:2])

    def scale():
        high, long = tf.cast(height, tf.float64), tf.cast(width, tf.float64)
        wide = width > height
        part = tf.where(wide, high / long, long / high)
        other = tf.maximum(1, tf.cast(tf.round(part * side), tf.int32))
        return _scaled(
            picture,
            tf.where(wide, other, side),
            tf.where(wide, side, other),
            deep,
        )

    larger = tf.maximum(height, width) > side
    return tf.cond(larger, scale, lambda: picture)


def in_blocks(
    function: Callable[[tf.Tensor], tf.Tensor], picture: tf.Tensor, dtype
) -> tf.Tensor:
    """What a function of rows makes of a picture [H, W, C], a few rows a time.

    Memory does not grow with what a function needs of it.

    Args:
        function: Of [h, W, C]; gives [h, w, c] of `dtype`.
        picture: At least one pixel.
        dtype: Of the result.
    """
    height, width = tf.unstack(tf.shape(picture)[:2])
    rows = tf.clip_by_value(_BLOCK // width, 1, height)
    count = (height + rows - 1) // rows
    padded = tf.pad(picture, [[0, count * rows - height], [0, 0], [0, 0]])
    blocks = tf.reshape(padded, [count, rows, width, picture.shape[-1]])
    made = tf.map_fn(
        function,
        blocks,
        parallel_iterations=1,
        fn_output_signature=tf.TensorSpec([None, None, None], dtype),
    )
    flat = tf.reshape(made, tf.concat([[count * rows], tf.shape(made)[2:]], 0))
    return flat[:height]


def _scaled(picture, height, width, deep: bool):
    """To [height, width, C]."""
    before = tf.shape(picture)
    # What Pillow 13 does; before, it always went along rows first.
    down_first = before[0] - height > 2 * (before[1] - width)

    def along(values):
        return _narrowed(values, width, deep)

    def down(values):
        return _across(_narrowed(_across(values), height, deep))

    made = tf.cond(
        down_first,
        lambda: along(down(picture)),
        lambda: down(along(picture)),
    )
    if not deep:
        return made
    # Pillow's floats, as whole numbers again.
    return tf.cast(tf.clip_by_value(tf.round(made), 0, 65_535), tf.int32)


def _across(picture):
    return tf.transpose(picture, [1, 0, 2])


def _narrowed(picture, width, deep: bool):
    """[H, W, C] to [H, width, C], one way alone: uint8, or where deep float."""
    weights = _weights(tf.shape(picture)[1], width, deep)  # [width, W]

    def narrowed(rows):
        planes = tf.cast(tf.transpose(rows, [0, 2, 1]), tf.float64)
        return _rounded(tf.einsum("hcw,vw->hvc", planes, weights), deep)

    made = in_blocks(narrowed, picture, tf.float32 if deep else tf.uint8)
    return tf.ensure_shape(made, [None, None, picture.shape[-1]])


def _rounded(sums, deep: bool):
    if deep:
        return tf.cast(sums, tf.float32)
    return tf.cast(
        tf.clip_by_value(tf.floor((sums + _UNIT / 2) / _UNIT), 0, 255),
        tf.uint8,
    )


def _weights(before, after, deep: bool):
    """Of each pixel in each of the result, [after, before] float64."""
    pixel = tf.range(tf.cast(before, tf.float64), dtype=tf.float64)
    scale = tf.cast(before, tf.float64) / tf.cast(after, tf.float64)
    stretch = tf.maximum(scale, 1.0)
    places = tf.range(tf.cast(after, tf.float64), dtype=tf.float64)
    centre = ((places + 0.5) * scale)[:, None]
    first = tf.floor(centre - _SUPPORT * stretch + 0.5)
    last = tf.floor(centre + _SUPPORT * stretch + 0.5)
    weights = _bicubic((pixel - centre + 0.5) * (1.0 / stretch))
    inside = (pixel >= first) & (pixel < last)
    weights = tf.where(inside, weights, tf.zeros_like(weights))
    weights /= tf.reduce_sum(weights, axis=1, keepdims=True)
    if deep:
        return weights
    return tf.sign(weights) * tf.floor(tf.abs(weights) * _UNIT + 0.5)


def _bicubic(x):
    """Keys' cubic with a = -1/2."""
    x = tf.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * -0.5
    zero = tf.zeros_like(x)
    return tf.where(x < 1, near, tf.where(x < _SUPPORT, far, zero))
