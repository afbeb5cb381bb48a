"""Ways to read one window of the retina; all give the same bits.

Each takes images [B, H, W, C], locations [N, 2] in halves of the canvas, the
side g of a glimpse, the factor f by which its window is wider, and the pooling
op; and returns the pooled window [N, g, g, C] float32, 0 outside the image.
Bytes stay 0..255, so that their sums are exact.
"""

import numpy as np
import tensorflow as tf

from ram_tf import geometry
from ram_tf.errors import UserError

# Of whole numbers they give the same bits in eager mode and under XLA, and of
# floats the maximum does; for means of floats see `_means`.
POOLINGS = {"average": tf.nn.avg_pool2d, "max": tf.nn.max_pool2d}


def extract_glimpse(images, locations, size: int, factor: int, pool):
    """By TensorFlow's op, which takes float32 only."""
    window = size * factor
    rollouts = tf.shape(locations)[0] // tf.shape(images)[0]
    windows = tf.image.extract_glimpse(
        tf.repeat(tf.cast(images, tf.float32), rollouts, axis=0),
        [window, window],
        locations,
        centered=True,
        normalized=True,
        noise="zero",
    )
    return _pooled(windows, factor, pool, images.dtype)


def gather(images, locations, size: int, factor: int, pool):
    """Reads the pixels of the window only, and casts them last."""
    _, height, width, _ = geometry.dims(images)
    window = size * factor
    y, x = _starts(images, locations, window)
    rows, row_inside = _clipped(y + tf.range(window), height)
    columns, column_inside = _clipped(x + tf.range(window), width)
    pixels = tf.cast(_read(images, rows, columns), tf.float32)
    inside = row_inside[:, :, None, None] & column_inside[:, None, :, None]
    windows = tf.where(inside, pixels, 0.0)
    return _pooled(windows, factor, pool, images.dtype)


def integral(images, locations, size: int, factor: int, pool):
    """Reads (g + 1)^2 sums from a summed-area table, not (g f)^2 pixels.

    The table has H * W entries, and is the same for all locations and windows:
    compiled, it is made once. Where sums would not be exact (float32 images),
    not serve (maxima) or not save anything (the finest window), it is gather.
    """
    summed = images.dtype == tf.uint8 and pool is POOLINGS["average"]
    if factor == 1 or not summed:
        return gather(images, locations, size, factor, pool)
    _, height, width, _ = geometry.dims(images)
    y, x = _starts(images, locations, size * factor)
    corners = factor * tf.range(size + 1)
    sums = _read_rows_first(
        summed_area(images),
        tf.clip_by_value(y + corners, 0, height),
        tf.clip_by_value(x + corners, 0, width),
    )
    strips = sums[:, 1:] - sums[:, :-1]
    cells = strips[:, :, 1:] - strips[:, :, :-1]
    return tf.cast(cells, tf.float32) * (1.0 / factor**2)


def slices(images, locations, size: int, factor: int, pool):
    """Reads one window of one image of known size: what TFLite does fastest.

    There a gather of pixels is slow, a copy of rows is not, and PAD knows no
    bytes: whole rows, then their columns, cast, then zeros around them, then
    the window out of that.
    """
    _check_single(images, locations)
    _, height, width, channels = images.shape
    sides, window = np.array([height, width], np.int32), size * factor
    block = np.minimum(window, sides)
    along = np.array([1, channels], np.int32)
    start = geometry.window_start(locations[0], tf.constant(sides), window)
    start = _between(start, -window, sides)
    first = _between(start, 0, sides - block)
    rows = tf.gather(images, first[:1] + tf.range(block[0]), axis=1)
    pixels = tf.slice(
        tf.reshape(rows, [block[0], width * channels]),
        first * [0, channels],
        block * along,
    )
    around = window * np.stack([along, along], axis=1)
    pixels = tf.slice(
        tf.pad(tf.cast(pixels, tf.float32), around),
        (start - first + window) * along,
        window * along,
    )
    windows = tf.reshape(pixels, [1, window, window, channels])
    return _pooled(windows, factor, pool, images.dtype)


def _between(values, least, most):
    """Clips integers; moved, since of 0 to 6 TFLite would make a RELU6.

    It does so with integers too, and LiteRT knows none of these.
    """
    moved = 7 - least
    return tf.clip_by_value(values + moved, 7, most + moved) - moved


def crop_and_resize(images, locations, size: int, factor: int, pool):
    """By TensorFlow's op that crops: fastest outside XLA, of any image.

    It does not resize here, but finds each pixel by float arithmetic on
    fractions of the side. So that no rounding error tells, pixel p is asked for
    at p + 1/4 - p / (2 (side - 1)): nearest to p, and outside the image only if
    p is.
    """
    window = size * factor
    sides = tf.shape(images)[1:3]
    starts = geometry.window_start(locations, sides, window)[:, None]
    first_and_last = tf.constant([[0, 0], [window - 1, window - 1]])
    ends = tf.cast(starts + first_and_last, tf.float32)
    last = tf.cast(tf.maximum(sides, 2) - 1, tf.float32)
    boxes = ends * ((1.0 - 0.5 / last) / last) + 0.25 / last
    rows, batch = geometry.dims(locations)[0], geometry.dims(images)[0]
    windows = tf.raw_ops.CropAndResize(
        image=_two_pixels_wide(images),
        boxes=tf.reshape(boxes, [rows, 4]),
        box_ind=tf.range(rows) // (rows // batch),
        crop_size=[window, window],
        method="nearest",
    )
    if images.dtype == tf.uint8 and pool is POOLINGS["average"]:
        return _averaged_bytes(windows, factor)
    return _pooled(windows, factor, pool, images.dtype)


READERS = {
    "crop_and_resize": crop_and_resize,
    "extract_glimpse": extract_glimpse,
    "gather": gather,
    "integral": integral,
    "slices": slices,
}
COMPILED = ("gather", "integral", "slices")  # Those that XLA can compile.


def _check_single(images, locations):
    known = None not in images.shape.as_list()
    if not known or images.shape[0] != 1 or locations.shape[0] != 1:
        raise UserError(
            "The sensor `slices` reads one image of known size at one "
            f"location. Received: images {tuple(images.shape)}, locations "
            f"{tuple(locations.shape)}"
        )


def _pooled(windows, factor, pool, dtype):
    """Windows, float32, of images of a dtype."""
    if factor == 1:
        return windows
    if pool is POOLINGS["average"] and dtype != tf.uint8:
        return _means(windows, factor)
    return pool(windows, factor, factor, "VALID")


def _means(windows, factor):
    """Means of floats over squares of a power of two, by halves.

    So each sum has one order. In a pooling op, LLVM adds up as suits the
    processor: on some, XLA's last bit was not that of eager mode.
    """
    while factor > 1:
        rows = windows[:, ::2] + windows[:, 1::2]
        windows = (rows[:, :, ::2] + rows[:, :, 1::2]) * 0.25
        factor //= 2
    return windows


def _averaged_bytes(windows, factor):
    """Like _pooled; whole numbers have exact sums in any order.

    A product takes less time than the pooling op where there is no XLA.
    """
    _, height, width, channels = windows.shape
    if factor == 1:
        return windows
    size = width // factor
    weights = np.repeat(np.eye(size, dtype=np.float32), factor, 0) / factor**2
    rows = tf.reshape(windows, [-1, factor, width * channels])
    means = tf.matmul(
        tf.reduce_sum(rows, axis=1),
        np.kron(weights, np.eye(channels, dtype=np.float32)),
    )
    return tf.reshape(means, [-1, height // factor, size, channels])


def _starts(images, locations, window):
    """First row and first column [N, 1] of each window."""
    sides = geometry.dims(images)[1:3]
    return [
        geometry.window_start(locations[:, axis], side, window)[:, None]
        for axis, side in enumerate(sides)
    ]


def _clipped(pixels, extent):
    """Indices [N, k] moved inside the image, and which were there."""
    inside = (pixels >= 0) & (pixels < extent)
    return tf.clip_by_value(pixels, 0, extent - 1), inside


def _two_pixels_wide(images):
    """Images of at least two pixels a side, of which there are fractions."""
    if min(side or 0 for side in images.shape[1:3]) > 1:
        return images
    missing = tf.maximum(2 - tf.shape(images)[1:3], 0)
    paddings = tf.pad(missing[:, None], [[1, 1], [1, 0]])
    wide = tf.cond(
        tf.reduce_any(missing > 0),
        lambda: tf.pad(images, paddings),
        lambda: images,
    )
    return tf.ensure_shape(wide, [images.shape[0], None, None, images.shape[3]])


def _read(images, rows, columns):
    """Pixels [N, h, w, C] at rows [N, h] and columns [N, w]."""
    batch, height, width, channels = geometry.dims(images)
    index = rows[:, :, None] * width + columns[:, None, :]
    pixels = tf.gather(
        tf.reshape(images, [batch, height * width, channels]),
        tf.reshape(index, [batch, -1]),
        batch_dims=1,
    )
    return tf.reshape(pixels, [-1, rows.shape[1], columns.shape[1], channels])


def summed_area(images):
    """[H + 1, B, W + 1, C] int32: sums of all above and left of a corner.

    Row by row, so that what is added stays in the cache: sums along whole
    columns take XLA five times as long at 1024x1024.
    """
    rows = tf.pad(images, [[0, 0], [1, 0], [1, 0], [0, 0]])
    rows = tf.transpose(rows, [1, 0, 2, 3])
    return tf.scan(
        lambda above, row: above + tf.cumsum(tf.cast(row, tf.int32), axis=1),
        rows,
        tf.zeros_like(rows[0], tf.int32),
    )


def _read_rows_first(table, rows, columns):
    """Entries [N, h, w, C] of a table [H, B, W, C], as _read."""
    _, batch, width, channels = geometry.dims(table)
    count = geometry.dims(rows)[0]
    image = tf.range(count) // (count // batch)
    index = (rows * batch + image[:, None])[:, :, None] * width
    return tf.gather(
        tf.reshape(table, [-1, channels]), index + columns[:, None, :]
    )
