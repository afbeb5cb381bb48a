"""Optimizers whose learning rate falls to zero (paper, section 4)."""

import keras

from ram_tf.errors import UserError
from ram_tf.validation import (
    check_at_least,
    check_choice,
    check_positive,
    check_positive_int,
)

OPTIMIZERS = ("adam", "sgd")
SCHEDULES = ("cosine", "linear", "constant")


def make_optimizer(
    name: str,
    learning_rate: float,
    steps: int,
    *,
    schedule: str = "cosine",
    momentum: float = 0.9,
    clip_norm: float = 5.0,
    ema: float = 0.0,
) -> keras.optimizers.Optimizer:
    """Builds an optimizer.

    Args:
        name: "adam", or "sgd" with momentum (the paper's).
        learning_rate: At the start.
        steps: Updates until it is zero.
        schedule: "cosine", "linear" (the paper's) or "constant".
        momentum: Of sgd.
        clip_norm: Largest global norm of the gradient; 0 does not clip.
        ema: Decay of an exponential moving average of the weights, which Keras
            keeps beside them; 0 for none.

    Raises:
        UserError: On unknown names or numbers out of range.
    """
    check_choice("optimizer", name, OPTIMIZERS)
    check_choice("schedule", schedule, SCHEDULES)
    check_positive("learning_rate", learning_rate)
    check_positive_int("steps", steps)
    check_at_least("clip_norm", clip_norm, 0)
    if not 0 <= ema < 1:
        raise UserError(f"`ema` must lie in [0, 1). Received: {ema}")
    schedules = keras.optimizers.schedules
    rate = {
        "cosine": schedules.CosineDecay(learning_rate, steps),
        "linear": schedules.PolynomialDecay(learning_rate, steps, 0.0),
        "constant": learning_rate,
    }[schedule]
    shared = {"global_clipnorm": clip_norm or None}
    if ema:
        shared |= {"use_ema": True, "ema_momentum": ema}
    if name == "adam":
        return keras.optimizers.Adam(rate, **shared)
    return keras.optimizers.SGD(rate, momentum, **shared)
