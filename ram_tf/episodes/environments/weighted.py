"""Episodes of which some count more than others."""

import tensorflow as tf

from ram_tf.episodes.environments.environment import Environment
from ram_tf.validation import check_shape


class Weighted(Environment):
    """Another environment, each image of which has a weight.

    All that its episodes earn, and the cross-entropy of their answers, is
    multiplied by it: the weight of an image in what is learned.

    Args:
        environment: The other one.
        weights: Of its B images, [B].

    Raises:
        UserError: On weights of another shape.
    """

    def __init__(self, environment: Environment, weights: tf.Tensor):
        check_shape("sample_weight", weights, (None,))
        self.rows = environment.rows
        self.steps = environment.steps
        self.rollouts = environment.rollouts
        self.label = environment.label
        self.label_weight = environment.label_weight
        self._environment = environment
        weights = tf.cast(weights, tf.float32)
        self._weights = tf.repeat(weights, environment.rollouts)  # [N]

    def reset(self):
        state, time_step = self._environment.reset()
        return state, self._weighed(time_step)

    def step(self, state, action):
        state, time_step = self._environment.step(state, action)
        return state, self._weighed(time_step)

    def answers_due(self, valid):
        return self._environment.answers_due(valid)

    def answer_reward(self, logits, valid):
        earned = self._environment.answer_reward(logits, valid)
        return earned * self._weights[:, None]

    def answer_weight(self, valid):
        weight = self._environment.answer_weight(valid)
        return None if weight is None else weight * self._weights[:, None]

    def _weighed(self, time_step):
        return time_step._replace(reward=time_step.reward * self._weights)
