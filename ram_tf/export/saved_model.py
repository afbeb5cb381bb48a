"""A SavedModel for TensorFlow Serving.

Signatures, for any batch and images of any size:

    serving_default  `image` uint8 -> what `signatures.classify` returns
    serving_float32  `image` float32 in [0, 1] -> the same
    initial_state    `stream` [B] -> the state of B streams; only B is read
    step             `frame` uint8 and the state -> what `signatures.step` does

A model without classes has the last two. `stream` is a vector, because servers
that batch requests join them along the first axis.
"""

import os

import keras
import tensorflow as tf

from ram_tf.errors import FileError, UserError
from ram_tf.export import signatures
from ram_tf.export.requests import (
    CheckedSensor,
    checked_images,
    checked_state,
    checked_streams,
)
from ram_tf.model import RecurrentAttentionModel
from ram_tf.validation import check_positive_int

MAX_SIDE = 4096
# Fastest without XLA, which a server may not have.
_SENSOR = "crop_and_resize"


def save_saved_model(
    model: RecurrentAttentionModel,
    directory: str | os.PathLike,
    max_side: int = MAX_SIDE,
) -> None:
    """Writes a SavedModel with the signatures above.

    Args:
        model: A built model, with any sensor: all give the same bits.
        directory: Where to write; best a new one.
        max_side: Longest side of an image that is answered, in pixels.

    Raises:
        UserError: On another kind of model, or a `max_side` that is not a
            positive integer.
        FileError: If it cannot be written.
    """
    check_positive_int("max_side", max_side)
    if not isinstance(model, RecurrentAttentionModel):
        raise UserError(
            "`model` must be a RecurrentAttentionModel. "
            f"Received: {type(model).__name__}"
        )
    served = _Served(model, max_side)
    functions = served.trace()
    try:
        tf.saved_model.save(served.module, os.fspath(directory), functions)
    except (OSError, tf.errors.OpError) as error:
        reason = str(error).partition("\n")[0]
        raise FileError(f"{directory} cannot be written: {reason}") from error


class _Served:
    """Traces the signatures of a copy of the model.

    Attributes:
        module: Holds the weights. They are not Keras' variables, because of
            these TensorFlow saves copies, which a server restores instead of
            what the signatures read.
    """

    def __init__(self, model, max_side):
        self.module = tf.Module()
        self.module.weights = [tf.Variable(w) for w in model.get_weights()]
        self._model = signatures.with_sensor(model, _SENSOR)
        self._model.cell.sensor = CheckedSensor(self._model.cell.sensor)
        self._max_side = max_side

    def trace(self):
        """The traced signatures by name."""
        cell = self._model.cell
        state = {
            name: tf.TensorSpec(None, name=name) for name in cell.state_names
        }
        frame = tf.TensorSpec(None, tf.uint8, "frame")
        stream = tf.TensorSpec(None, tf.int32, "stream")
        traced = {
            "initial_state": self._traced(self._initial_state, stream=stream),
            "step": self._traced(self._step, frame=frame, **state),
        }
        if self._model.num_classes:
            byte = tf.TensorSpec(None, tf.uint8, "image")
            real = tf.TensorSpec(None, tf.float32, "image")
            traced |= {
                "serving_default": self._traced(self._classify, image=byte),
                "serving_float32": self._traced(self._classify, image=real),
            }
        return traced

    def _traced(self, function, **specs):
        def with_weights(**inputs):
            # Each weight is read once, not once a glimpse.
            values = [tf.convert_to_tensor(w) for w in self.module.weights]
            mapping = zip(self._model.weights, values, strict=True)
            with keras.StatelessScope(state_mapping=mapping):
                return function(**inputs)

        compiled = tf.function(with_weights, autograph=False)
        return compiled.get_concrete_function(**specs)

    def _classify(self, image):
        return signatures.classify(self._model, self._checked(image))

    def _initial_state(self, stream):
        batch = tf.size(checked_streams(stream))
        return signatures.initial_state(self._model, batch)

    def _step(self, frame, **state):
        frame = self._checked(frame)
        state = checked_state(state, self._model.cell, frame)
        return signatures.step(self._model, frame, state)

    def _checked(self, images):
        channels = self._model.cell.channels
        return checked_images(images, channels, self._max_side)
