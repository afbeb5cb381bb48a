"""Frames that are there already: a video, or an episode that was recorded."""

import tensorflow as tf

from ram_tf.episodes.environments.still_image import StillImage
from ram_tf.types import TimeStep
from ram_tf.validation import check_frames, check_shape


class Video(StillImage):
    """One glimpse at each frame of [B, T, H, W, C]; else like StillImage."""

    _ranks = (5,)

    def __init__(self, frames: tf.Tensor, labels=None, **kwargs):
        frames = tf.convert_to_tensor(frames)
        check_frames(frames, self._ranks)
        super().__init__(frames, labels, steps=frames.shape[1], **kwargs)

    def _frame(self, t: int) -> tf.Tensor:
        return self._images[:, min(t, self.steps - 1)]


class RecordedEpisode(Video):
    """An episode played elsewhere, from which the agent learns by replay.

    Args:
        frames: What was seen, [N, T, H, W, C].
        rewards: All that step t earned, answers included, [N, T].
        valid: 1 where the episode was running, [N, T].
        label: [N, T] int32, or None.
        label_weight: [N, T], or None.
        rollouts: M, episodes of the same image, in rows beside each other.

    Raises:
        UserError: On rewards or a mask that are not [N, T].
    """

    def __init__(
        self,
        frames: tf.Tensor,
        rewards: tf.Tensor,
        valid: tf.Tensor,
        label: tf.Tensor | None = None,
        label_weight: tf.Tensor | None = None,
        rollouts: int = 1,
    ):
        super().__init__(frames)
        for name, value in (("rewards", rewards), ("valid", valid)):
            check_shape(name, value, (self.rows, self.steps))
        self.rollouts = rollouts
        self.frames = self._images
        self.rewards = rewards
        self.valid = valid
        self.label = label
        self.label_weight = label_weight

    def answer_reward(self, logits, valid):
        return tf.zeros_like(valid)  # It is in the record.

    def answer_weight(self, valid):
        return self.label_weight

    def _time_step(self, t: int) -> TimeStep:
        ended = t >= self.steps
        return TimeStep(
            observation=self._frame(t),
            reward=self.rewards[:, t - 1] if t else tf.zeros([self.rows]),
            is_last=(
                tf.fill([self.rows], True) if ended else self.valid[:, t] == 0
            ),
        )
