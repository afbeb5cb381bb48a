"""What may become of an input: a right answer, or a refusing sentence."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ram_tf_runs import telling

ANSWERED, REFUSED = "answered", "refused"
_ERRORS = (ValueError, TypeError, tf.errors.InvalidArgumentError)


class Fault(AssertionError):
    """An answer that is wrong, or a refusal that does not say what of."""


def outcome(
    ask: Callable[[], Any],
    check: Callable[[Any], None],
    named: Sequence[str],
    must_refuse: bool = False,
) -> str:
    """Asks, and says what became of it.

    Args:
        ask: Gives the answer.
        check: Raises Fault unless the answer is right.
        named: Words of which a refusal must have one.
        must_refuse: Whether no answer is right.

    Raises:
        Fault: If the answer is not right, or a refusal names nothing.
    """
    try:
        answer = ask()
    except _ERRORS as error:
        words = telling.line(error).lower()
        if not any(name.lower() in words for name in named):
            raise Fault(
                f"A refusal must name one of {list(named)}. "
                f"Received: {type(error).__name__}: {error}"
            ) from error
        return REFUSED
    if must_refuse:
        raise Fault("What is not to be answered was answered")
    check(answer)
    return ANSWERED


def expect(holds: bool, words: str) -> None:
    """Raises Fault unless something holds of an answer."""
    if not holds:
        raise Fault(words)


def check_finite(name: str, values: Any) -> np.ndarray:
    """The values, if all are finite."""
    values = np.asarray(values)
    expect(bool(np.isfinite(values).all()), f"{name} is not finite")
    return values


def check_shares(name: str, values: Any) -> np.ndarray:
    """Probabilities [..., K], if they are some."""
    values = check_finite(name, values)
    sums = values.sum(-1)
    right = values.min() >= 0 and np.abs(sums - 1).max() < 1e-4
    expect(bool(right), f"{name} are no shares of 1: {sums}")
    return values


def check_shape(name: str, values: Any, shape: Sequence[int]) -> None:
    """Raises Fault on another shape."""
    found = tuple(np.shape(values))
    expect(found == tuple(shape), f"{name} is {found}, not {tuple(shape)}")
