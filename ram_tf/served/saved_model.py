"""A SavedModel for TensorFlow Serving.

Signatures, for any batch and images of any size:

    serving_default  `image` uint8 -> what `signatures.classify` returns
    serving_float32  `image` float32 in [0, 1] -> the same
    serving_encoded  `image_bytes`, PNG or JPEG files -> the same
    initial_state    `stream` [B] -> the state of B streams; only B is read
    step             `frame` uint8 and the state -> what `signatures.step` does

A model without classes has the last two; `serving_encoded` is there where it is
said how pictures are seen. `stream` is a vector, because servers that batch
requests join them along the first axis. Whoever loads it in Python can call
`serve(images)`, too, as what Keras exports.
"""

import os

import keras
import tensorflow as tf

from ram_tf.errors import FileError, UserError
from ram_tf.layers.cell import RAMCell
from ram_tf.served import signatures
from ram_tf.served.pictures import Pictures
from ram_tf.served.requests import (
    CheckedSensor,
    checked_images,
    checked_state,
    checked_streams,
)
from ram_tf.validation import check_built, check_positive_int

MAX_SIDE = 4096
# Fastest without XLA, which a server may not have.
_SENSOR = "crop_and_resize"


def save_saved_model(
    model: keras.Model,
    directory: str | os.PathLike,
    max_side: int = MAX_SIDE,
    pictures: Pictures | None = None,
) -> None:
    """Writes a SavedModel with the signatures above.

    Args:
        model: A built RecurrentAttentionModel, with any sensor: all give the
            same bits.
        directory: Where to write; best a new one.
        max_side: Longest side of an image that is answered, in pixels.
        pictures: What encoded pictures go through; None for a SavedModel that
            takes none.

    Raises:
        UserError: On another kind of model, a `max_side` that is not a positive
            integer, or pictures of other channels than the model's.
        FileError: If it cannot be written.
    """
    check_positive_int("max_side", max_side)
    if not isinstance(getattr(model, "cell", None), RAMCell):
        raise UserError(
            "`model` must be a RecurrentAttentionModel. "
            f"Received: {type(model).__name__}"
        )
    check_built(model)
    if pictures is not None and pictures.channels != model.cell.channels:
        raise UserError(
            f"`pictures` must have the model's channels, {model.cell.channels}."
            f" Received: channels={pictures.channels}"
        )
    served = _Served(model, max_side, pictures)
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

    def __init__(self, model, max_side, pictures):
        self.module = tf.Module()
        self.module.weights = [tf.Variable(w) for w in model.get_weights()]
        self._model = signatures.with_sensor(model, _SENSOR)
        self._model.cell.sensor = CheckedSensor(self._model.cell.sensor)
        self._max_side = max_side
        self._pictures = pictures

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
            traced |= self._trace_classifier()
        return traced

    def _trace_classifier(self):
        byte = tf.TensorSpec(None, tf.uint8, "image")
        real = tf.TensorSpec(None, tf.float32, "image")
        # As in Keras' own artifacts, whoever loads it can call it.
        serve = tf.function(
            lambda image: self._with_weights(self._classify, image=image),
            autograph=False,
        )
        self.module.serve = serve
        traced = {
            "serving_default": serve.get_concrete_function(byte),
            "serving_float32": serve.get_concrete_function(real),
        }
        if self._pictures is not None:
            files = tf.TensorSpec(None, tf.string, "image_bytes")
            traced["serving_encoded"] = self._traced(
                self._classify_files, image_bytes=files
            )
        return traced

    def _traced(self, function, **specs):
        compiled = tf.function(
            lambda **inputs: self._with_weights(function, **inputs),
            autograph=False,
        )
        return compiled.get_concrete_function(**specs)

    def _with_weights(self, function, **inputs):
        # Each weight is read once, not once a glimpse.
        values = [tf.convert_to_tensor(w) for w in self.module.weights]
        mapping = zip(self._model.weights, values, strict=True)
        with keras.StatelessScope(state_mapping=mapping):
            return function(**inputs)

    def _classify(self, image):
        return signatures.classify(self._model, self._checked(image))

    def _classify_files(self, image_bytes):
        images = self._pictures.seen(image_bytes, self._max_side)
        return signatures.classify(self._model, images)

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
