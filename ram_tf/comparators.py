"""The networks that RAM is compared with: the paper's (section 4.1), and ours.

The paper's know images of one size. For images of any size there is a stack of
convolutions that ends in the maximum over all places, as one would build it to
find a thing wherever it is.
"""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ram_tf import gate
from ram_tf.agents.supervised import SupervisedAgent
from ram_tf.episodes.environments.still_image import StillImage
from ram_tf.episodes.environments.symbol_sequence import SymbolSequence
from ram_tf.errors import UserError
from ram_tf.gate import check_channels_last
from ram_tf.keras_training import FittedModel
from ram_tf.layers.heads import Classifier
from ram_tf.layers.shrink import Shrink
from ram_tf.layers.windows import Windows
from ram_tf.validation import (
    check_choice,
    check_frames,
    check_positive_int,
    check_shape,
)

# Of images of any size: as they are, and scaled to a side first.
ANY_SIZE = {"conv_any": None, "conv_128": 128}
NETWORKS = ("fc_64", "fc_256", "conv", *ANY_SIZE)
_FILTERS, _FILTER_SIZE, _STRIDE = 8, 10, 5
# The paper's conv net has so many units after a canvas of this side.
_UNITS, _UNITS_SIDE = 256, 60
# (side, stride, filters) of the convolutions that end in a maximum: each of the
# last ones sees 34 pixels, a digit of 28 and some. Zeros around the image let
# a digit at its edge be seen by as many.
_POOLED = ((4, 2, 16), (4, 2, 32), (4, 2, 64), (2, 1, 64), (2, 1, 64))
_AROUND = 12
_LEAST_POOLED = 14  # Pixels of a side, of which they make something.


@keras.saving.register_keras_serializable("ram_tf")
class Comparator(FittedModel):
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
        pooled: Whether it is a stack of convolutions that ends in the maximum
            over all places, for images of any size, in place of `filters`.
        shrink_to: Side to which square images are scaled first, by the mean of
            blocks of pixels; None to take them as they are.

    Call arguments:
        images: [B, H, W, C] as when it was built, uint8 or float32; if `pooled`
            of any height and width.

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
        pooled: bool = False,
        shrink_to: int | None = None,
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
            "pooled": pooled,
            "shrink_to": shrink_to,
        }
        self.num_classes = num_classes
        self.answers = answers
        self.pooled = pooled
        dtype = self.dtype_policy
        flatten = keras.layers.Flatten("channels_last", dtype=dtype)
        self.stages = [
            *([Shrink(shrink_to, dtype=dtype)] if shrink_to else []),
            *_convolution(filters, dtype),
            *(_pooled(dtype) if pooled else [flatten]),
            *_dense(hidden, dtype),
            Classifier(answers * num_classes, name="classifier"),
        ]

    @property
    def channels(self) -> int:
        """C, of the images that it was built for."""
        return self.image_shape[-1]

    def build(self, images_shape):
        check_channels_last(images_shape)
        if self.pooled:
            _check_pooled(images_shape[1:3])
        self.image_shape = tuple(images_shape[1:])
        shape = (None, *self.image_shape)
        for stage in self.stages:
            stage.build(shape)
            shape = stage.compute_output_shape(shape)

    def call(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        check_frames(images)
        *sides, channels = self.image_shape
        sides = [None, None] if self.pooled else sides
        check_shape("images", images, (None, *sides, channels))
        if self.pooled:
            _check_pooled(images.shape[1:3])
        if images.dtype == tf.uint8:
            features = tf.cast(images, tf.float32) * (1.0 / 255.0)
        else:
            features = gate.passed(images)
        for stage in self.stages:
            features = stage(features)
        logits = tf.reshape(features, [-1, self.answers, self.num_classes])
        return {"logits": logits, "probabilities": tf.nn.softmax(logits)}

    def make_agent(self, optimizer, **learning):
        del learning  # There is nothing to try out.
        return SupervisedAgent(self, optimizer)

    def make_episodes(self, images, labels, **learning):
        del learning
        return self.environment(images, labels)

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
        name: "fc_64" or "fc_256", two hidden layers of so many units; "conv",
            a convolution with 8 filters and one hidden layer; "conv_any", five
            convolutions and the maximum over the image, for images of any size;
            or "conv_128", the same of the image scaled to 128x128.
        side: H = W, in pixels, of the images that it is built with.
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
    if name in ANY_SIZE:
        settings: dict[str, Any] = {
            "hidden": [],
            "pooled": True,
            "shrink_to": ANY_SIZE[name],
        }
    elif name == "conv":
        hidden = [units or conv_units(side)]
        settings = {"hidden": hidden, "filters": _FILTERS}
    else:
        width = int(name.removeprefix("fc_"))
        settings = {"hidden": [width, width]}
    model = Comparator(**settings, num_classes=num_classes, answers=answers)
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


def _check_pooled(sides: Sequence[int]) -> None:
    if min(sides) < _LEAST_POOLED:
        raise UserError(
            f"The convolutions need images of at least {_LEAST_POOLED}x"
            f"{_LEAST_POOLED}. Received: {'x'.join(map(str, sides))}"
        )


def _pooled(dtype) -> list[keras.layers.Layer]:
    last = {"data_format": "channels_last", "dtype": dtype}
    layers = [keras.layers.ZeroPadding2D(_AROUND, **last)]
    for number, (side, stride, filters) in enumerate(_POOLED):
        name = f"convolution_{number}"
        layers += [
            Windows(side, stride, dtype=dtype),
            keras.layers.Dense(
                filters, activation="relu", dtype=dtype, name=name
            ),
        ]
    return [*layers, keras.layers.GlobalMaxPooling2D(**last)]


def _dense(hidden: Sequence[int], dtype) -> list[keras.layers.Layer]:
    return [
        keras.layers.Dense(
            units, activation="relu", dtype=dtype, name=f"hidden_{i}"
        )
        for i, units in enumerate(hidden)
    ]
