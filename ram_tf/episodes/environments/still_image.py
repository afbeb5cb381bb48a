"""A still image: the frame never changes, answers are paid, looks may cost."""

import tensorflow as tf

from ram_tf import losses
from ram_tf.episodes.environments.environment import Environment
from ram_tf.errors import UserError
from ram_tf.types import TimeStep
from ram_tf.validation import (
    check_at_least,
    check_choice,
    check_frames,
    check_positive_int,
    check_shape,
    check_values,
)

REWARDS = ("accuracy", "log_likelihood")


class StillImage(Environment):
    """T glimpses at each image, for each of M rollouts.

    Args:
        images: [B, H, W, C]; they are shared by the rollouts, never tiled.
        labels: [B] integers in [0, K), or None where nothing is learned.
        steps: T.
        rollouts: M, episodes an image.
        reward: What an answer earns: "accuracy", 1 if right else 0 (paper,
            section 3), or "log_likelihood" of the right class.
        intermediate_weight: Weight of the answer after each glimpse but the
            last, which has 1, in the cross-entropy and in the reward: 0 is the
            paper; above it the model learns to answer at any time, and to look
            early where that helps. The last glimpse is that after which the
            model stopped, if it did.
        may_stop: Whether the model decides itself when to stop. Only the last
            answer is then in the reward: else looking on would be paid for, or
            punished, by the answers on the way.
        glimpse_cost: Taken off the reward for every glimpse.
        target: Where there is something to see, [B, 3]: `Environment.target`,
            of images. An agent can learn from it where to look.

    Raises:
        UserError: On images, labels or targets of another shape or dtype,
            counts below one, or an unknown reward.
    """

    _ranks = (4,)
    _label_letters = "B"

    def __init__(
        self,
        images: tf.Tensor,
        labels: tf.Tensor | None = None,
        *,
        steps: int,
        rollouts: int = 1,
        reward: str = "accuracy",
        intermediate_weight: float = 0.0,
        may_stop: bool = False,
        glimpse_cost: float = 0.0,
        target: tf.Tensor | None = None,
    ):
        images = tf.convert_to_tensor(images)
        check_frames(images, self._ranks)
        check_values(images)
        check_positive_int("steps", steps)
        check_positive_int("rollouts", rollouts)
        check_choice("reward", reward, REWARDS)
        check_at_least("intermediate_weight", intermediate_weight, 0)
        check_at_least("glimpse_cost", glimpse_cost, 0)
        self._images = images
        self._reward = reward
        self._intermediate_weight = intermediate_weight
        self._may_stop = may_stop
        self._glimpse_cost = glimpse_cost
        self.steps = steps
        self.rollouts = rollouts
        self.rows = (images.shape[0] or tf.shape(images)[0]) * rollouts
        if labels is not None:
            labels = self._check_labels(labels)
            self._label_each_step(tf.repeat(labels, rollouts, axis=0))
        if target is not None:
            check_shape("target", target, (images.shape[0], 3))
            self.target = tf.repeat(
                tf.cast(target, tf.float32), rollouts, axis=0
            )

    def _check_labels(self, labels) -> tf.Tensor:
        labels = tf.convert_to_tensor(labels)
        rank = len(self._label_letters)
        if labels.shape.rank != rank or not labels.dtype.is_integer:
            raise UserError(
                "Labels must be integers of shape "
                f"[{', '.join(self._label_letters)}]. Received: "
                f"shape={tuple(labels.shape)}, dtype={labels.dtype.name}"
            )
        if labels.shape[0] != self._images.shape[0]:
            raise UserError(
                "There must be as many labels as images. Received: "
                f"{labels.shape[0]} labels, {self._images.shape[0]} images"
            )
        return tf.cast(labels, tf.int32)

    def _label_each_step(self, labels: tf.Tensor) -> None:
        """Sets label and label_weight from the labels of the rows."""
        shape = [self.rows, self.steps]
        self.label = tf.broadcast_to(labels[:, None], shape)
        self.label_weight = self._weight(tf.ones(shape))

    def reset(self):
        return 0, self._time_step(0)

    def step(self, state, action):
        # Looking changes nothing in the world; stopping ends the episode.
        time_step = self._time_step(state + 1)
        if action and "stop" in action:
            ended = time_step.is_last | action["stop"]
            time_step = time_step._replace(is_last=ended)
        return state + 1, time_step

    def answer_reward(self, logits, valid):
        if self.label is None:
            return tf.zeros_like(valid)
        earned = losses.answer_reward(logits, self.label, self._reward)
        paid = self.answers_due if self._may_stop else self._weight
        return paid(valid) * earned

    def answer_weight(self, valid):
        return None if self.label is None else self._weight(valid)

    def _weight(self, valid: tf.Tensor) -> tf.Tensor:
        """Of each answer, in the cross-entropy and mostly in the reward."""
        due = self.answers_due(valid)
        return due + self._intermediate_weight * (valid - due)

    def _time_step(self, t: int) -> TimeStep:
        return TimeStep(
            observation=self._frame(t),
            reward=tf.fill([self.rows], 0.0 - self._glimpse_cost),
            is_last=tf.fill([self.rows], t >= self.steps),
        )

    def _frame(self, t: int) -> tf.Tensor:
        del t
        return self._images
