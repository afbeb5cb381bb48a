"""Noise from stateless seeds; each kind has a stream of its own."""

from typing import NamedTuple

import tensorflow as tf


class Noise(NamedTuple):
    """What a sampling policy consumes.

    Attributes:
        normal: Standard normal, [N, T, 2].
        first: For a random first fixation, uniform in (-1, 1), [N, 2].
        gumbel: For actions, [N, T, A]; not needed where there are none.
        logistic: For stops, [N, T]; likewise.
    """

    normal: tf.Tensor
    first: tf.Tensor
    gumbel: tf.Tensor | None = None
    logistic: tf.Tensor | None = None


def sampling_noise(
    seed: tf.Tensor, rows, steps: int, num_actions: int | None = None
) -> Noise:
    """Noise for N rows, T steps and A actions from a stateless seed [2]."""
    seeds = tf.random.experimental.stateless_split(seed, 2, alg="philox")
    uniform = uniform_noise(seeds[0], [rows, steps, 2])
    return Noise(
        tf.math.ndtri((uniform + 1.0) / 2.0),
        uniform_noise(seeds[1], [rows, 2]),
        gumbel_noise(seed, [rows, steps, num_actions or 0]),
        logistic_noise(seed, [rows, steps]),
    )


def gumbel_noise(seed: tf.Tensor, shape) -> tf.Tensor:
    """Gumbel's, of a stream of its own of a stateless seed [2]."""
    seed = tf.random.experimental.stateless_fold_in(seed, 2, alg="philox")
    uniform = (uniform_noise(seed, shape) + 1.0) / 2.0
    return -tf.math.log(-tf.math.log(uniform))


def logistic_noise(seed: tf.Tensor, shape) -> tf.Tensor:
    """Logistic, of a stream of its own of a stateless seed [2]."""
    seed = tf.random.experimental.stateless_fold_in(seed, 4, alg="philox")
    uniform = uniform_noise(seed, shape)
    return tf.math.log1p(uniform) - tf.math.log1p(-uniform)


def fixation_noise(seed: tf.Tensor, rows, steps: int) -> tf.Tensor:
    """Uniform in (-1, 1), [N, T, 2], of a stream of its own of a seed [2]."""
    seed = tf.random.experimental.stateless_fold_in(seed, 3, alg="philox")
    return uniform_noise(seed, [rows, steps, 2])


def uniform_noise(seed: tf.Tensor, shape) -> tf.Tensor:
    """Uniform in (-1, 1) from a stateless seed [2]."""
    # From whole numbers, because only these are the same in eager mode and
    # under XLA; TensorFlow's own floats are not.
    bits = tf.random.stateless_uniform(
        shape, seed, None, None, tf.int32, alg="philox"
    )
    # The highest 23 bits, which float32 holds exactly, set off by a half.
    numbers = tf.cast(tf.bitwise.right_shift(bits, 9), tf.float32)
    return (numbers + 0.5) * 2.0**-22
