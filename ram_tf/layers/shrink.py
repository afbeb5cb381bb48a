"""Images made smaller by averages over blocks."""

import keras
import tensorflow as tf

from ram_tf.errors import UserError
from ram_tf.validation import check_positive_int


@keras.saving.register_keras_serializable("ram_tf")
class Shrink(keras.layers.Layer):
    """Scales square images to a side by the mean of each block of pixels.

    Args:
        side: In pixels; that of an image is a multiple of it.

    Call arguments:
        images: [B, H, H, C].

    Returns:
        [B, side, side, C].

    Raises:
        UserError: On a side below one, or images of which it is no divisor.
    """

    def __init__(self, side: int, **kwargs):
        check_positive_int("side", side)
        super().__init__(**kwargs)
        self.side = side

    def call(self, images: tf.Tensor) -> tf.Tensor:
        _, height, width, channels = images.shape
        if height != width or height % self.side:
            raise UserError(
                "Images must be square, with a multiple of "
                f"{self.side} pixels along a side. Received: {height}x{width}"
            )
        block = height // self.side
        blocks = [-1, self.side, block, self.side, block, channels]
        return tf.reduce_mean(tf.reshape(images, blocks), axis=[2, 4])

    def compute_output_shape(self, images_shape):
        return (images_shape[0], self.side, self.side, images_shape[-1])

    def get_config(self):
        return {**super().get_config(), "side": self.side}
