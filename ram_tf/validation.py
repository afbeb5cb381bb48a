"""Checks of arguments: each states its rule and what was received."""

import numbers
from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ram_tf.errors import UserError

RANGE_RULE = "float32 images must lie in [0, 1]."
_ROUNDING = 1e-4


def check_positive_int(name: str, value: Any) -> None:
    """Raises UserError unless `value` is an integer above zero."""
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise UserError(
            f"`{name}` must be a positive integer. Received: {name}={value!r}"
        )


def check_count(name: str, value: Any) -> None:
    """Raises UserError unless `value` is an integer, zero or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UserError(
            f"`{name}` must be an integer, at least 0. "
            f"Received: {name}={value!r}"
        )


def is_number(value: Any) -> bool:
    """Whether it is an integer or a float, Python's or NumPy's."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def check_bool(name: str, value: Any) -> None:
    """Raises UserError unless `value` is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise UserError(
            f"`{name}` must be True or False. Received: {name}={value!r}"
        )


def check_positive(name: str, value: Any) -> None:
    """Raises UserError unless `value` is a finite number above zero."""
    if not is_number(value) or not 0 < value < float("inf"):
        raise UserError(
            f"`{name}` must be a positive finite number. "
            f"Received: {name}={value!r}"
        )


def check_at_least(name: str, value: Any, least: float) -> None:
    """Raises UserError unless `value` is a finite number >= `least`."""
    if not is_number(value) or not least <= value < float("inf"):
        raise UserError(
            f"`{name}` must be a finite number, at least {least}. "
            f"Received: {name}={value!r}"
        )


def check_choice(name: str, value: Any, choices: Iterable[Any]) -> None:
    """Raises UserError unless `value` is one of `choices`."""
    if not any(type(value) is type(c) and value == c for c in choices):
        raise UserError(
            f"`{name}` must be one of {list(choices)}. "
            f"Received: {name}={value!r}"
        )


def check_built(model: keras.Model) -> None:
    """Raises UserError unless the model has its weights."""
    if not model.built:
        raise UserError(
            "`model` must be built: call "
            "model.build((None, H, W, C)). Received: a model without "
            "weights"
        )


def check_shape(name: str, value: Any, shape: Sequence[int | None]) -> None:
    """Raises UserError unless the shape fits; None stands for any size."""
    received = value.shape if tf.is_tensor(value) else np.shape(value)
    sizes = [size if isinstance(size, int) else None for size in shape]
    if not tf.TensorShape(sizes).is_compatible_with(received):
        raise UserError(
            f"`{name}` must have shape {sizes}. Received: {tuple(received)}"
        )


def check_frames(frames: tf.Tensor, ranks: Sequence[int] = (4,)) -> None:
    """Checks images [B, H, W, C] or, with rank 5 allowed, videos [B, T, ...].

    Raises:
        UserError: On another rank or dtype, or without a pixel.
    """
    if frames.shape.rank not in ranks:
        wanted = " or ".join(f"rank {rank}" for rank in ranks)
        raise UserError(
            f"Images must have {wanted}: [B, H, W, C] (4), [B, T, H, W, C] (5)."
            f" Received: shape={tuple(frames.shape)}"
        )
    if frames.dtype not in (tf.uint8, tf.float32):
        raise UserError(
            "Images must be uint8 (0 to 255) or float32 (0 to 1). "
            f"Received: dtype={frames.dtype.name}"
        )
    if 0 in frames.shape:
        raise UserError(
            f"Images must not be empty. Received: shape={tuple(frames.shape)}"
        )


def check_finite(values: tf.Tensor, what: str = "Images") -> None:
    """Raises UserError on NaN or infinity (seen in eager mode only)."""
    if not tf.executing_eagerly() or values.dtype == tf.uint8:
        return
    if not tf.reduce_all(tf.math.is_finite(values)):
        raise UserError(
            f"{what} must be finite. Received: values that are NaN or infinite."
        )


def check_values(frames: tf.Tensor) -> None:
    """Raises UserError on floats outside [0, 1] (seen in eager mode only).

    It reads whole images: call it where they come in, not at every glimpse.
    """
    check_finite(frames)
    if not tf.executing_eagerly() or frames.dtype == tf.uint8:
        return
    if not tf.reduce_all(in_range(frames)):
        low, high = tf.reduce_min(frames), tf.reduce_max(frames)
        raise UserError(
            f"{RANGE_RULE} Received: values from {float(low):g} to "
            f"{float(high):g}"
        )


def in_range(values: tf.Tensor) -> tf.Tensor:
    """Where a float image, or means of it, is in [0, 1] but for rounding."""
    return tf.abs(values - 0.5) <= 0.5 + _ROUNDING


def check_labels(labels: tf.Tensor, num_classes: int) -> None:
    """Raises UserError on a label outside [0, K) (seen in eager mode only)."""
    if not labels.dtype.is_integer:
        raise UserError(
            f"Labels must be integers. Received: dtype={labels.dtype.name}"
        )
    if not tf.executing_eagerly():
        return
    low, high = int(tf.reduce_min(labels)), int(tf.reduce_max(labels))
    if low < 0 or high >= num_classes:
        raise UserError(
            f"Labels must lie in [0, {num_classes}). "
            f"Received: labels from {low} to {high}"
        )
