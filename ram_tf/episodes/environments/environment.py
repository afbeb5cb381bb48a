"""The contract between an environment and the unroll."""

from typing import Any

import tensorflow as tf

from ram_tf import losses
from ram_tf.types import TimeStep


class Environment:
    """A batch of N episodes of at most T steps, as tensor operations.

    It holds no changing state: what changes goes in and out of `step`, so that
    whole episodes run inside one compiled program.

    Attributes:
        rows: N, an int or an integer scalar tensor.
        rollouts: M; rows r * M to r * M + M - 1 are episodes of one image.
        steps: T, an int.
        label: Right class at each step, [N, T] int32, or None.
        label_weight: Its weight in the cross-entropy, [N, T] float32, or None;
            of episodes that all go on to the end.
        target: What there is to see: its middle in pixels from the top left
            corner, (y, x), and how far from there, along each axis, a fixation
            may be, [N, 3] float32; or None.
    """

    rows: int | tf.Tensor
    steps: int
    rollouts: int = 1
    label: tf.Tensor | None = None
    label_weight: tf.Tensor | None = None
    target: tf.Tensor | None = None

    def reset(self) -> tuple[Any, TimeStep]:
        """Starts all episodes: (state of the environment, first time step)."""
        raise NotImplementedError

    def step(
        self, state: Any, action: dict[str, tf.Tensor]
    ) -> tuple[Any, TimeStep]:
        """Carries out the actions, each [N, ...], of every row."""
        raise NotImplementedError

    def answers_due(self, valid: tf.Tensor) -> tf.Tensor:
        """1 at the answers that must be right: here, the last of each episode.

        Args:
            valid: [N, T].

        Returns:
            [N, T].
        """
        return losses.last_valid(valid)

    def answer_reward(self, logits: tf.Tensor, valid: tf.Tensor) -> tf.Tensor:
        """Reward for the answers, beside what `step` gives.

        Args:
            logits: [N, T, K].
            valid: [N, T].

        Returns:
            [N, T].
        """
        del logits
        return tf.zeros_like(valid)

    def answer_weight(self, valid: tf.Tensor) -> tf.Tensor | None:
        """Weight of the answers in the cross-entropy, for episodes as played.

        Args:
            valid: [N, T].

        Returns:
            [N, T], or None without labels.
        """
        del valid
        return self.label_weight
