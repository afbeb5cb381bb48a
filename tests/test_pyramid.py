"""The pyramid reader against an oracle in NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from ram_tf import GlimpseSensor, UserError, geometry
from ram_tf.layers import pyramid

# Height, width, channels, size, scales: odd, even, not square, colour, and
# windows larger than the image.
SHAPES = [
    (28, 28, 1, 8, 1),
    (60, 60, 1, 12, 3),
    (51, 47, 1, 12, 5),
    (33, 64, 3, 6, 4),
    (5, 9, 2, 6, 3),
    (1, 1, 1, 12, 3),
]


def _images(height, width, channels, dtype="uint8"):
    rng = np.random.default_rng(height * width)
    images = rng.integers(0, 256, [2, height, width, channels], "uint8")
    return images if dtype == "uint8" else (images / 255).astype("f")


def _offsets(height, width, rollouts=40):
    """Of the middles of pixels, inside and beyond the edges."""
    rng = np.random.default_rng(1)
    sides = np.array([height, width])
    pixels = rng.integers(-sides // 2, 3 * sides // 2, [2 * rollouts, 2]) + 0.5
    return (2 * pixels / sides - 1).astype("f"), pixels


def _level(image, scale):
    """Means of blocks of 2^scale pixels from the corner, 0 outside."""
    block = 2**scale
    height, width, _ = image.shape
    padded = np.pad(image, [(0, -height % block), (0, -width % block), (0, 0)])
    blocks = padded.reshape(
        padded.shape[0] // block, block, padded.shape[1] // block, block, -1
    )
    return blocks.mean((1, 3))


def _window(level, start, size):
    window = np.zeros([size, size, level.shape[-1]])
    for i, j in np.ndindex(size, size):
        y, x = start[0] + i, start[1] + j
        if 0 <= y < level.shape[0] and 0 <= x < level.shape[1]:
            window[i, j] = level[y, x]
    return window


def _starts(pixels, size, scale):
    """First blocks of the window about a pixel; the middle is nearest it."""
    if scale == 0:
        # As TensorFlow's extract_glimpse cuts it: towards zero.
        return np.trunc(pixels - size / 2).astype(int)
    return (np.floor(pixels / 2**scale + 0.5) - size // 2).astype(int)


def _oracle(images, pixels, size, scales):
    """([N, g, g, S * C], places [N, S, g, 2])."""
    seen, places = [], []
    for row, pixel in enumerate(pixels):
        image = images[row * len(images) // len(pixels)].astype("f8")
        image = image / (255 if images.dtype == np.uint8 else 1)
        starts = [_starts(pixel, size, scale) for scale in range(scales)]
        windows = [
            _window(_level(image, scale), start, size)
            for scale, start in enumerate(starts)
        ]
        seen.append(np.concatenate(windows, -1))
        cells = np.arange(size)[:, None] + 0.5
        places.append(
            [(start + cells) * 2**s for s, start in enumerate(starts)]
        )
    return np.array(seen), np.array(places)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_the_oracle(shape, dtype):
    *sides, channels, size, scales = shape
    images = _images(*sides, channels, dtype)
    offsets, pixels = _offsets(*sides)
    sensor = GlimpseSensor(size, scales, "pyramid")
    expected, places = _oracle(images, pixels, size, scales)
    seen = sensor(tf.constant(images), tf.constant(offsets))
    np.testing.assert_allclose(seen, expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(sensor.places(images, offsets), places)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_eager_graphs_and_xla_have_the_same_bits(dtype, channels):
    images = tf.constant(_images(51, 47, channels, dtype))
    offsets = tf.constant(_offsets(51, 47)[0])
    sensor = GlimpseSensor(12, 5, "pyramid")
    seen = sensor(images, offsets).numpy()
    plain = GlimpseSensor(12, 5, "plain_pyramid")
    np.testing.assert_array_equal(plain(images, offsets), seen)
    for compiled in (True, False):
        function = tf.function(sensor, jit_compile=compiled)
        np.testing.assert_array_equal(function(images, offsets), seen)
    any_size = tf.function(
        sensor,
        input_signature=[
            tf.TensorSpec([None, None, None, channels], images.dtype),
            tf.TensorSpec([None, 2]),
        ],
    )
    np.testing.assert_array_equal(any_size(images, offsets), seen)


def test_the_finest_window_is_that_of_the_other_sensors():
    images = tf.constant(_images(51, 47, 1))
    offsets = tf.constant(_offsets(51, 47)[0])
    seen = GlimpseSensor(12, 4, "pyramid")(images, offsets)
    other = GlimpseSensor(12, 4, "gather")(images, offsets)
    np.testing.assert_array_equal(seen[..., 0], other[..., 0])


def test_wide_windows_are_half_a_block_off_at_most():
    images = tf.constant(_images(51, 47, 1))
    offsets = tf.constant(_offsets(51, 47)[0])
    exact, snapped = (
        GlimpseSensor(12, 5, name).places(images, offsets).numpy()
        for name in ("gather", "pyramid")
    )
    off = np.abs(exact - snapped).max((0, 2, 3))
    assert off[0] == 0
    # The others cut at a whole pixel, too.
    assert (off[1:] <= 2.0 ** np.arange(1, 5) / 2 + 0.5).all()
    assert off[4] > 4


def test_sums_of_bytes_are_exact_in_the_widest_window():
    side = 4096
    images = tf.fill([1, side, side, 1], tf.constant(255, tf.uint8))
    sensor = GlimpseSensor(4, 12, "pyramid")
    seen = tf.function(sensor, jit_compile=True)(images, tf.zeros([1, 2]))
    # Blocks of 2,048 pixels: the four in the middle are white, and whole.
    np.testing.assert_array_equal(seen[0, 1:3, 1:3, 11], np.ones([2, 2]))
    assert seen[0, ..., 11].numpy().sum() == 4


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (51, 47), (600, 1023)])
def test_the_plain_one_has_the_same_bits(height, width, channels):
    images = tf.constant(_images(height, width, channels))
    offsets = tf.constant(_offsets(height, width, 20)[0])
    seen, plain = (
        GlimpseSensor(6, 12, name)(images, offsets)
        for name in ("pyramid", "plain_pyramid")
    )
    np.testing.assert_array_equal(plain, seen)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_plain_one_sums_white_exactly(channels):
    # Level 8 is the last whose sums a float32 holds.
    white = tf.fill([1, 1025, 1024, channels], tf.constant(255, tf.uint8))
    for packs in (True, False):
        levels = pyramid._levels(white, 12, packs)
        for scale, level in enumerate(levels, 1):
            assert level.dtype == tf.int32
            area = min(2**scale, 1024) * min(2**scale, 1025)
            assert level.numpy()[0, 0, 0, 0] == 255 * area


def test_one_pyramid_serves_all_looks(monkeypatch):
    made = []
    original = pyramid._levels
    monkeypatch.setattr(
        pyramid, "_levels", lambda *a: made.append(1) or original(*a)
    )
    images = tf.constant(_images(60, 60, 1))
    sensor = GlimpseSensor(12, 3, "pyramid")

    def looks(images):
        return [sensor(images, tf.fill([2, 2], 0.1 * t)) for t in range(4)]

    looks(images)
    assert len(made) == 1
    tf.function(looks, jit_compile=True)(images)
    assert len(made) == 2
    looks(tf.constant(_images(60, 60, 1)[::-1]))
    assert len(made) == 3


def test_no_gradient_reaches_the_image():
    image = tf.Variable(_images(20, 20, 1, "float32"))
    with tf.GradientTape() as tape:
        seen = GlimpseSensor(4, 3, "pyramid")(
            tf.convert_to_tensor(image), tf.zeros([2, 2])
        )
    assert tape.gradient(seen, image) is None


def test_the_number_of_windows_follows_the_image():
    # By hand: 12, 24, 48, 96, ... pixels against one and a half sides.
    counts = {8: 3, 32: 3, 33: 4, 64: 4, 128: 5, 256: 6, 512: 7, 1024: 8}
    sensor = GlimpseSensor(12, None, "pyramid")
    for side, count in counts.items():
        assert sensor.scales_of((1, side, 5, 1)) == count
    assert sensor.scales_of((1, 5, 1024, 1)) == 8
    assert GlimpseSensor(12, 2).scales_of((1, 1024, 1024, 1)) == 2


def test_what_is_needed_is_what_reaches():
    for side in (1, 8, 9, 16, 17, 100, 4096):
        needed = geometry.is_needed(12, 12, tf.constant([side, 3.0]))
        count = geometry.reaching(12, (side, 3))
        assert needed.numpy().tolist() == [s < count for s in range(12)]


def test_bad_arguments():
    with pytest.raises(UserError, match=r"at most 12 windows.*scales=13"):
        GlimpseSensor(12, 13, "pyramid")
    with pytest.raises(UserError, match=r"pooling.*average.*'max'"):
        GlimpseSensor(12, 3, "pyramid", "max")
