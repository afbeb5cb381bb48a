"""The retina against an oracle, and its two implementations to the bit."""

import numpy as np
import pytest
import tensorflow as tf

from ram_tf import GlimpseSensor
from ram_tf.layers.glimpse_readers import READERS

BATCH = 3
# Height, width, channels, size, scales: odd, even, not square, colour, and
# windows larger than the image.
SHAPES = [
    (28, 28, 1, 8, 1),
    (60, 60, 1, 12, 3),
    (51, 47, 1, 7, 3),
    (33, 64, 3, 5, 2),
    (5, 9, 2, 6, 2),
]
DTYPES = ["uint8", "float32"]
BATCHED = [name for name in READERS if name != "slices"]


def _images(height, width, channels, dtype):
    rng = np.random.default_rng(height * width)
    images = rng.integers(0, 256, [BATCH, height, width, channels], "uint8")
    return images if dtype == "uint8" else (images / 255).astype("f")


def _snapped(rng, extent, count):
    """Offsets on pixels and half pixels, inside, on and beyond the edge."""
    pixels = rng.integers(-extent, 3 * extent + 1, count) / 2
    return (2 * pixels / extent - 1).astype("f")


def _locations(height, width, rollouts=60):
    """[BATCH * rollouts, 2], shuffled so that each image has all kinds."""
    rng = np.random.default_rng(1)
    axes = [_snapped(rng, side, BATCH * rollouts) for side in (height, width)]
    locations = np.stack(axes, -1)
    locations[::3] = rng.normal(0, 0.8, locations[::3].shape)
    locations[:5] = [[0, 0], [1, 1], [-1, -1], [3, -0.5], [-40, 1e6]]
    return tf.constant(rng.permutation(locations))


def _sensor(size, scales=1, implementation="gather", pooling="average"):
    return GlimpseSensor(size, scales, implementation, pooling)


def _first_pixel(offset, extent, window):
    centre = np.float32(offset) * np.float32(extent) / np.float32(2)
    centre = np.float32(centre + np.float32(extent / 2))
    return int(np.float32(centre - np.float32(window / 2)))


def _window(image, location, window):
    """One window, pixel by pixel; what is outside the image is 0."""
    height, width, channels = image.shape
    top = _first_pixel(location[0], height, window)
    left = _first_pixel(location[1], width, window)
    cut = np.zeros([window, window, channels])
    for y in range(max(0, -top), min(window, height - top)):
        for x in range(max(0, -left), min(window, width - left)):
            cut[y, x] = image[top + y, left + x]
    return cut


def _pooled(window, size, pool):
    factor = len(window) // size
    blocks = window.reshape(size, factor, size, factor, -1)
    return pool(pool(blocks, axis=3), axis=1)


def _oracle(images, locations, size, scales, pool=np.mean):
    """[N, g, g, S * C] in float64, row by row."""
    rollouts = len(locations) // len(images)
    glimpses = [
        np.concatenate(
            [
                _pooled(
                    _window(images[row // rollouts], location, size * 2**s),
                    size,
                    pool,
                )
                for s in range(scales)
            ],
            axis=-1,
        )
        for row, location in enumerate(np.asarray(locations))
    ]
    return np.stack(glimpses) / (255 if images.dtype == np.uint8 else 1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_gather_is_the_oracle(shape, dtype):
    *image_shape, size, scales = shape
    images = _images(*image_shape, dtype)
    locations = _locations(*image_shape[:2], rollouts=10)
    np.testing.assert_allclose(
        _sensor(size, scales)(images, locations),
        _oracle(images, locations, size, scales),
        atol=1e-6,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_implementations_are_equal_to_the_bit(shape, dtype):
    *image_shape, size, scales = shape
    images = tf.constant(_images(*image_shape, dtype))
    locations = _locations(*image_shape[:2])
    extract = _sensor(size, scales, "extract_glimpse")
    expected = extract(images, locations)
    crop = _sensor(size, scales, "crop_and_resize")
    ways = {
        "extract_glimpse in a graph": tf.function(extract),
        "crop_and_resize": crop,
        "crop_and_resize in a graph": tf.function(crop),
    }
    for name in ("gather", "integral"):
        sensor = _sensor(size, scales, name)
        ways |= {
            name: sensor,
            f"{name} in a graph": tf.function(sensor),
            f"{name} under XLA": tf.function(sensor, jit_compile=True),
        }
    for name, sensor in ways.items():
        np.testing.assert_array_equal(
            sensor(images, locations), expected, err_msg=name
        )


@pytest.mark.parametrize("pooling", ["average", "max"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_slices_reads_the_same_bits_one_by_one(shape, dtype, pooling):
    *image_shape, size, scales = shape
    images = tf.constant(_images(*image_shape, dtype))[:1]
    locations = _locations(*image_shape[:2], rollouts=30)
    see = tf.function(_sensor(size, scales, "slices", pooling))
    np.testing.assert_array_equal(
        tf.concat([see(images, one[None]) for one in locations], axis=0),
        _sensor(size, scales, "gather", pooling)(images, locations),
    )


@pytest.mark.parametrize(("count", "rows"), [(2, 2), (1, 2)])
def test_slices_reads_one_image_only(count, rows):
    images = tf.zeros([count, 9, 9, 1], tf.uint8)
    with pytest.raises(ValueError, match=r"one image.*at one location"):
        _sensor(4, implementation="slices")(images, tf.zeros([rows, 2]))


@pytest.mark.parametrize("sides", [(33, 64), (1, 7)])
@pytest.mark.parametrize(
    "implementation", ["gather", "integral", "crop_and_resize"]
)
def test_unknown_sizes_give_the_same_bits(implementation, sides):
    images = tf.constant(_images(*sides, 3, "uint8"))
    locations = _locations(*sides)
    sensor = _sensor(5, 2, implementation)
    traced = tf.function(
        sensor,
        input_signature=[
            tf.TensorSpec([None, None, None, 3], tf.uint8),
            tf.TensorSpec([None, 2], tf.float32),
        ],
    )
    np.testing.assert_array_equal(
        traced(images, locations), _sensor(5, 2)(images, locations)
    )


@pytest.mark.parametrize("implementation", BATCHED)
def test_rollouts_read_their_own_image(implementation):
    images = np.stack([np.full([6, 6, 1], k, "uint8") for k in (51, 102)])
    glimpses = _sensor(2, 2, implementation)(images, tf.zeros([6, 2]))
    for scale in range(2):
        np.testing.assert_allclose(
            glimpses[:, 0, 0, scale], [0.2] * 3 + [0.4] * 3, rtol=1e-6
        )


@pytest.mark.parametrize("implementation", BATCHED)
def test_max_pooling(implementation):
    images = _images(20, 17, 2, "uint8")
    locations = _locations(20, 17, rollouts=10)
    sensor = _sensor(3, 3, implementation, "max")
    np.testing.assert_allclose(
        sensor(images, locations),
        _oracle(images, locations, 3, 3, np.max),
        atol=1e-6,
    )


def test_scales_come_first_then_channels():
    # One bright pixel at the centre; the channels are 1/4 and 1/2 bright. The
    # second window is 4 wide: the pixel is a quarter of its pooled cell.
    image = np.zeros([1, 4, 4, 2], "f")
    image[0, 2, 2] = [0.25, 0.5]
    glimpse = _sensor(2, 2)(image, tf.zeros([1, 2]))
    np.testing.assert_array_equal(
        glimpse[0, 1, 1], [1 / 4, 1 / 2, 1 / 16, 1 / 8]
    )


def test_bytes_are_scaled_after_pooling():
    image = np.array([[1, 2], [3, 255]], "uint8")[None, ..., None]
    fine = _sensor(2)(image, tf.zeros([1, 2]))
    scale = np.float32(1 / 255)
    np.testing.assert_array_equal(
        fine[0, ..., 0], np.float32([[1, 2], [3, 255]]) * scale
    )
    coarse = _sensor(1, 2)(image, tf.zeros([1, 2]))
    assert coarse[0, 0, 0, 1].numpy() == np.float32(65.25) * scale


def test_float_images_are_taken_as_they_are():
    image = np.full([1, 2, 2, 1], 0.3, "f")
    glimpse = _sensor(2)(image, tf.zeros([1, 2]))
    np.testing.assert_array_equal(glimpse, image)


@pytest.mark.parametrize("implementation", BATCHED)
def test_no_gradient_passes(implementation):
    images = tf.constant(_images(9, 9, 1, "float32"))
    locations = tf.zeros([BATCH, 2])
    with tf.GradientTape() as tape:
        tape.watch([images, locations])
        glimpses = _sensor(2, 2, implementation)(images, locations)
    assert tape.gradient(glimpses, [images, locations]) == [None, None]


def test_windows():
    assert _sensor(12, 3).windows == [12, 24, 48]
    with_colour = _sensor(12, 3).compute_output_shape((4, 60, 60, 3), (8, 2))
    assert with_colour == (8, 12, 12, 9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "`size` must be a positive integer.*size=0"),
        ({"size": 2.5}, "`size` must be a positive integer.*size=2.5"),
        ({"scales": -1}, "`scales` must be a positive integer.*scales=-1"),
        ({"implementation": "crop"}, "must be one of.*gather.*'crop'"),
        ({"pooling": "sum"}, "must be one of.*average.*'sum'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        GlimpseSensor(**{"size": 8, **arguments})


IMAGES, LOCATIONS = np.zeros([2, 9, 9, 1], "f"), np.zeros([2, 2], "f")


@pytest.mark.parametrize(
    ("images", "locations", "message"),
    [
        (IMAGES[..., 0], LOCATIONS, r"must have rank 4.*\(2, 9, 9\)"),
        (IMAGES.astype("int32"), LOCATIONS, "uint8.*or float32.*int32"),
        (IMAGES.astype("float64"), LOCATIONS, "uint8.*or float32.*float64"),
        (IMAGES * np.nan, LOCATIONS, "must be finite.*NaN"),
        (IMAGES[:0], LOCATIONS, r"must not be empty.*\(0, 9, 9, 1\)"),
        (IMAGES[..., :0], LOCATIONS, r"must not be empty.*\(2, 9, 9, 0\)"),
        (IMAGES, LOCATIONS[0], r"shape \[N, 2\].*\(2,\)"),
        (IMAGES, np.zeros([2, 3], "f"), r"shape \[N, 2\].*\(2, 3\)"),
        (IMAGES, LOCATIONS.astype("float64"), "must be float32.*float64"),
        (IMAGES, np.zeros([3, 2], "f"), "multiple.*3 locations, 2 images"),
        (IMAGES, LOCATIONS[:0], "multiple.*0 locations, 2 images"),
    ],
)
def test_bad_inputs(images, locations, message):
    with pytest.raises(ValueError, match=message):
        _sensor(4)(images, locations)


def test_sums_of_a_large_image_are_exact():
    # All bytes together exceed what float32 counts to, those of a cell do not.
    images = tf.fill([1, 1024, 1024, 1], tf.constant(255, tf.uint8))
    dots = np.random.default_rng(0).integers(0, 2, images.shape, np.uint8)
    images -= dots
    locations = tf.constant([[0.1, -0.3]])
    expected = _sensor(12, 8, "gather")(images, locations)
    for jit in (False, True):
        read = tf.function(_sensor(12, 8, "integral"), jit_compile=jit)
        np.testing.assert_array_equal(read(images, locations), expected)
