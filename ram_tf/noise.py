"""Noise from stateless seeds; each kind has a stream of its own.

Folding a number into a seed gives a stream: 2 for actions, 3 for random
fixations, 4 for stops, 5 for answers.
"""

from typing import NamedTuple

import tensorflow as tf

# Of what a policy draws; data draw from other streams of the same seed.
_POLICY_STREAM = 1


def step_seed(seed: int, step: tf.Tensor) -> tf.Tensor:
    """The stateless seed [2] of a step of training, of the seed of the run."""
    return tf.random.experimental.stateless_fold_in(
        tf.constant([seed, _POLICY_STREAM], tf.int32), step, alg="philox"
    )


class Noise(NamedTuple):
    """What a sampling policy consumes; a cell makes it.

    Attributes:
        location: For the choice of locations, [N, T, ...].
        first: For a random first fixation, uniform in (-1, 1), [N, 2].
        heads: For what is decided beside looking, by the heads' keys, [N, T,
            ...] each.
    """

    location: tf.Tensor
    first: tf.Tensor
    heads: dict[str, tf.Tensor]


def gumbel_noise(seed: tf.Tensor, shape, stream: int) -> tf.Tensor:
    """Gumbel's, of a numbered stream of a stateless seed [2]."""
    seed = tf.random.experimental.stateless_fold_in(seed, stream, alg="philox")
    uniform = (uniform_noise(seed, shape) + 1.0) / 2.0
    return -tf.math.log(-tf.math.log(uniform))


def logistic_noise(seed: tf.Tensor, shape, stream: int) -> tf.Tensor:
    """Logistic, of a numbered stream of a stateless seed [2]."""
    seed = tf.random.experimental.stateless_fold_in(seed, stream, alg="philox")
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
