"""The networks that RAM is compared with (paper, section 4.1)."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from ram_tf.episodes.environments.still_image import StillImage
from ram_tf.episodes.environments.symbol_sequence import SymbolSequence
from ram_tf.errors import UserError
from ram_tf.layers.heads import Classifier
from ram_tf.layers.windows import Windows
from ram_tf.validation import (
    check_choice,
    check_frames,
    check_positive_int,
    check_shape,
    check_values,
)

NETWORKS = ("fc_64", "fc_256", "conv")
_FILTERS, _FILTER_SIZE, _STRIDE = 8, 10, 5
# The paper's conv net has so many units after a canvas of this side.
_UNITS, _UNITS_SIDE = 256, 60


@keras.saving.register_keras_serializable("ram_tf")
class Comparator(keras.Model):
    """A feed-forward network on whole images; ReLU everywhere.

    It answers in the form of a RecurrentAttentionModel with one glimpse, T = 1,
    but looks nowhere. With several answers there is one for each symbol of a
    sequence, all at once.

    Args:
        hidden: Units of each hidden layer.
        filters: Filters, 10x10 at stride 5, of a convolution before them; 0
            for no convolution.
        num_classes: K.
        answers: T, answers an image; above one the last class ends a sequence.

    Call arguments:
        images: [B, H, W, C] as when it was built, uint8 or float32.

    Returns:
        A dictionary of `logits` and `probabilities`, both [B, T, K] float32.

    Raises:
        UserError: On sizes below one, or bad images.
    """

    def __init__(
        self,
        hidden: Sequence[int],
        filters: int = 0,
        num_classes: int = 10,
        answers: int = 1,
        **kwargs,
    ):
        for units in hidden:
            check_positive_int("hidden", units)
        check_positive_int("answers", answers)
        if filters:
            check_positive_int("filters", filters)
        super().__init__(autocast=False, **kwargs)
        self._config = {
            "hidden": list(hidden),
            "filters": filters,
            "num_classes": num_classes,
            "answers": answers,
        }
        self.num_classes = num_classes
        self.answers = answers
        self.stages = [
            *_convolution(filters, self.dtype_policy),
            keras.layers.Flatten(dtype=self.dtype_policy),
            *_dense(hidden, self.dtype_policy),
            Classifier(answers * num_classes, name="classifier"),
        ]

    @property
    def channels(self) -> int:
        """C, of the images that it was built for."""
        return self.image_shape[-1]

    def build(self, images_shape):
        self.image_shape = tuple(images_shape[1:])
        shape = (None, *self.image_shape)
        for stage in self.stages:
            stage.build(shape)
            shape = stage.compute_output_shape(shape)

    def call(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        check_frames(images)
        check_shape("images", images, (None, *self.image_shape))
        check_values(images)
        scale = 1.0 / 255.0 if images.dtype == tf.uint8 else 1.0
        features = tf.cast(images, tf.float32) * scale
        for stage in self.stages:
            features = stage(features)
        logits = tf.reshape(features, [-1, self.answers, self.num_classes])
        return {"logits": logits, "probabilities": tf.nn.softmax(logits)}

    def environment(self, images: tf.Tensor, labels=None) -> StillImage:
        """Images as the environment that this model looks at, once each."""
        if self.answers == 1:
            return StillImage(images, labels, steps=1)
        return SymbolSequence(
            images, labels, glimpses=1, end=self.num_classes - 1
        )

    def get_config(self):
        return {**super().get_config(), **self._config}


def make_comparator(
    name: str,
    side: int,
    channels: int = 1,
    num_classes: int = 10,
    answers: int = 1,
    units: int | None = None,
) -> Comparator:
    """Builds one of the paper's comparators.

    Args:
        name: "fc_64" or "fc_256", two hidden layers of so many units; or
            "conv", a convolution with 8 filters and one hidden layer.
        side: H = W, in pixels.
        channels: C.
        num_classes: K.
        answers: T, answers an image.
        units: Of the conv net's hidden layer; None for `conv_units`.

    Raises:
        UserError: On an unknown name, counts below one, or an image that is
            smaller than a filter.
    """
    check_choice("network", name, NETWORKS)
    check_positive_int("side", side)
    if name == "conv":
        hidden, filters = [units or conv_units(side)], _FILTERS
    else:
        width = int(name.removeprefix("fc_"))
        hidden, filters = [width, width], 0
    model = Comparator(hidden, filters, num_classes, answers)
    model.build((None, side, side, channels))
    return model


def conv_units(side: int) -> int:
    """Hidden units of the conv net for images of side H = W.

    256, or as many as give the layer the weights that it has at 60x60: the 86
    at 100x100 of the paper, which keeps the number of parameters near RAM's.
    """
    growth = (_positions(side) / _positions(_UNITS_SIDE)) ** 2
    return max(1, min(_UNITS, round(_UNITS / growth)))


def _positions(side: int) -> int:
    """Places of a filter along a side."""
    if side < _FILTER_SIZE:
        raise UserError(
            f"The conv net needs images of at least {_FILTER_SIZE}x"
            f"{_FILTER_SIZE}. Received: side={side}"
        )
    return (side - _FILTER_SIZE) // _STRIDE + 1


def _convolution(filters: int, dtype) -> list[keras.layers.Layer]:
    if not filters:
        return []
    return [
        Windows(_FILTER_SIZE, _STRIDE, dtype=dtype),
        keras.layers.Dense(
            filters, activation="relu", dtype=dtype, name="convolution"
        ),
    ]


def _dense(hidden: Sequence[int], dtype) -> list[keras.layers.Layer]:
    return [
        keras.layers.Dense(
            units, activation="relu", dtype=dtype, name=f"hidden_{i}"
        )
        for i, units in enumerate(hidden)
    ]
