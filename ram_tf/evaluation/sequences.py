"""Sequences of symbols as they are answered, in NumPy.

A sequence has L places for its symbols and their end. At T answers an image,
T = G * L, that to place i is the last of its G.
"""

import numpy as np


def read(answers: np.ndarray, places: int) -> np.ndarray:
    """The symbols that were answered.

    Args:
        answers: Classes answered after each glimpse, [n, T].
        places: L; it divides T.

    Returns:
        [n, L].
    """
    glimpses = answers.shape[1] // places
    return answers[:, glimpses - 1 :: glimpses]


def lengths(symbols: np.ndarray, end: int) -> np.ndarray:
    """Symbols before the first `end`, of [n, L]; L without one."""
    return np.cumprod(symbols != end, axis=1).sum(axis=1)


def wrong(answers: np.ndarray, labels: np.ndarray, end: int) -> np.ndarray:
    """Whether any symbol up to and including the end is not the label's.

    Args:
        answers: [n, T].
        labels: [n, L].
        end: The class that ends a sequence.

    Returns:
        [n] bool.
    """
    places = labels.shape[1]
    asked = np.arange(places) <= lengths(labels, end)[:, None]
    return ((read(answers, places) != labels) & asked).any(axis=1)


def by_length(
    values: np.ndarray, labels: np.ndarray, end: int
) -> list[np.ndarray]:
    """Values [n] of the sequences [n, L] with 1, 2, ..., L - 1 symbols."""
    found = lengths(labels, end)
    return [values[found == length] for length in range(1, labels.shape[1])]
