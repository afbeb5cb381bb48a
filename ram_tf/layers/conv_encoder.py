"""A glimpse encoder of convolutions that all windows share."""

import keras
import tensorflow as tf

from ram_tf.errors import UserError
from ram_tf.layers import products
from ram_tf.layers.glimpse_encoder import GlimpseEncoder, in_channels
from ram_tf.layers.windows import Windows
from ram_tf.parts import GLIMPSE_ENCODERS
from ram_tf.validation import check_positive_int

_FILTERS = (24, 48)
_LEAST = 6  # Pixels that give the convolutions a place.


@GLIMPSE_ENCODERS.register("conv")
@keras.saving.register_keras_serializable("ram_tf")
class ConvEncoder(GlimpseEncoder):
    """Two convolutions on each window, then what the paper's encoder does.

    The windows of a retina show the same things at several sizes: the
    convolutions (4 x 4 in steps of two, then 2 x 2, with ReLU) have the same
    weights for all. What they give of all windows is joined by

        ReLU(Linear([ReLU(Linear(all)), ReLU(Linear(place))])).

    Args:
        scales: Windows that it is given.
        glimpse_units: Size of the encoding of what was seen.
        location_units: Size of the encoding of the place.
        units: Size of what it gives.

    Raises:
        UserError: On sizes below one, and windows below 6 pixels.
    """

    def __init__(
        self,
        scales: int,
        glimpse_units: int = 256,
        location_units: int = 64,
        units: int = 256,
        **kwargs,
    ):
        check_positive_int("scales", scales)
        check_positive_int("glimpse_units", glimpse_units)
        check_positive_int("location_units", location_units)
        check_positive_int("units", units)
        super().__init__(autocast=False, **kwargs)
        self.scales = scales
        self.glimpse_units = glimpse_units
        self.location_units = location_units
        self.units = units
        dense, dtype = keras.layers.Dense, self.dtype_policy
        # A Dense layer on overlapping windows is a convolution; see Windows.
        self.cut = [Windows(4, 2, dtype=dtype), Windows(2, 1, dtype=dtype)]
        self.filters = [
            dense(count, "relu", name=f"filters_{number}", dtype=dtype)
            for number, count in enumerate(_FILTERS)
        ]
        self.see = dense(glimpse_units, "relu", name="see", dtype=dtype)
        self.place = dense(
            location_units, "relu", name="place", dtype="float32"
        )
        self.joint = dense(units, "relu", name="joint", dtype=dtype)

    @classmethod
    def make(  # type: ignore[override]  # Of all sizes it takes these.
        cls, *, scales, glimpse_units, location_units, units, dtype, **others
    ):
        del others
        return cls(scales, glimpse_units, location_units, units, dtype=dtype)

    def build(self, windows_shape, place_shape):
        _, height, width, depth = windows_shape
        if min(height, width) < _LEAST:
            raise UserError(
                f"`glimpse_size` must be at least {_LEAST} where "
                f'glimpse_encoder="conv". Received: {min(height, width)}'
            )
        shape = (None, height, width, depth // self.scales)
        for cut, filters in zip(self.cut, self.filters, strict=True):
            shape = cut.compute_output_shape(shape)
            filters.build(shape)
            shape = (*shape[:-1], filters.units)
        self._seen = self.scales * shape[1] * shape[2] * shape[3]
        self.see.build((None, self._seen))
        self.place.build((None, place_shape[-1]))
        self.joint.build((None, self.glimpse_units + self.location_units))

    def call(self, windows: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
        seen = self._one_by_one(windows)
        for cut, filters in zip(self.cut, self.filters, strict=True):
            seen = filters(cut(seen))
        seen = self.see(tf.reshape(seen, [-1, self._seen]))
        place = tf.cast(self.place(place), seen.dtype)
        return self.joint(tf.concat([seen, place], axis=-1))

    def _one_by_one(self, windows):
        """Windows [N, g, g, S * C] as [N * S, g, g, C]."""
        _, height, width, depth = windows.shape
        channels = depth // self.scales
        windows = tf.reshape(
            windows, [-1, height, width, self.scales, channels]
        )
        windows = tf.transpose(windows, [0, 3, 1, 2, 4])
        windows = tf.reshape(windows, [-1, height, width, channels])
        return tf.cast(windows, self.compute_dtype)

    def exact_kernels(self):
        return [self.place.kernel.numpy()]

    def weights_for(self, other, scales):
        channels, others = (
            products.built_shapes(encoder)[0][-1] // encoder.scales
            for encoder in (self, other)
        )
        first = self.filters[0].kernel
        recoloured = first.numpy().reshape(-1, channels, first.shape[-1])
        recoloured = in_channels(recoloured, others, axis=1)
        recoloured = recoloured.reshape(-1, first.shape[-1])
        return [
            recoloured if weight is first else weight.numpy()
            for weight in self.weights
        ]

    def compute_output_shape(self, windows_shape, place_shape):
        del place_shape
        return (windows_shape[0], self.units)

    def get_config(self):
        config = {
            "scales": self.scales,
            "glimpse_units": self.glimpse_units,
            "location_units": self.location_units,
            "units": self.units,
        }
        return {**super().get_config(), **config}
