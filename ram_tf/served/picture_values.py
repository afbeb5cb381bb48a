"""The values of a PNG or JPEG file, as Pillow gives them, in a graph.

Grey, palettes and colours that stand for nothing all come as three colours and
alpha, which makes one way of them: what is grey has three equal colours, and
weighs as much again.
"""

import tensorflow as tf

from ram_tf.served.picture_facts import JPEG, Facts
from ram_tf.served.resample import in_blocks

_FULL = 65_535
_WEIGHTS = (19_595, 38_470, 7_471)  # Pillow's, of grey: in 65536ths.


def eight_bits(
    content: tf.Tensor, facts: Facts, channels: int, ground: int
) -> tf.Tensor:
    """A picture [H, W, C] uint8, upright, on its ground.

    A PNG file of sixteen bits is stretched to all of them and cut.

    Args:
        content: The file, a scalar string.
        facts: Of it.
        channels: C; 1 (grey) or 3.
        ground: 0 or 255, what is behind what is transparent.
    """

    def flat(pixels):
        return _as_channels(_on_ground(pixels, ground, 255), channels)

    def of_png():
        pixels = tf.cond(
            facts.depth > 8,
            lambda: tf.cast(_stretched(content) // 256, tf.uint8),
            lambda: _opaque(tf.io.decode_png(content, 4), facts.depth),
        )
        return in_blocks(
            lambda rows: tf.cast(flat(tf.cast(rows, tf.int32)), tf.uint8),
            pixels,
            tf.uint8,
        )

    def of_jpeg():
        pixels = tf.io.decode_jpeg(content, 3, dct_method="INTEGER_ACCURATE")
        return in_blocks(
            lambda rows: tf.cast(
                _as_channels(tf.cast(rows, tf.int32), channels), tf.uint8
            ),
            pixels,
            tf.uint8,
        )

    picture = tf.cond(facts.kind == JPEG, of_jpeg, of_png)
    picture = tf.ensure_shape(picture, [None, None, channels])
    return _upright(picture, facts.orientation)


def sixteen_bits(
    content: tf.Tensor, facts: Facts, channels: int, ground: int
) -> tf.Tensor:
    """A PNG file of sixteen bits likewise, [H, W, C] int32 up to 65535.

    Args:
        content, facts, channels: As above.
        ground: 0 or 65535.
    """
    pixels = _stretched(content)
    colour = tf.cast(pixels[..., :3], tf.float64)
    alpha = tf.cast(pixels[..., 3:], tf.float64) / _FULL
    shown = tf.round(alpha * colour + (1 - alpha) * ground)
    picture = _as_channels(tf.cast(shown, tf.int64), channels)
    return _upright(tf.cast(picture, tf.int32), facts.orientation)


def _opaque(pixels, depth):
    """The same, with alpha where a file of less than eight bits has none.

    TensorFlow then gives the largest number of so many bits, and not of eight.
    """
    alpha = tf.cast(pixels[..., 3:], tf.int32)
    none = tf.reduce_all(alpha == 2**depth - 1)
    full = tf.fill(tf.shape(alpha), tf.constant(255, tf.uint8))
    return tf.cond(
        none & (depth < 8),
        lambda: tf.concat([pixels[..., :3], full], -1),
        lambda: pixels,
    )


def _stretched(content):
    """Colours and alpha [H, W, 4] int32, each by the bits that it uses."""
    pixels = tf.cast(tf.io.decode_png(content, 4, tf.uint16), tf.int32)
    return tf.concat(
        [_to_full_scale(pixels[..., :3]), _to_full_scale(pixels[..., 3:])], -1
    )


def _to_full_scale(values):
    """From as many bits as the largest value has to sixteen."""
    bits = 2 ** tf.range(17)
    largest = tf.reduce_max(values)
    top = tf.boolean_mask(bits, bits > largest)[0] - 1
    wide = tf.cast(values, tf.int64) * _FULL
    scaled = wide // tf.cast(tf.maximum(top, 1), tf.int64)
    return tf.cast(scaled, tf.int32)


def _on_ground(pixels, ground: int, top: int):
    """Colours without alpha; rounded as Pillow does, without a division."""
    colour, alpha = pixels[..., :3], pixels[..., 3:]
    sums = 128 * (colour * alpha + ground * (top - alpha)) + 128 * 128
    return ((sums // 256 + sums) // 256) // 128


def _as_channels(colours, channels: int):
    """Of three colours."""
    if channels == 3:
        return colours
    weights = tf.constant(_WEIGHTS, colours.dtype)
    total = tf.reduce_sum(colours * weights, -1, keepdims=True)
    return (total + 32_768) // 65_536


def _upright(picture, orientation):
    """Turned and mirrored as EXIF says."""
    across = orientation >= 5
    picture = tf.cond(
        across, lambda: tf.transpose(picture, [1, 0, 2]), lambda: picture
    )
    picture = _where(orientation, (3, 4, 7, 8), picture, 0)
    return _where(orientation, (2, 3, 6, 7), picture, 1)


def _where(orientation, which, picture, axis: int):
    """Mirrored if the orientation is one of these."""
    mirrored = tf.reduce_any(orientation == list(which))
    return tf.cond(
        mirrored, lambda: tf.reverse(picture, [axis]), lambda: picture
    )
