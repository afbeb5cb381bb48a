"""Photographs in another light."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from ram_tf_data.canvas import Canvas, compose
from ram_tf_data.lighting import Light, draw_light, shine

SEED = tf.constant([1, 2])


def _shone(values, contrast, brightness):
    images = np.array(values, np.uint8).reshape([1, 1, -1, 1])
    light = Light(tf.constant([contrast]), tf.constant([brightness]))
    return shine(tf.constant(images), light).numpy().ravel().tolist()


def test_by_hand():
    values = [0, 28, 128, 129, 255]
    assert _shone(values, 1024, 0) == values
    # Half the distance from 128, and twice that; what is beyond is clamped.
    assert _shone(values, 512, 0) == [64, 78, 128, 129, 192]
    assert _shone(values, 2048, 0) == [0, 0, 128, 130, 255]
    # Ten levels more, and half a level, which is rounded up.
    assert _shone(values, 1024, 10 * 1024) == [10, 38, 138, 139, 255]
    assert _shone(values, 1024, 512) == [1, 29, 129, 130, 255]


def test_contrast_and_brightness_are_uniform_and_drawn_for_themselves():
    light = np.float64(draw_light(4000, SEED, 0.25))
    changes = np.stack([light[0] / 1024 - 1, light[1] / (1024 * 128)])
    np.testing.assert_allclose(changes.min(1), -0.25, atol=0.01)
    np.testing.assert_allclose(changes.max(1), 0.25, atol=0.01)
    # Standard deviation 0.25 / sqrt(3) = 0.144, that of the mean 0.0023.
    np.testing.assert_allclose(changes.mean(1), 0, atol=0.01)
    np.testing.assert_allclose(changes.std(1), 0.144, atol=0.005)
    assert abs(np.corrcoef(changes)[0, 1]) < 0.06


def test_on_canvases_the_image_alone_is_in_it():
    images = tf.constant(
        np.random.default_rng(0).integers(1, 256, [6, 8, 8, 3], np.uint8)
    )
    index, plain = tf.range(6), Canvas(12)
    lit = dataclasses.replace(plain, lighting=0.5)

    def composed(canvas, compiled=False):
        made = tf.function(
            lambda seed: compose(canvas, images, index, seed),
            jit_compile=compiled,
        )
        return made(SEED).numpy()

    before, after = composed(plain), composed(lit)
    outside = before.max(-1) == 0
    assert after[outside].max() == 0
    assert np.all(np.any(before != after, axis=(1, 2, 3)))
    np.testing.assert_array_equal(after, composed(lit, compiled=True))
    # What was brighter is not darker now.
    order = np.argsort(before[0][~outside[0]].ravel())
    seen = after[0][~outside[0]].ravel()[order]
    assert np.all(np.diff(seen.astype(int)) >= 0)


@pytest.mark.parametrize("most", [-0.1, 1.0])
def test_bounds(most):
    images = np.zeros([1, 4, 4, 3], np.uint8)
    with pytest.raises(ValueError, match=rf"`lighting` must lie.*{most}"):
        Canvas(8, lighting=most).check(images)
