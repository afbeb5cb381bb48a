"""One update of a model's weights: the one place that differentiates."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from ram_tf.episodes.environments.environment import Environment
from ram_tf.types import LossInfo
from ram_tf.validation import check_built

Gradients = list[tf.Tensor]


class Agent:
    """Trains a model on episodes, or on whatever an environment shows.

    A subclass says what is minimised, in `episode_loss`.

    Args:
        model: A built model.
        optimizer: A Keras optimizer; clipping and schedule are its business.
        variables: What is trained; None for all that is trainable.

    Attributes:
        variables: What is trained.
        metric_names: The keys of LossInfo.extra.

    Raises:
        UserError: If the model has no weights yet.
    """

    metric_names: tuple[str, ...] = ()

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        variables: Sequence[keras.Variable] | None = None,
    ):
        check_built(model)
        self.model = model
        self.optimizer = optimizer
        self.variables = (
            model.trainable_variables if variables is None else variables
        )
        if not optimizer.built:  # As it is in a model that was loaded.
            optimizer.build(self.variables)

    def episode_loss(
        self, environment: Environment, seed: tf.Tensor
    ) -> LossInfo:
        """What is minimised, differentiable.

        Args:
            environment: Played once.
            seed: A stateless seed, [2] integers.
        """
        raise NotImplementedError

    def check(self, environment: Environment) -> None:
        """Raises UserError on an environment that this agent does not fit."""

    def gradients(
        self, environment: Environment, seed: tf.Tensor
    ) -> tuple[Gradients, LossInfo]:
        """Of the loss, one for each variable that is trained.

        Args:
            environment: Played once.
            seed: A stateless seed, [2] integers.

        Raises:
            UserError: As `check`.
        """
        self.check(environment)
        return self._differentiated(
            lambda: self.episode_loss(environment, seed)
        )

    def update(self, gradients: Gradients) -> None:
        """Makes a step of the optimizer; gradients are as `gradients` gives."""
        self.optimizer.apply(gradients, self.variables)

    def train(self, environment: Environment, seed: tf.Tensor) -> LossInfo:
        """Makes a step: both of the above, with their arguments and errors."""
        gradients, info = self.gradients(environment, seed)
        self.update(gradients)
        return info

    def _differentiated(
        self, loss: Callable[[], LossInfo]
    ) -> tuple[Gradients, LossInfo]:
        with tf.GradientTape() as tape:
            info = loss()
            scaled = self.optimizer.scale_loss(info.loss)  # Of float16 only.
        # What has no part in this loss, such as an unused baseline, rests.
        gradients = tape.gradient(
            scaled,
            [variable.value for variable in self.variables],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        return gradients, info
