"""Optimizers whose learning rate falls to zero (paper, section 4)."""

import keras

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
) -> keras.optimizers.Optimizer:
    """Builds an optimizer.

    Args:
        name: "adam", or "sgd" with momentum (the paper's).
        learning_rate: At the start.
        steps: Updates until it is zero.
        schedule: "cosine", "linear" (the paper's) or "constant".
        momentum: Of sgd.
        clip_norm: Largest global norm of the gradient; 0 does not clip.

    Raises:
        UserError: On unknown names or numbers out of range.
    """
    check_choice("optimizer", name, OPTIMIZERS)
    check_choice("schedule", schedule, SCHEDULES)
    check_positive("learning_rate", learning_rate)
    check_positive_int("steps", steps)
    check_at_least("clip_norm", clip_norm, 0)
    schedules = keras.optimizers.schedules
    rate = {
        "cosine": schedules.CosineDecay(learning_rate, steps),
        "linear": schedules.PolynomialDecay(learning_rate, steps, 0.0),
        "constant": learning_rate,
    }[schedule]
    clip = clip_norm or None
    if name == "adam":
        return keras.optimizers.Adam(rate, global_clipnorm=clip)
    return keras.optimizers.SGD(rate, momentum, global_clipnorm=clip)
