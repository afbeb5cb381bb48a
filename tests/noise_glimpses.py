"""What a sensor shows of noise, for policies that read a glimpse."""

import numpy as np
import tensorflow as tf

from ram_tf import Glimpse, GlimpseSensor


def make(size, scales, rows=6, side=40, channels=1, seed=0):
    """Glimpses at the middles of pixels of square images."""
    rng = np.random.default_rng(seed)
    shape = [rows, side, side, channels]
    images = tf.constant(rng.integers(0, 256, shape, "uint8"))
    pixels = rng.integers(0, side, [rows, 2]) + 0.5
    offsets = tf.constant((2 * pixels / side - 1).astype("f"))
    sensor = GlimpseSensor(size, scales, "pyramid")
    sides = tf.constant([side, side], tf.float32)
    return Glimpse(
        sensor(images, offsets),
        sensor.places(images, offsets),
        tf.constant(pixels, tf.float32),
        sides,
        sides / 2,
    )
