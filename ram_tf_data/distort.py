"""Images stretched, sheared and turned at random: more digits than there are.

All arithmetic is on whole numbers, as in `ram_tf_data.canvas`: eager mode,
graphs and XLA make the same bytes.
"""

import tensorflow as tf

# Fractions of a pixel, and of a change, are counted in these.
_ONE = 1024


def distort(images: tf.Tensor, seed: tf.Tensor, most: float) -> tf.Tensor:
    """Images under linear maps that differ a little from the identity.

    The middle stays where it is. Each of the four entries of a map is the
    identity's plus a number that is uniform in [-most, most], in steps of
    1/1024. Pixels are interpolated linearly, with black around the image.

    Args:
        images: [B, h, w, C] uint8.
        seed: A stateless seed, [2] integers.
        most: Below 1.

    Returns:
        [B, h, w, C] uint8.
    """
    return transform(images, draw_maps(tf.shape(images)[0], seed, most))


def draw_maps(batch, seed: tf.Tensor, most: float) -> tf.Tensor:
    """The maps of `distort`, as `transform` takes them, [B, 2, 2] int32."""
    limit = round(most * _ONE)
    changes = tf.random.stateless_uniform(
        [batch, 2, 2],
        seed,
        minval=-limit,
        maxval=limit + 1,
        dtype=tf.int32,
        alg="philox",
    )
    return changes + _ONE * tf.eye(2, dtype=tf.int32)


def transform(images: tf.Tensor, maps: tf.Tensor) -> tf.Tensor:
    """Images under maps from places in the result to places in the image.

    Args:
        images: [B, h, w, C] uint8, of at most 500 pixels a side.
        maps: Of row and column, both counted from the middle; [B, 2, 2] int32,
            1024 for 1.

    Returns:
        [B, h, w, C] uint8.
    """
    _, height, width, _ = images.shape
    # Twice the distance from the middle is a whole number.
    rows = 2 * tf.range(height)[:, None] - (height - 1)
    columns = 2 * tf.range(width) - (width - 1)
    row, column = (
        (maps[:, axis, 0, None, None] * rows)
        + (maps[:, axis, 1, None, None] * columns)
        + _ONE * (size - 1)
        for axis, size in enumerate((height, width))
    )
    total = 0
    for down, row_weight in _neighbours(row // 2):
        for right, column_weight in _neighbours(column // 2):
            weight = (row_weight * column_weight)[..., None]
            total += weight * _read(images, down, right)
    return tf.cast((total + _ONE**2 // 2) // _ONE**2, tf.uint8)


def _neighbours(place):
    """The pixels before and behind places in 1/1024, and their weights."""
    before, behind = place // _ONE, place % _ONE
    return (before, _ONE - behind), (before + 1, behind)


def _read(images, row, column):
    """Pixels [B, h, w, C] int32 at rows and columns [B, h, w], 0 outside."""
    _, height, width, channels = images.shape
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    pixels = tf.gather(
        tf.reshape(images, [-1, height * width, channels]),
        tf.where(inside, row * width + column, 0),
        batch_dims=1,
    )
    return tf.where(inside[..., None], tf.cast(pixels, tf.int32), 0)
