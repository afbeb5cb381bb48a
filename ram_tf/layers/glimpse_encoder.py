"""The contract of what makes a vector of a glimpse and its place."""

from typing import Any, Self

import keras
import numpy as np

from ram_tf.errors import UserError
from ram_tf.layers import products


class GlimpseEncoder(keras.layers.Layer):
    """Maps what was seen, and where, to [N, units] for the core.

    A subclass has `units`, a `call`, and what Keras asks of a layer: it is
    registered with `keras.saving.register_keras_serializable`, and `get_config`
    has its arguments. `build(windows_shape, place_shape)` makes the weights.
    With a name in `parts.GLIMPSE_ENCODERS` a model takes it by that.

    Attributes:
        units: Size of the vector.

    Call arguments:
        windows: [N, g, g, S * C] float32 in [0, 1], the finest window first.
        place: [N, place_size] float32, what the policy over locations tells of
            the place.

    Returns:
        [N, units] in the layer's compute dtype.
    """

    units: int

    @classmethod
    def make(cls, **sizes: Any) -> Self:
        """Makes it of the arguments of a RecurrentAttentionModel, by name.

        A subclass takes those that it wants (`dtype`, the dtype policy, among
        them), and ignores the others.
        """
        raise NotImplementedError

    def multiply_adds(self) -> int:
        """Multiply-adds of encoding one glimpse, once it is built."""
        return products.of_layer(self)

    def exact_kernels(self) -> list[np.ndarray]:
        """Kernels [in, out] that stay float32 in a file of int8 weights."""
        return []

    def weights_for(
        self, other: "GlimpseEncoder", scales: tuple[int, int]
    ) -> list[np.ndarray]:
        """Its weights as those of an encoder of other windows.

        Args:
            other: Of the same class, built; on the first windows it is to give
                what this one gives. It may have more windows, other gains, or
                other channels (see `in_channels`).
            scales: S of this one's windows, and of the other's.

        Returns:
            As `other.get_weights()`; here, those of windows that are the same.
        """
        del other, scales
        return self.get_weights()


def in_channels(kernel: np.ndarray, count: int, axis: int) -> np.ndarray:
    """Weights of channels as those of images with another number of them.

    What is the same in all channels weighs as it did in one, and the other way
    round.

    Args:
        kernel: Has one weight for each of C channels along the axis.
        count: C' of the other images.
        axis: Of the channels.

    Raises:
        UserError: If C and C' differ and neither is one: what such colours
            have in common is not known.
    """
    known = kernel.shape[axis]
    if known == count:
        return kernel
    if known != 1 and count != 1:
        raise UserError(
            "Trained weights can be made those of one channel, or be made of "
            f"those of one. Received: weights of {known} channels for {count}"
        )
    if known == 1:
        return kernel.repeat(count, axis) / np.float32(count)
    return kernel.sum(axis, keepdims=True)
