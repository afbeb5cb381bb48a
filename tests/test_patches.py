"""Patches are cut and added up as a plain loop does it."""

import numpy as np
import pytest
import tensorflow as tf

from ram_tf_data.patches import add_up, cut

RNG = np.random.default_rng(0)


def _added(canvases, patches, corner):
    """By a loop over the pixels."""
    total = canvases.copy()
    side = canvases.shape[1]
    for b, p, i, j in np.ndindex(patches.shape[:4]):
        row, column = corner[b, p] + [i, j]
        if 0 <= row < side and 0 <= column < side:
            total[b, row, column] += patches[b, p, i, j]
    return total


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_patches_are_added_and_cut_off_at_the_edges(jit, channels):
    canvases = RNG.integers(0, 9, [2, 7, 7, channels], np.int32)
    patches = RNG.integers(0, 256, [2, 30, 3, 2, channels], np.uint8)
    # Wholly outside, overhanging and inside, on all sides.
    corner = RNG.integers(-4, 9, [2, 30, 2], np.int32)
    made = tf.function(add_up, jit_compile=jit)(canvases, patches, corner)
    assert made.dtype == tf.int32
    np.testing.assert_array_equal(made, _added(canvases, patches, corner))


def test_patches_are_cut():
    pool = RNG.integers(0, 256, [4, 5, 6, 2], np.uint8)
    index = np.int32([[3, 0], [1, 1]])
    corner = np.int32([[[0, 0], [3, 4]], [[1, 2], [2, 0]]])
    made = cut(tf.constant(pool), index, corner, 2)
    assert made.shape == (2, 2, 2, 2, 2)
    np.testing.assert_array_equal(made[0, 0], pool[3, 0:2, 0:2])
    np.testing.assert_array_equal(made[0, 1], pool[0, 3:5, 4:6])
    np.testing.assert_array_equal(made[1, 0], pool[1, 1:3, 2:4])
    np.testing.assert_array_equal(made[1, 1], pool[1, 2:4, 0:2])
