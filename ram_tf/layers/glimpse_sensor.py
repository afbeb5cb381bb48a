"""The retina: what the model sees of an image (paper, section 3)."""

import keras
import tensorflow as tf

from ram_tf import geometry, xla
from ram_tf.errors import UserError
from ram_tf.layers.glimpse_readers import COMPILED, POOLINGS, READERS
from ram_tf.validation import (
    check_choice,
    check_finite,
    check_frames,
    check_positive_int,
)

IMPLEMENTATIONS = tuple(READERS)


@keras.saving.register_keras_serializable("ram_tf")
class GlimpseSensor(keras.layers.Layer):
    """Cuts a foveated pyramid of windows out of each image.

    Window s is g * 2^s pixels wide, centred on the location, and pooled to
    g x g. Pixels outside the image are 0. Nothing is learned, and no gradient
    passes: neither to the image nor to the location.

    All implementations give the same bits. "extract_glimpse" is TensorFlow's
    op: plain to read, but it casts whole images, and knows neither XLA nor
    TFLite. "gather" reads only the pixels of the windows, so that its time and
    memory do not depend on H and W, and works everywhere: where XLA compiles,
    it stands in for those that cannot. "integral" sums over
    windows by a table of the whole image, which compiled glimpses and rollouts
    share: faster where many read wide windows, average-pooled, of bytes.
    "crop_and_resize" is the fastest outside XLA that does not slow down with
    the size of the image: for graphs that are served.

    Args:
        size: g, pixels along a side of the glimpse.
        scales: S, number of windows.
        implementation: "extract_glimpse", "gather", "integral", "slices" or
            "crop_and_resize".
        pooling: "average" or "max" (which keeps a one-pixel ball visible).

    Call arguments:
        images: [B, H, W, C], uint8 in 0..255 or float32 in [0, 1].
        locations: [N, 2] (y, x) float32 in halves of the canvas, N = M * B;
            row r reads image r // M.

    Returns:
        Glimpses [N, g, g, S * C] float32 in [0, 1], scale-major, finest first.

    Raises:
        UserError: On sizes below one, unknown names, images or locations of
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
        read, pool = self._reader(), POOLINGS[self.pooling]
        glimpses = [
            read(images, locations, self.size, 2**scale, pool)
            for scale in range(self.scales)
        ]
        # Here, and not before: no gradient may reach ops that have none.
        glimpses = tf.stop_gradient(tf.concat(glimpses, axis=-1))
        check_finite(glimpses)  # What was seen; not the whole image.
        # uint8 is pooled as 0..255: the sums are then exact in float32.
        return (
            glimpses * (1.0 / 255.0) if images.dtype == tf.uint8 else glimpses
        )

    def places(self, images: tf.Tensor, locations: tf.Tensor) -> tf.Tensor:
        """Where the cells of the windows are: the centres, in pixels.

        Args:
            images: [B, H, W, C], only their shape is read.
            locations: As in a call.

        Returns:
            [N, S, g, 2] float32: y of the cells of row i, x of those of column
            i, from the top left corner, as windows are cut.
        """
        sides = tf.shape(images)[1:3]
        middles = tf.range(self.size, dtype=tf.float32)[:, None] + 0.5
        places = []
        for scale, window in enumerate(self.windows):
            start = geometry.window_start(locations, sides, window)
            start = tf.cast(start, tf.float32)[:, None]
            places.append(start + middles * 2.0**scale)
        return tf.stack(places, axis=1)

    def _reader(self):
        """The implementation, or its twin where XLA cannot compile it."""
        name = self.implementation
        if name not in COMPILED and xla.compiles():
            name = "gather"
        return READERS[name]

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


def _check_locations(images, locations):
    if locations.shape.rank != 2 or locations.shape[-1] != 2:
        raise UserError(
            "Locations must have shape [N, 2]. "
            f"Received: shape={tuple(locations.shape)}"
        )
    if locations.dtype != tf.float32:
        raise UserError(
            f"Locations must be float32. Received: {locations.dtype.name}"
        )
    rows, batch = locations.shape[0], images.shape[0]
    if rows is not None and batch and (rows % batch or not rows):
        raise UserError(
            "The number of locations must be a multiple of the number of "
            f"images. Received: {rows} locations, {batch} images"
        )
