"""Noise, to its last bit: resumed runs and released results depend on it."""

import numpy as np
import pytest
import tensorflow as tf

from ram_tf import noise

SEED = tf.constant([1, 2])


def _drawn(count, jit_compile=None):
    def draw(seed):
        return noise.uniform_noise(seed, [count])

    if jit_compile is None:
        return draw(SEED).numpy()
    return tf.function(draw, jit_compile=jit_compile)(SEED).numpy()


@pytest.mark.parametrize("jit_compile", [None, False, True])
def test_uniform_noise_is_the_same_everywhere(jit_compile):
    """All bits, eager, in graphs and under XLA."""
    assert [value.hex() for value in _drawn(6, jit_compile).tolist()] == [
        "0x1.07b02c0000000p-1",
        "0x1.9e62540000000p-1",
        "-0x1.4007b00000000p-3",
        "0x1.6148700000000p-3",
        "0x1.45a2000000000p-8",
        "-0x1.d59c600000000p-4",
    ]


def test_uniform_noise_has_23_bits_that_are_all_drawn():
    """Odd multiples of 2**-23 are never -1, 0 or 1, and as many on each side.

    The last bit that is drawn is as often 0 as 1, and so is the first.
    """
    steps = _drawn(40_000).astype(np.float64) * 2**23
    np.testing.assert_array_equal(steps, np.rint(steps))
    whole = steps.astype(np.int64)
    assert (whole % 2 == 1).all()
    assert np.abs(whole).max() < 2**23
    place = (whole + 2**23) // 2  # 0 to 2**23 - 1.
    for bit in range(23):
        assert abs(((place >> bit) & 1).mean() - 0.5) < 0.015, bit


def test_other_noise_is_made_of_it():
    """To the last bit where no logarithm is in it."""
    folded = tf.random.experimental.stateless_fold_in(SEED, 3, alg="philox")
    np.testing.assert_array_equal(
        noise.fixation_noise(SEED, 5, 4),
        noise.uniform_noise(folded, [5, 4, 2]),
    )
    folded = tf.random.experimental.stateless_fold_in(SEED, 7, alg="philox")
    uniform = noise.uniform_noise(folded, [50]).numpy().astype(np.float64)
    np.testing.assert_allclose(
        noise.gumbel_noise(SEED, [50], 7),
        -np.log(-np.log((uniform + 1) / 2)),
        rtol=1e-5,
        atol=1e-6,
    )
    np.testing.assert_allclose(
        noise.logistic_noise(SEED, [50], 7),
        np.log1p(uniform) - np.log1p(-uniform),
        rtol=1e-5,
        atol=1e-6,
    )
