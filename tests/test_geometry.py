"""The map between locations and pixels."""

import numpy as np
import pytest
import tensorflow as tf

from ram_tf import geometry

# Odd and even, small and large, with the pair that XLA once broke: (51, 28).
EXTENTS = (1, 2, 5, 24, 28, 33, 47, 51, 60, 63, 100, 101, 255, 1024)
WINDOWS = (1, 3, 6, 8, 12, 24, 28, 48, 96)
PAIRS = [(extent, window) for extent in EXTENTS for window in WINDOWS]


def _oracle(offsets, extent, window):
    """The op's float32 arithmetic, one rounding at a time."""
    half = np.float32(2)
    scaled = offsets * np.float32(extent)
    centre = scaled / half + np.float32(extent) / half
    return np.trunc(centre - np.float32(window) / half).astype(np.int32)


def _snapped(extent):
    """Offsets that fall on pixels and half pixels, to and beyond the edge."""
    steps = np.arange(-3 * extent, 3 * extent + 1)
    return np.concatenate([steps / extent, steps * 0.5 / extent]).astype("f")


def _random():
    return np.random.default_rng(0).uniform(-2, 2, 2000).astype("f")


@pytest.mark.parametrize("extent", EXTENTS)
def test_window_start_is_the_oracles(extent):
    offsets = np.concatenate([_snapped(extent), _random()])
    for window in WINDOWS:
        np.testing.assert_array_equal(
            geometry.window_start(offsets, extent, window),
            _oracle(offsets, extent, window),
        )


def test_window_start_by_hand():
    # Centre 30 of 60, window 12: starts at 24. The right edge: 60 - 6.
    # Half a window beyond the left edge: -6; -0.75 is truncated to 0.
    offsets = tf.constant([0.0, 1.0, -1.0, (5.25 - 30) / 30])
    start = geometry.window_start(offsets, 60, 12)
    np.testing.assert_array_equal(start, [24, 54, -6, 0])


def test_window_start_far_away_stays_an_integer():
    start = geometry.window_start(tf.constant([1e30, -1e30]), 60, 12)
    assert start[0] > 60
    assert start[1] < -12


@pytest.mark.slow
def test_jit_equals_eager():
    offsets = {e: tf.constant(_snapped(e)) for e in EXTENTS}

    @tf.function(jit_compile=True)
    def starts(offsets):
        return [geometry.window_start(offsets[e], e, w) for e, w in PAIRS]

    for (extent, window), start in zip(PAIRS, starts(offsets), strict=True):
        np.testing.assert_array_equal(
            start,
            geometry.window_start(offsets[extent], extent, window),
            err_msg=f"extent {extent}, window {window}",
        )


def test_jit_equals_eager_where_the_extent_is_a_tensor():
    @tf.function(jit_compile=True)
    def start(offsets, extent):
        return geometry.window_start(offsets, extent, 28)

    offsets = tf.constant(_snapped(51))
    np.testing.assert_array_equal(
        start(offsets, tf.constant(51)), _oracle(offsets.numpy(), 51, 28)
    )


def test_offsets_in_halves_of_the_canvas_are_the_locations():
    locations = tf.constant([[0.25, -1.5]])
    offsets = geometry.to_offsets(locations, tf.zeros([1, 60, 100, 1]), None)
    np.testing.assert_array_equal(offsets, locations)


def test_offsets_of_locations_in_pixels():
    # 12 pixels are 12/30 of half of 60, and 12/50 of half of 100.
    locations = tf.constant([[1.0, 1.0], [-0.5, 2.0]])
    offsets = geometry.to_offsets(locations, tf.zeros([1, 60, 100, 1]), 12.0)
    np.testing.assert_allclose(offsets, [[0.4, 0.24], [-0.2, 0.48]], rtol=1e-6)


def test_pixels_in_halves_of_the_canvas():
    locations = tf.constant([[0.0, 0.0], [-1.0, -1.0], [1.0, 0.5]])
    pixels = geometry.to_pixels(locations, tf.zeros([1, 60, 100, 1]), None)
    np.testing.assert_allclose(pixels, [[30, 50], [0, 0], [60, 75]])


def test_pixels_of_locations_in_pixels():
    # A move of one unit is the same number of pixels on both axes.
    locations = tf.constant([[1.0, -1.0], [0.0, 2.0]])
    pixels = geometry.to_pixels(locations, tf.zeros([1, 60, 100, 1]), 12.0)
    np.testing.assert_allclose(pixels, [[42, 38], [30, 74]], rtol=1e-6)


def test_a_video_has_the_sides_of_its_frames():
    pixels = geometry.to_pixels(
        tf.zeros([1, 2]), tf.zeros([1, 7, 60, 100, 1]), None
    )
    np.testing.assert_allclose(pixels, [[30, 50]])
