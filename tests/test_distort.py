"""Images under linear maps."""

import numpy as np
import pytest
import tensorflow as tf

from ram_tf_data.distort import distort, transform

SEED = tf.constant([1, 2])


def _mapped(image, entries):
    """An image [h, w] under a map whose entries are counted in 1/1024."""
    images = np.array(image, np.uint8)[None, ..., None]
    return transform(images, tf.constant([entries])).numpy()[0, ..., 0]


def _random(shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("sides", [(5, 5), (4, 4), (3, 6)])
def test_the_identity_changes_nothing(sides):
    image = _random(sides)
    result = _mapped(image, [[1024, 0], [0, 1024]])
    np.testing.assert_array_equal(result, image)


@pytest.mark.parametrize("side", [5, 6])
def test_a_quarter_turn(side):
    # The result at row i, column j is read at row j, column -i: anticlockwise.
    image = _random((side, side))
    result = _mapped(image, [[0, 1024], [-1024, 0]])
    np.testing.assert_array_equal(result, np.rot90(image))


def test_pixels_between_pixels_by_hand():
    row = [[100, 200, 51]]
    # Places -1, 0, 1 are read at -1/2, 0, 1/2: 150, 200, 125.5, rounded up.
    assert _mapped(row, [[1024, 0], [0, 512]]).tolist() == [[150, 200, 126]]
    # At -3/2, 0, 3/2: half of the outer pixels, half black.
    assert _mapped(row, [[1024, 0], [0, 1536]]).tolist() == [[50, 200, 26]]
    # At -2, 0, 2: outside is black.
    assert _mapped(row, [[1024, 0], [0, 2048]]).tolist() == [[0, 200, 0]]


def test_shear_by_hand():
    # Rows -1, 0, 1 are read half a pixel to the left, as they are, and half a
    # pixel to the right.
    image = [[8, 0, 0], [0, 8, 0], [0, 0, 8]]
    result = _mapped(image, [[1024, 0], [512, 1024]])
    assert result.tolist() == [[4, 4, 0], [0, 8, 0], [0, 4, 4]]


def test_colours_stay_together():
    images = _random((2, 4, 5, 3))
    whole = distort(images, SEED, 0.3)
    for colour in range(3):
        alone = distort(images[..., colour, None], SEED, 0.3)
        np.testing.assert_array_equal(whole[..., colour, None], alone)


def test_every_entry_is_uniform_and_drawn_for_itself():
    # A ramp tells where it was read: ten pixels from the middle it has moved by
    # ten times the change of an entry, and a pixel is five levels.
    ramp = np.tile(5 * np.arange(41, dtype=np.uint8), [41, 1])
    entries = []
    for axis in range(2):
        image = (ramp.T, ramp)[axis][..., None]
        levels = distort(np.tile(image, [2000, 1, 1, 1]), SEED, 0.25)
        levels = levels.numpy()[..., 0].astype(float)
        entries += [levels[:, 30, 20] / 50 - 2, levels[:, 20, 30] / 50 - 2]
    changes = np.stack(entries) - [[1], [0], [0], [1]]
    # Levels are whole, hence the entries known to 0.01.
    np.testing.assert_allclose(changes.min(1), -0.25, atol=0.02)
    np.testing.assert_allclose(changes.max(1), 0.25, atol=0.02)
    # Standard deviation 0.25 / sqrt(3) = 0.144, that of the mean 0.003.
    np.testing.assert_allclose(changes.mean(1), 0, atol=0.015)
    np.testing.assert_allclose(changes.std(1), 0.144, atol=0.01)
    correlation = np.corrcoef(changes) - np.eye(4)
    np.testing.assert_allclose(correlation, 0, atol=0.1)
