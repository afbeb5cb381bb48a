"""The retina: what the model sees of an image (paper, section 3)."""

import keras
import tensorflow as tf

from ram_tf import geometry
from ram_tf.validation import (
    check_choice,
    check_finite,
    check_frames,
    check_positive_int,
)

IMPLEMENTATIONS = ("extract_glimpse", "gather")
POOLINGS = ("average", "max")


@keras.saving.register_keras_serializable("ram_tf")
class GlimpseSensor(keras.layers.Layer):
    """Cuts a foveated pyramid of windows out of each image.

    Window s is g * 2^s pixels wide, centred on the location, and pooled to
    g x g. Pixels outside the image are 0. Nothing is learned, and no gradient
    passes: neither to the image nor to the location.

    Both implementations give the same bits. "extract_glimpse" is TensorFlow's
    op: plain to read, but it casts whole images, and knows neither XLA nor
    TFLite. "gather" reads only the pixels of the windows, so that its time and
    memory do not depend on H and W, and works everywhere.

    Args:
        size: g, pixels along a side of the glimpse.
        scales: S, number of windows.
        implementation: "extract_glimpse" or "gather".
        pooling: "average" or "max" (which keeps a one-pixel ball visible).

    Call arguments:
        images: [B, H, W, C], uint8 in 0..255 or float32 in [0, 1].
        locations: [N, 2] (y, x) float32 in halves of the canvas, N = M * B;
            row r reads image r // M.

    Returns:
        Glimpses [N, g, g, S * C] float32 in [0, 1], scale-major, finest first.

    Raises:
        ValueError: On sizes below one, unknown names, images or locations of
            another rank or dtype, N that is no multiple of B, or, in eager
            mode, NaN in what is seen.
    """

    def __init__(
        self,
        size: int,
        scales: int = 1,
        implementation: str = "extract_glimpse",
        pooling: str = "average",
        **kwargs,
    ):
        check_positive_int("size", size)
        check_positive_int("scales", scales)
        check_choice("implementation", implementation, IMPLEMENTATIONS)
        check_choice("pooling", pooling, POOLINGS)
        super().__init__(autocast=False, **kwargs)
        self.size = size
        self.scales = scales
        self.implementation = implementation
        self.pooling = pooling

    @property
    def windows(self) -> list[int]:
        """Sides of the windows in pixels of the image, finest first."""
        return [self.size * 2**scale for scale in range(self.scales)]

    def call(self, images: tf.Tensor, locations: tf.Tensor) -> tf.Tensor:
        check_frames(images)
        _check_locations(images, locations)
        images = tf.stop_gradient(images)
        locations = tf.stop_gradient(locations)
        cut = _READERS[self.implementation]
        glimpses = [
            self._pool(cut(images, locations, window), window // self.size)
            for window in self.windows
        ]
        glimpses = tf.concat(glimpses, axis=-1)
        check_finite(glimpses)  # What was seen; not the whole image.
        # uint8 is pooled as 0..255: the sums are then exact in float32.
        return (
            glimpses * (1.0 / 255.0) if images.dtype == tf.uint8 else glimpses
        )

    def _pool(self, windows: tf.Tensor, factor: int) -> tf.Tensor:
        if factor == 1:
            return windows
        # avg_pool2d gives the same bits in eager mode and under XLA; a
        # reshape and mean does not.
        pool = (
            tf.nn.avg_pool2d if self.pooling == "average" else tf.nn.max_pool2d
        )
        return pool(windows, factor, factor, "VALID")

    def compute_output_shape(self, images_shape, locations_shape):
        depth = images_shape[-1] and self.scales * images_shape[-1]
        return (locations_shape[0], self.size, self.size, depth)

    def get_config(self):
        config = {
            "size": self.size,
            "scales": self.scales,
            "implementation": self.implementation,
            "pooling": self.pooling,
        }
        return {**super().get_config(), **config}


def _extract(images: tf.Tensor, locations: tf.Tensor, window: int) -> tf.Tensor:
    """Windows [N, k, k, C] by TensorFlow's op, which takes float32 only."""
    rollouts = tf.shape(locations)[0] // tf.shape(images)[0]
    return tf.image.extract_glimpse(
        tf.repeat(tf.cast(images, tf.float32), rollouts, axis=0),
        [window, window],
        locations,
        centered=True,
        normalized=True,
        noise="zero",
    )


def _gather(images: tf.Tensor, locations: tf.Tensor, window: int) -> tf.Tensor:
    """The same windows, reading their pixels only, and casting them last."""
    batch, height, width, channels = _dims(images)
    rows, row_inside = _window_pixels(locations[:, 0], height, window)
    columns, column_inside = _window_pixels(locations[:, 1], width, window)
    index = rows[:, :, None] * width + columns[:, None, :]
    pixels = tf.gather(
        tf.reshape(images, [batch, height * width, channels]),
        tf.reshape(index, [batch, -1]),
        batch_dims=1,
    )
    pixels = tf.reshape(pixels, [-1, window, window, channels])
    inside = row_inside[:, :, None, None] & column_inside[:, None, :, None]
    return tf.where(inside, tf.cast(pixels, tf.float32), 0.0)


_READERS = {"extract_glimpse": _extract, "gather": _gather}


def _window_pixels(offsets, extent, window):
    """Pixel indices [N, k] of the windows on one axis, and which exist."""
    start = geometry.window_start(offsets, extent, window)
    pixels = start[:, None] + tf.range(window)
    inside = (pixels >= 0) & (pixels < extent)
    return tf.clip_by_value(pixels, 0, extent - 1), inside


def _dims(images):
    """Static dimensions where they are known, else tensors."""
    shape = tf.shape(images)
    return [
        static if static is not None else shape[axis]
        for axis, static in enumerate(images.shape)
    ]


def _check_locations(images, locations):
    if locations.shape.rank != 2 or locations.shape[-1] != 2:
        raise ValueError(
            "Locations must have shape [N, 2]. "
            f"Received: shape={tuple(locations.shape)}"
        )
    if locations.dtype != tf.float32:
        raise ValueError(
            f"Locations must be float32. Received: {locations.dtype.name}"
        )
    rows, batch = locations.shape[0], images.shape[0]
    if rows is not None and batch and (rows % batch or not rows):
        raise ValueError(
            "The number of locations must be a multiple of the number of "
            f"images. Received: {rows} locations, {batch} images"
        )
