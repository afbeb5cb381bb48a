"""One update of a model's weights: the one place that differentiates."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

from ram_tf.episodes.environments.environment import Environment
from ram_tf.share import WHOLE, Share
from ram_tf.types import LossInfo
from ram_tf.validation import check_built

Gradients = list[tf.Tensor]


class PartLoss(NamedTuple):
    """The loss of a part of a batch, as other parts' are added to it.

    Means over episodes are equal parts of those of the whole batch. Means over
    the steps that were played are not, where episodes end early: they weigh as
    much as they have steps.

    Attributes:
        info: The loss and what it is made of, of this part alone.
        over_steps: The part of `info.loss` that is a mean over steps.
        played: How many steps were played; a float32 scalar.
    """

    info: LossInfo
    over_steps: tf.Tensor
    played: tf.Tensor


class PartGradients(NamedTuple):
    """Of a PartLoss.

    Attributes:
        loss: The loss itself.
        over_episodes: Of what is a mean over episodes, one for each variable
            that is trained.
        over_steps: Of what is a mean over steps, one for each of the agent's
            `variables_over_steps`.
    """

    loss: PartLoss
    over_episodes: Gradients
    over_steps: Gradients


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
        metrics_over_steps: Those that are means over the steps played; the
            others are means over episodes.
        variables_over_steps: Those that the part of the loss trains that is a
            mean over the steps played.
        share: Which part of each batch it trains on, where several processes
            share one.

    Raises:
        UserError: If the model has no weights yet.
    """

    metric_names: tuple[str, ...] = ()
    metrics_over_steps: tuple[str, ...] = ()
    variables_over_steps: Sequence[keras.Variable] = ()
    share: Share = WHOLE

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

    def part_loss(self, environment: Environment, seed: tf.Tensor) -> PartLoss:
        """The same of a part of a batch, whose episodes are its `share`.

        An agent whose loss has means over the steps played says which.
        """
        info = self.episode_loss(environment, seed)
        return PartLoss(info, tf.zeros([]), tf.ones([]))

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

    def part_gradients(
        self, environment: Environment, seed: tf.Tensor
    ) -> PartGradients:
        """Of the loss of a part of a batch; arguments and errors are as above.

        Only with those of the other parts they make an update.
        """
        self.check(environment)
        scale = self.optimizer.scale_loss  # Of float16 only.
        with tf.GradientTape(persistent=True) as tape:
            loss = self.part_loss(environment, seed)
            over_episodes = scale(loss.info.loss - loss.over_steps)
            over_steps = scale(loss.over_steps)
        return PartGradients(
            loss,
            _gradients(tape, over_episodes, self.variables),
            _gradients(tape, over_steps, self.variables_over_steps),
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
        return _gradients(tape, scaled, self.variables), info


def _gradients(
    tape: tf.GradientTape, loss: tf.Tensor, variables: Sequence[keras.Variable]
) -> Gradients:
    """What has no part in a loss, such as an unused baseline, rests."""
    return tape.gradient(
        loss,
        [variable.value for variable in variables],
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
