"""The retina: what the model sees of an image (paper, section 3)."""

import keras
import tensorflow as tf

from ram_tf import gate, geometry, xla
from ram_tf.errors import UserError
from ram_tf.layers import pyramid
from ram_tf.layers.glimpse_readers import COMPILED, POOLINGS, READERS
from ram_tf.validation import (
    check_choice,
    check_finite,
    check_frames,
    check_positive_int,
)

_PYRAMIDS = ("pyramid", "plain_pyramid")
IMPLEMENTATIONS = (*READERS, *_PYRAMIDS)
# Where as many windows as an image needs are read, there are at least these:
# an encoder then has the same windows of images of any size.
LEAST_SCALES = 3


@keras.saving.register_keras_serializable("ram_tf")
class GlimpseSensor(keras.layers.Layer):
    """Cuts a foveated pyramid of windows out of each image.

    Window s is g * 2^s pixels wide, centred on the location, and pooled to
    g x g. Pixels outside the image are 0. Nothing is learned, and no gradient
    passes: neither to the image nor to the location.

    All implementations but the last two give the same bits. "extract_glimpse"
    is TensorFlow's op: plain to read, but it casts whole images, and knows
    neither XLA nor TFLite. "gather" reads only the pixels of the windows, so
    that its time and memory do not depend on H and W, and works everywhere:
    where XLA compiles, it stands in for those that cannot. "integral" sums over
    windows by a table of the whole image, which compiled glimpses and rollouts
    share: faster where many read wide windows, average-pooled, of bytes.
    "crop_and_resize" is the fastest outside XLA that does not slow down with
    the size of the image: for graphs that are served. "pyramid" reads block
    sums, which are made once for an image: the fastest where there are many
    windows, on images of any size. Its wide windows begin at the edge of a
    block, half a block off at most. "plain_pyramid" has its bits by operators
    that other runtimes than TensorFlow have, too.

    Args:
        size: g, pixels along a side of the glimpse.
        scales: S, number of windows; None for as many as it takes to reach the
            edges of the image (`geometry.reaching`), but at least three.
        implementation: "extract_glimpse", "gather", "integral", "slices",
            "crop_and_resize", "pyramid" or "plain_pyramid".
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
            mode, locations that are not finite, and floats outside [0, 1] in
            what is seen. In graphs these raise InvalidArgumentError, and where
            XLA compiles they are NaN (`ram_tf.gate`).
    """

    def __init__(
        self,
        size: int,
        scales: int | None = 1,
        implementation: str = "extract_glimpse",
        pooling: str = "average",
        **kwargs,
    ):
        check_positive_int("size", size)
        if scales is not None:
            check_positive_int("scales", scales)
        check_choice("implementation", implementation, IMPLEMENTATIONS)
        check_choice("pooling", pooling, POOLINGS)
        if implementation in _PYRAMIDS:
            pyramid.check_scales(scales or 1)
            if pooling != "average":
                raise UserError(
                    f"The sensor `{implementation}` sums: `pooling` must be "
                    f"average. Received: pooling={pooling!r}"
                )
        super().__init__(autocast=False, **kwargs)
        self.size = size
        self.scales = scales
        self.implementation = implementation
        self.pooling = pooling

    def build(self, images_shape, locations_shape=(None, 2)):
        pass  # It has no weights; the shapes are for `summary`.

    def scales_of(self, images_shape) -> int:
        """S, the number of windows that are read of images [B, H, W, C].

        Where it follows the image, and its size is not known, these are as many
        as there can be; what chooses among their cells leaves out those that
        are not needed (`geometry.is_needed`).
        """
        if self.scales is not None:
            return self.scales
        sides = list(images_shape)[-3:-1]
        if None in sides:
            return pyramid.MOST_SCALES
        return max(LEAST_SCALES, geometry.reaching(self.size, sides))

    @property
    def windows(self) -> list[int]:
        """Sides of the windows in pixels, finest first: all there can be."""
        return self.windows_of((None, None, None, None))

    def windows_of(self, images_shape) -> list[int]:
        """Those that are read of images [B, H, W, C]."""
        return [self.size * 2**s for s in range(self.scales_of(images_shape))]

    def call(self, images: tf.Tensor, locations: tf.Tensor) -> tf.Tensor:
        check_frames(images)
        _check_locations(images, locations)
        # Here, and not before: no gradient may reach ops that have none.
        glimpses = tf.stop_gradient(self._read(images, locations))
        if images.dtype == tf.uint8:
            # Pooled as 0..255: the sums are then exact in float32.
            return glimpses * (1.0 / 255.0)
        return gate.passed(glimpses)  # What was seen; not the whole image.

    def places(self, images: tf.Tensor, locations: tf.Tensor) -> tf.Tensor:
        """Where the cells of the windows are: the centres, in pixels.

        Args:
            images: [B, H, W, C], only their shape is read.
            locations: As in a call.

        Returns:
            [N, S, g, 2] float32: y of the cells of row i, x of those of column
            i, from the top left corner, as windows are cut.
        """
        if self.implementation in _PYRAMIDS:
            scales = self.scales_of(images.shape)
            return pyramid.places(images, locations, self.size, scales)
        sides = tf.shape(images)[1:3]
        middles = tf.range(self.size, dtype=tf.float32)[:, None] + 0.5
        places = []
        for scale, window in enumerate(self.windows_of(images.shape)):
            start = geometry.window_start(locations, sides, window)
            start = tf.cast(start, tf.float32)[:, None]
            places.append(start + middles * 2.0**scale)
        return tf.stack(places, axis=1)

    def contrast(
        self, images: tf.Tensor, locations: tf.Tensor, windows: tf.Tensor
    ) -> tf.Tensor:
        """How much there is to see within each cell.

        Args:
            images: As in a call.
            locations: As in a call.
            windows: What a call gives of them.

        Returns:
            [N, g, g, S * C] float32 in [0, 0.5]: how far the means of a cell's
            blocks of 4 x 4 pixels are from its own, as a standard deviation; 0
            in windows whose cells are no larger than these.

        Raises:
            UserError: Of a sensor that is no pyramid: the others do not have
                the sums that it takes.
        """
        self.check_contrast()
        packs = self.implementation == "pyramid"
        found = pyramid.contrast(images, locations, windows, self.size, packs)
        return tf.stop_gradient(found)

    def check_contrast(self) -> None:
        """Raises UserError if it has no contrast."""
        if self.implementation not in _PYRAMIDS:
            raise UserError(
                "Only the sensor `pyramid` knows the contrast within a cell. "
                f"Received: implementation={self.implementation!r}"
            )

    def _read(self, images, locations):
        """The windows, bytes as 0..255."""
        scales = self.scales_of(images.shape)
        if self.implementation in _PYRAMIDS:
            packs = self.implementation == "pyramid"
            return pyramid.read(images, locations, self.size, scales, packs)
        read, pool = self._reader(), POOLINGS[self.pooling]
        windows = [
            read(images, locations, self.size, 2**scale, pool)
            for scale in range(scales)
        ]
        return tf.concat(windows, axis=-1)

    def _reader(self):
        """The implementation, or its twin where XLA cannot compile it."""
        name = self.implementation
        if name not in COMPILED and xla.compiles():
            name = "gather"
        return READERS[name]

    def compute_output_shape(self, images_shape, locations_shape=(None, 2)):
        scales = self.scales_of(images_shape)
        depth = images_shape[-1] and scales * images_shape[-1]
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
    check_finite(locations, "Locations")
    rows, batch = locations.shape[0], images.shape[0]
    if rows is not None and batch and (rows % batch or not rows):
        raise UserError(
            "The number of locations must be a multiple of the number of "
            f"images. Received: {rows} locations, {batch} images"
        )
