"""The contrast within the cells of a pyramid, and what an encoder is given."""

import numpy as np
import pytest
import tensorflow as tf

from ram_tf import GlimpseSensor, RecurrentAttentionModel

SIZE, SCALES, HEIGHT, WIDTH = 6, 6, 70, 90
LOCATIONS = np.float32([[0, 0], [0.3, -0.8], [-1, 1], [0.1, 0.1]])


def _images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, [2, HEIGHT, WIDTH, 3], np.uint8)


def _expected(places):
    """Of blocks of 4 x 4 pixels, 0 outside, one cell at a time."""
    canvas = np.zeros([2, 512, 512, 3])
    canvas[:, :HEIGHT, :WIDTH] = _images() / 255
    blocks = canvas.reshape(2, 128, 4, 128, 4, 3).mean((2, 4))
    found = np.zeros([4, SIZE, SIZE, SCALES, 3])
    for n, s, i, j in np.ndindex(4, SCALES, SIZE, SIZE):
        middle = places[n, s, i, 0], places[n, s, j, 1]
        y, x = (round((place - 2**s / 2) / 4) for place in middle)
        across = 2**s // 4
        if across > 1 and min(y, x) >= 0:
            cell = blocks[n // 2, y : y + across, x : x + across]
            found[n, i, j, s] = cell.std((0, 1))
    return found.reshape(4, SIZE, SIZE, -1)


@pytest.mark.parametrize("implementation", ["pyramid", "plain_pyramid"])
@pytest.mark.parametrize("floats", [False, True])
@pytest.mark.parametrize("compiled", [False, True])
def test_contrast_by_the_definition(implementation, floats, compiled):
    images = tf.constant(_images() / np.float32(255) if floats else _images())
    sensor = GlimpseSensor(SIZE, SCALES, implementation)

    @tf.function(jit_compile=compiled)
    def seen(images, locations):
        windows = sensor(images, locations)
        return sensor.contrast(images, locations, windows)

    locations = tf.constant(LOCATIONS)
    expected = _expected(sensor.places(images, locations).numpy())
    assert expected.max() > 0.05
    found = seen(images, locations)
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_few_windows_have_none():
    sensor = GlimpseSensor(SIZE, 3, "pyramid")
    images, locations = tf.constant(_images()), tf.constant(LOCATIONS)
    windows = sensor(images, locations)
    found = sensor.contrast(images, locations, windows)
    assert found.shape == windows.shape
    assert not found.numpy().any()


def test_only_a_pyramid_has_it():
    sensor = GlimpseSensor(SIZE, SCALES, "gather")
    with pytest.raises(ValueError, match=r"sensor `pyramid`.*'gather'"):
        sensor.contrast(None, None, None)


def _model(**changes):
    settings = {
        "num_classes": 3,
        "glimpse_size": 12,
        "scales": 4,
        "sensor": "pyramid",
        "location_policy": "cells",
        "first_fixation": "centre",
        "encoder_scales": 2,
    }
    model = RecurrentAttentionModel(**(settings | changes))
    model.build((None, None, None, 3))
    return model


@pytest.mark.parametrize("size", [6, 8, 12])
def test_an_encoder_is_given_what_a_small_retina_sees(size):
    """The middle of each window is the window of a sensor of that size."""
    large, small = _model(encoder_size=size), _model(glimpse_size=size)
    given = []
    for model in (large, small):
        cell, images = model.cell, tf.constant(_images())

        def keep(windows, place):
            given.append(windows.numpy())
            return tf.zeros([4, 256])

        object.__setattr__(cell.glimpse_net, "call", keep)
        glimpse = cell.see(images, tf.constant(LOCATIONS))
        memory = cell.location_policy.get_initial_state(4)
        cell.encode(glimpse, tf.constant(LOCATIONS), memory)
    assert given[0].shape == (4, size, size, 6)
    np.testing.assert_array_equal(*given)


def test_an_encoder_is_given_no_more_than_there_is():
    with pytest.raises(
        ValueError, match=r"`encoder_size` must.* 12 or 10 .*=13"
    ):
        _model(encoder_size=13)
    with pytest.raises(ValueError, match=r"same middle.*=9"):
        _model(encoder_size=9)
    with pytest.raises(ValueError, match="encoder_size"):
        _model(encoder_size=0)
