"""Processes that train one model together, and what they say to each other.

Each has its share of every batch, and a copy of all that is trained. The first
of them, the chief, alone validates and writes.
"""

import contextlib
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ram_tf.errors import UserError
from ram_tf.share import WHOLE, Share


class LostError(UserError, ConnectionError):
    """Another process of the team has ended, or does not answer.

    Attributes:
        exit_code: Of a command that ends by it, EX_TEMPFAIL: what failed is
            not here, and the same command may succeed.
    """

    exit_code = os.EX_TEMPFAIL


class Team:
    """A process alone: a team of one. Its methods are the contract of teams.

    All processes call them as often and in the same order.

    Attributes:
        share: Which part of a batch this process trains on.
    """

    share: Share = WHOLE

    @property
    def is_chief(self) -> bool:
        """Whether this process is the one that validates and writes."""
        return not self.share.index

    def total(self, vector: tf.Tensor) -> tf.Tensor:
        """The sum of what each gives, the same to the bit for all.

        Args:
            vector: [n] float32 or int32, of as many numbers in each process.
        """
        return vector

    def told(self, numbers: Sequence[int]) -> np.ndarray:
        """What each says when all say n numbers of 31 bits: [count, n]."""
        return np.array([numbers])

    def hand_on(self, variables: Sequence[Any]) -> None:
        """Gives variables the values that they have in the chief, to the bit.

        Args:
            variables: Of TensorFlow or Keras; those of the other processes
                have the same shapes.
        """

    def heard(self) -> contextlib.AbstractContextManager:
        """What raises a LostError if another process is lost meanwhile."""
        return contextlib.nullcontext()
