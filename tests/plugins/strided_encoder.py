"""A glimpse encoder of one's own: a convolution, then what it says and where.

The example of an encoder that BUILD.md points to. `--glimpse_encoder=strided`.
"""

import keras
import tensorflow as tf

from ram_tf.layers.glimpse_encoder import GlimpseEncoder
from ram_tf.parts import GLIMPSE_ENCODERS


@GLIMPSE_ENCODERS.register("strided")
@keras.saving.register_keras_serializable("strided_encoder")
class StridedEncoder(GlimpseEncoder):
    """ReLU(Linear([convolution of the windows, place])).

    Args:
        units: Size of what it gives.
    """

    def __init__(self, units: int, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.convolution = keras.layers.Conv2D(
            4, 3, 2, activation="relu", data_format="channels_last"
        )
        self.joint = keras.layers.Dense(units, "relu")

    @classmethod
    def make(cls, *, units, dtype, **others):
        return cls(units, dtype=dtype)

    def build(self, windows_shape, place_shape):
        self.convolution.build(windows_shape)
        _, height, width, filters = self.convolution.compute_output_shape(
            windows_shape
        )
        self.joint.build((None, height * width * filters + place_shape[-1]))

    def call(self, windows: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
        seen = self.convolution(windows)
        size = seen.shape[1] * seen.shape[2] * seen.shape[3]
        flat = tf.reshape(seen, [-1, size])
        return self.joint(tf.concat([flat, place], axis=-1))

    def compute_output_shape(self, windows_shape, place_shape):
        return (windows_shape[0], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}
