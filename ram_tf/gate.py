"""The gate of a model: what an image must be, wherever it comes in.

Whole arrays are checked where Python sees them: in eager mode, and in Keras'
`fit`, `evaluate` and `predict` before anything is compiled. In a graph nothing
is read but what is used anyway, so that the cost does not grow with the image:
there the check is of what the glimpses see, and raises InvalidArgumentError.
XLA drops assertions: there, what is seen outside [0, 1] becomes NaN, and so
does the answer.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ram_tf import xla
from ram_tf.errors import UserError
from ram_tf.validation import (
    RANGE_RULE,
    check_finite,
    check_frames,
    check_values,
    in_range,
)

# Of a picture, however it is made: more channels than this in fewer rows than
# this are rather rows in the place of channels.
_FEW = 16
_RANKS = (4, 5)
_CHUNK = 500


def passed(seen: tf.Tensor) -> tf.Tensor:
    """What was seen of float images [N, ...], if all of it is in [0, 1].

    Raises:
        UserError: In eager mode, if it is not.
        InvalidArgumentError: When a graph runs, likewise. Where XLA compiles,
            such rows are NaN instead.
    """
    if tf.executing_eagerly():
        check_values(seen)
        return seen
    good = in_range(seen)
    if xla.compiles():
        rows = tf.reduce_all(good, list(range(1, seen.shape.rank)), True)
        return tf.where(rows, seen, np.nan)
    seen = tf.debugging.check_numerics(
        seen, "Images must be finite. Received, in what was seen"
    )
    low, high = tf.reduce_min(seen), tf.reduce_max(seen)
    words = [f"{RANGE_RULE} Received, in what was seen:", low, "to", high]
    check = tf.debugging.Assert(tf.reduce_all(good), words)
    with tf.control_dependencies([check]):
        return tf.identity(seen)


def check_channels_last(shape: Any) -> None:
    """Raises UserError on shapes [..., H, W, C] that seem to be [..., C, H, W].

    So they seem with more than 16 channels, at most 16 rows, and no squares.
    """
    height, width, channels = tuple(shape)[-3:]
    if None in (height, width, channels):
        return
    if height <= _FEW < channels and width != height:
        raise UserError(
            "Images must have their channels last, [..., H, W, C]. Received: "
            f"shape={tuple(shape)}, which seems to be {height} channels of "
            f"{width}x{channels} pixels: transpose them, for example by "
            "numpy.moveaxis(images, -3, -1)"
        )


class GatedModel(keras.Model):
    """A Keras model of images that refuses bad ones before it is compiled.

    `fit`, `evaluate`, `predict` and `predict_on_batch` check whole arrays (and
    tensors) that they are given, alone or in a list of one. What comes from a
    dataset or a generator is seen by the compiled model only; `predict` then
    refuses to return answers that are NaN.
    """

    def fit(self, x=None, *arguments, **keywords):
        check_arrays(x)
        return super().fit(x, *arguments, **keywords)

    def evaluate(self, x=None, *arguments, **keywords):
        check_arrays(x)
        return super().evaluate(x, *arguments, **keywords)

    def predict(self, x, *arguments, **keywords):
        check_arrays(x)
        return _finite(super().predict(x, *arguments, **keywords))

    def predict_on_batch(self, x):
        check_arrays(x)
        return _finite(super().predict_on_batch(x))


def _finite(answers: Any) -> Any:
    """What a model predicts, unless any of it is NaN.

    Raises:
        UserError: Then.
    """
    if not all(np.isfinite(v).all() for v in keras.tree.flatten(answers)):
        raise UserError(
            f"{RANGE_RULE} Received: images, or weights, with which the "
            "answers are not finite"
        )
    return answers


def check_arrays(images: Any) -> None:
    """Checks images [n, H, W, C], or videos, if they are an array or a tensor.

    Raises:
        UserError: On another rank or dtype, or floats outside [0, 1]. float64
            is taken, since Keras makes it float32.
    """
    if isinstance(images, (list, tuple)) and len(images) == 1:
        (images,) = images  # Keras takes it for the one input.
    if not (isinstance(images, np.ndarray) or tf.is_tensor(images)):
        return
    if images.dtype == np.uint8:  # No value is wrong; one image tells the rest.
        check_frames(tf.convert_to_tensor(images[:1]), _RANKS)
        return
    for start in range(0, max(len(images), 1), _CHUNK):
        chunk = tf.convert_to_tensor(images[start : start + _CHUNK])
        if chunk.dtype == tf.float64:
            chunk = tf.cast(chunk, tf.float32)
        check_frames(chunk, _RANKS)
        check_values(chunk)


def check_states(states: list[Any], sizes: list[int], names: list[str]) -> None:
    """Raises UserError on states that a cell has not given.

    Args:
        states: Tensors, each to be [N, size] float32 and finite, with the same
            N. Whether they are finite is seen in eager mode only.
        sizes: Of each.
        names: Of each, for the message.
    """
    if not isinstance(states, (list, tuple)):
        raise UserError(
            f"States must be a list of {len(sizes)}, {names}. "
            f"Received: {type(states).__name__}"
        )
    if len(states) != len(sizes):
        raise UserError(
            f"The cell has {len(sizes)} states, {names}. "
            f"Received: {len(states)}"
        )
    for name, state, size in zip(names, states, sizes, strict=True):
        if not (isinstance(state, np.ndarray) or tf.is_tensor(state)):
            raise UserError(
                f"The state `{name}` must be a tensor [N, {size}] float32. "
                f"Received: {state!r}"
            )
        dtype, shape = tf.as_dtype(state.dtype), tf.TensorShape(state.shape)
        if dtype != tf.float32 or not shape.is_compatible_with([None, size]):
            raise UserError(
                f"The state `{name}` must be [N, {size}] float32. Received: "
                f"shape={tuple(shape)}, dtype={dtype.name}"
            )
        check_finite(state, f"The state `{name}`")
    rows = [tf.TensorShape(state.shape)[0] for state in states]
    if len(set(rows) - {None}) > 1:  # One row would be taken for all.
        raise UserError(
            "All states must have as many rows. Received: "
            + ", ".join(f"`{n}` {r}" for n, r in zip(names, rows, strict=True))
        )
