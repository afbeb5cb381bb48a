"""Cross-entropy alone, for networks that look nowhere."""

from typing import cast

import tensorflow as tf

from ram_tf import losses
from ram_tf.agents.update import Agent
from ram_tf.episodes.environments.environment import Environment
from ram_tf.errors import UserError
from ram_tf.types import LossInfo
from ram_tf.validation import check_labels


class SupervisedAgent(Agent):
    """Trains a Comparator, with the interface of a ReinforceAgent.

    Args:
        model: A built Comparator.
        optimizer: A Keras optimizer; clipping and schedule are its business.

    Raises:
        UserError: If the model has no weights yet.
    """

    metric_names = ("cross_entropy", "accuracy")

    def loss(self, environment: Environment) -> LossInfo:
        """The loss of images and labels, each used once.

        Args:
            environment: One rollout of labelled images, with as many steps as
                the model has answers.
        """
        _, time_step = environment.reset()
        logits = self.model(time_step.observation)["logits"]
        # What has no weight is beyond the end of a sequence.
        valid = tf.cast(
            cast(tf.Tensor, environment.label_weight) > 0, tf.float32
        )
        weight = environment.answer_weight(valid)
        cross_entropy = losses.cross_entropy_loss(
            logits, environment.label, weight, valid
        )
        accuracy = losses.accuracy(
            logits, environment.label, valid, environment.answers_due(valid)
        )
        extra = {"cross_entropy": cross_entropy, "accuracy": accuracy}
        return LossInfo(cross_entropy, extra)

    def episode_loss(self, environment, seed):
        """The same as `loss`, because nothing is drawn."""
        del seed
        return self.loss(environment)

    def check(self, environment):
        once = environment.rollouts == 1
        fits = environment.steps == self.model.answers
        if not (once and fits) or environment.label is None:
            raise UserError(
                "A network that looks nowhere is trained on labelled images, "
                "in one rollout and a step for each of its "
                f"{self.model.answers} answers. Received: "
                f"steps={environment.steps}, rollouts={environment.rollouts}, "
                f"{'no ' if environment.label is None else ''}labels"
            )
        check_labels(environment.label, self.model.num_classes)
