"""Trains the decision to stop alone, on a model that stays as it is."""

import keras
import numpy as np
import tensorflow as tf

from ram_tf import losses
from ram_tf.agents.update import Agent
from ram_tf.episodes.environments.environment import Environment
from ram_tf.episodes.policies import Policy
from ram_tf.episodes.unroll import unroll
from ram_tf.errors import UserError
from ram_tf.layers.stop_policy import StopPolicy
from ram_tf.types import LossInfo, Trajectory


class StopAgent(Agent):
    """Teaches a trained model when it has seen enough, as DT-RAM does.

    What the model would answer after each look is known, and nothing but the
    stop is decided: the expected return over all stops, which REINFORCE
    estimates by sampling them, is summed up, and its gradient has no noise.
    Sampled stops learn badly here, because nearly all looks beyond the first
    few change nothing. The eye goes to the mean locations, as in use.

    Args:
        model: A built model with `stop=True`; only its stop head is trained.
        optimizer: A Keras optimizer.

    Raises:
        UserError: On a model that does not decide when to stop.
    """

    metric_names = ("return", "glimpses", "accuracy")

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
    ):
        head = model.cell.heads.get(StopPolicy.key)
        if head is None:
            raise UserError(
                "`model` must have `stop=True`. Received: one with stop=False"
            )
        super().__init__(model, optimizer, head.trainable_variables)

    def loss(self, environment: Environment) -> LossInfo:
        """Minus the expected return, [], of episodes that stop by the head.

        Args:
            environment: With labels; it has one rollout an image.
        """
        never = tf.fill([environment.rows, environment.steps], -np.inf)
        policy = Policy(
            self.model.cell, {StopPolicy.key: tf.cast(never, tf.float32)}
        )
        whole = unroll(policy, environment)
        stopped = losses.stop_probabilities(whole.action_log_prob)
        expected = _mean(stopped * _returns(whole, environment))
        right = losses.answer_reward(whole.logits, whole.label)
        looks = 1.0 + tf.range(environment.steps, dtype=tf.float32)
        extra = {
            "return": expected,
            "glimpses": _mean(stopped * looks),
            "accuracy": _mean(stopped * right),
        }
        return LossInfo(-expected, extra)

    def episode_loss(self, environment, seed):
        """The same as `loss`, because nothing is sampled."""
        del seed
        return self.loss(environment)


def _returns(whole: Trajectory, environment: Environment) -> tf.Tensor:
    """What an episode earns that stops after look t, [N, T]."""
    made = tf.linalg.band_part(tf.ones([environment.steps] * 2), -1, 0)
    answers = [
        tf.reduce_sum(
            environment.answer_reward(
                whole.logits, tf.broadcast_to(looks, tf.shape(whole.valid))
            ),
            axis=1,
        )
        for looks in tf.unstack(made)
    ]
    rewards = whole.reward - environment.answer_reward(
        whole.logits, whole.valid
    )
    return tf.stop_gradient(
        tf.stack(answers, axis=1) + tf.cumsum(rewards, axis=1)
    )


def _mean(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.reduce_sum(values, axis=1))
