"""Cross-entropy alone, for networks that look nowhere."""

import keras
import tensorflow as tf

from ram_tf import losses
from ram_tf.comparators import Comparator
from ram_tf.environments.environment import Environment
from ram_tf.types import LossInfo
from ram_tf.validation import check_built, check_labels


class SupervisedAgent:
    """Trains a Comparator, with the interface of a ReinforceAgent.

    Args:
        model: A built model.
        optimizer: A Keras optimizer; clipping and schedule are its business.

    Raises:
        ValueError: If the model has no weights yet.
    """

    metric_names = ("cross_entropy", "accuracy")

    def __init__(
        self, model: Comparator, optimizer: keras.optimizers.Optimizer
    ):
        check_built(model)
        self.model = model
        self.optimizer = optimizer
        optimizer.build(model.trainable_variables)

    def loss(self, environment: Environment) -> LossInfo:
        """The loss of images and labels, each used once."""
        _, time_step = environment.reset()
        logits = self.model(time_step.observation)["logits"]
        # What has no weight is beyond the end of a sequence.
        valid = tf.cast(environment.label_weight > 0, tf.float32)
        cross_entropy = losses.cross_entropy_loss(
            logits, environment.label, environment.label_weight, valid
        )
        accuracy = losses.accuracy(
            logits, environment.label, valid, environment.answers_due(valid)
        )
        extra = {"cross_entropy": cross_entropy, "accuracy": accuracy}
        return LossInfo(cross_entropy, extra)

    def train(self, environment: Environment, seed: tf.Tensor) -> LossInfo:
        """Makes a step on the images of an environment.

        Args:
            environment: One rollout of labelled images, with as many steps as
                the model has answers.
            seed: Not used; nothing is drawn.

        Raises:
            ValueError: On another environment, or labels outside the classes.
        """
        del seed
        self._check(environment)
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            info = self.loss(environment)
        gradients = tape.gradient(info.loss, [v.value for v in variables])
        self.optimizer.apply(gradients, variables)
        return info

    def _check(self, environment: Environment) -> None:
        once = environment.rollouts == 1
        fits = environment.steps == self.model.answers
        if not (once and fits) or environment.label is None:
            raise ValueError(
                "A network that looks nowhere is trained on labelled images, "
                "in one rollout and a step for each of its "
                f"{self.model.answers} answers. Received: "
                f"steps={environment.steps}, rollouts={environment.rollouts}, "
                f"{'no ' if environment.label is None else ''}labels"
            )
        check_labels(environment.label, self.model.num_classes)
