"""The glimpse network f_g: what was seen, and where (paper, section 3)."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from ram_tf.errors import UserError
from ram_tf.layers import products
from ram_tf.layers.glimpse_encoder import GlimpseEncoder, in_channels
from ram_tf.parts import GLIMPSE_ENCODERS
from ram_tf.validation import check_positive, check_positive_int


@GLIMPSE_ENCODERS.register("dense")
@keras.saving.register_keras_serializable("ram_tf")
class GlimpseNet(GlimpseEncoder):
    """g = ReLU(Linear(h_g) + Linear(h_l)).

    h_g = ReLU(Linear(glimpse)) is what was seen, h_l = ReLU(Linear(location))
    where. The sizes of the paper are the defaults.

    Args:
        glimpse_units: Size of h_g.
        location_units: Size of h_l.
        units: Size of g.
        gains: Factors of the S windows, finest first, before all else; None
            for windows as they are. Averages over wide windows of a sparse
            image are faint.

    Call arguments:
        glimpses: [N, g, g, S * C] float32.
        locations: [N, 2] (y, x) in units of the policy; or what else it tells
            of the place, [N, place_size].

    Returns:
        [N, units] in the layer's compute dtype.

    Raises:
        UserError: On sizes below one, gains that are not positive, or windows
            of another number.
    """

    def __init__(
        self,
        glimpse_units: int = 128,
        location_units: int = 128,
        units: int = 256,
        gains: Sequence[float] | None = None,
        **kwargs,
    ):
        check_positive_int("glimpse_units", glimpse_units)
        check_positive_int("location_units", location_units)
        check_positive_int("units", units)
        for gain in gains or ():
            check_positive("gains", gain)
        super().__init__(autocast=False, **kwargs)  # Locations are float32.
        self.glimpse_units = glimpse_units
        self.location_units = location_units
        self.units = units
        self.gains = None if gains is None else list(gains)
        dense, dtype = keras.layers.Dense, self.dtype_policy
        self.flatten = keras.layers.Flatten("channels_last", dtype=dtype)
        self.see = dense(glimpse_units, "relu", name="see", dtype=dtype)
        # The encoding of the place stays float32 under mixed precision.
        self.place = dense(
            location_units, "relu", name="place", dtype="float32"
        )
        self.what = dense(units, name="what", dtype=dtype)
        self.where = dense(units, use_bias=False, name="where", dtype=dtype)

    @classmethod
    def make(  # type: ignore[override]  # Of all sizes it takes these.
        cls,
        *,
        glimpse_units,
        location_units,
        units,
        scales,
        scale_gain,
        dtype,
        **others,
    ):
        del others
        return cls(
            glimpse_units,
            location_units,
            units,
            gains=_gains(scale_gain, scales),
            dtype=dtype,
        )

    def build(self, glimpses_shape, locations_shape):
        _, height, width, depth = glimpses_shape
        if self.gains and depth % len(self.gains):
            raise UserError(
                "`gains` must have one for each window of the glimpses. "
                f"Received: {len(self.gains)} gains, glimpses of depth {depth}"
            )
        self.see.build((None, height * width * depth))
        self.place.build((None, locations_shape[-1]))
        self.what.build((None, self.glimpse_units))
        self.where.build((None, self.location_units))

    def call(self, glimpses: tf.Tensor, locations: tf.Tensor) -> tf.Tensor:
        seen = self.see(self.flatten(self._amplified(glimpses)))
        place = tf.cast(self.place(locations), seen.dtype)
        # The sum of two linear maps is one of both: a single, larger product
        # is much faster.
        kernel = tf.concat([self.what.kernel, self.where.kernel], axis=0)
        joint = tf.matmul(
            tf.concat([seen, place], axis=-1), tf.cast(kernel, seen.dtype)
        )
        return tf.nn.relu(joint + tf.cast(self.what.bias, seen.dtype))

    def _amplified(self, glimpses: tf.Tensor) -> tf.Tensor:
        if self.gains is None:
            return glimpses
        channels = glimpses.shape[-1] // len(self.gains)
        return glimpses * tf.repeat(
            tf.constant(self.gains, glimpses.dtype), channels
        )

    def exact_kernels(self):
        return [self.place.kernel.numpy()]

    def weights_for(self, other, scales):
        widened = self._widened(other, *scales)
        return [
            widened if weight is self.see.kernel else weight.numpy()
            for weight in self.weights
        ]

    def _widened(self, other, old: int, new: int) -> np.ndarray:
        """The first layer's kernel; a pixel has S * C rows of it.

        Windows that are added weigh nothing, and gains are made up for.
        """
        kernel = self.see.kernel.numpy()
        channels, others = (
            products.built_shapes(encoder)[0][-1] // scales
            for encoder, scales in ((self, old), (other, new))
        )
        windows = kernel.reshape(-1, old, channels, self.glimpse_units)
        windows = in_channels(windows, others, axis=2)
        gains = self._gains_of(old) / other._gains_of(new)[:old]
        windows = windows * gains[:, None, None]
        added = ((0, 0), (0, new - old), (0, 0), (0, 0))
        return np.pad(windows, added).reshape(-1, self.glimpse_units)

    def _gains_of(self, scales: int) -> np.ndarray:
        return np.array(self.gains or [1] * scales, np.float32)

    def compute_output_shape(self, glimpses_shape, locations_shape):
        return (glimpses_shape[0], self.units)

    def get_config(self):
        config = {
            "glimpse_units": self.glimpse_units,
            "location_units": self.location_units,
            "units": self.units,
            "gains": self.gains,
        }
        return {**super().get_config(), **config}


def _gains(scale_gain: float, scales: int | None) -> list[float] | None:
    if scale_gain == 1:
        return None
    if scales is None:
        raise UserError(
            "With `scale_gain`, `scales` or `encoder_scales` must say how many "
            f"windows the encoder is given. Received: scale_gain={scale_gain}, "
            "scales=None"
        )
    return [float(scale_gain) ** scale for scale in range(scales)]
