"""Photographs in another light: their contrast and brightness at random.

All arithmetic is on whole numbers, as in `ram_tf_data.canvas`: eager mode,
graphs and XLA make the same bytes.
"""

from typing import NamedTuple

import tensorflow as tf

# Changes are counted in these.
_ONE = 1024
_MIDDLE = 128


class Light(NamedTuple):
    """What is random about the light of images, [B] int32 each.

    Attributes:
        contrast: What distances from the middle grey are multiplied by, 1024
            for 1.
        brightness: What is then added, 1024 for a level.
    """

    contrast: tf.Tensor
    brightness: tf.Tensor


def draw_light(batch, seed: tf.Tensor, most: float) -> Light:
    """Contrast uniform in 1 - most to 1 + most, and brightness likewise.

    Args:
        batch: B.
        seed: A stateless seed, [2] integers.
        most: Below 1; brightness changes by at most this share of the middle
            grey.
    """
    limits = round(most * _ONE), round(most * _MIDDLE * _ONE)
    both = tf.random.experimental.stateless_split(seed, 2, alg="philox")
    contrast, brightness = (
        tf.random.stateless_uniform(
            [batch],
            own,
            minval=-limit,
            maxval=limit + 1,
            dtype=tf.int32,
            alg="philox",
        )
        for own, limit in zip(tf.unstack(both), limits, strict=True)
    )
    return Light(_ONE + contrast, brightness)


def shine(images: tf.Tensor, light: Light) -> tf.Tensor:
    """Images [B, h, w, C] uint8 in a light; all colours alike."""
    contrast, brightness = (each[:, None, None, None] for each in light)
    apart = tf.cast(images, tf.int32) - _MIDDLE
    values = apart * contrast + brightness + _ONE // 2
    values = _MIDDLE + values // _ONE
    return tf.cast(tf.clip_by_value(values, 0, 255), tf.uint8)
