"""Random whole numbers by Philox: the same in eager mode, graphs and XLA."""

import tensorflow as tf


def below(seed, shape, bound) -> tf.Tensor:
    """Whole numbers in [0, bound)."""
    return tf.random.stateless_uniform(
        shape, seed, minval=0, maxval=bound, dtype=tf.int32, alg="philox"
    )


def below_each(seed, bound: tf.Tensor) -> tf.Tensor:
    """Whole numbers in [0, bound), elementwise; small bounds, hardly biased."""
    bits = tf.random.stateless_uniform(
        tf.shape(bound), seed, None, None, tf.int32, alg="philox"
    )
    return tf.bitwise.bitwise_and(bits, 2**31 - 1) % bound


def seeds(seed: tf.Tensor, count: int) -> tf.Tensor:
    """Splits a seed into `count` seeds, [count, 2]."""
    return tf.random.experimental.stateless_split(seed, count, alg="philox")
