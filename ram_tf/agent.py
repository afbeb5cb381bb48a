"""REINFORCE with a baseline, and cross-entropy (paper, section 3.1)."""

import keras
import tensorflow as tf

from ram_tf import losses
from ram_tf.environments.environment import Environment
from ram_tf.environments.video import RecordedEpisode
from ram_tf.model import RecurrentAttentionModel
from ram_tf.noise import fixation_noise, sampling_noise
from ram_tf.policies import (
    CentreFixations,
    Policy,
    RandomFixations,
    ReplayPolicy,
    SamplingPolicy,
)
from ram_tf.types import LossInfo, Trajectory
from ram_tf.unroll import replay, unroll
from ram_tf.validation import (
    check_at_least,
    check_built,
    check_choice,
    check_labels,
    check_positive_int,
    check_shape,
)

BASELINES = ("learned", "leave_one_out")
FIXATIONS = ("learned", "random", "centre")


class ReinforceAgent:
    """Trains a RecurrentAttentionModel, in the vocabulary of TF-Agents.

    The hybrid loss is the cross-entropy of the answers, plus `policy_weight`
    times REINFORCE for locations and actions, plus `baseline_weight` times the
    squared error of the baseline where it is the learned one, minus
    `entropy_weight` times the entropy of the actions.

    Args:
        model: A built model.
        optimizer: A Keras optimizer; clipping and schedule are its business.
        rollouts: M, episodes an image, which the environment must have too.
        baseline: "learned", or "leave_one_out": the mean return of the other
            rollouts of the image.
        policy_weight: Weight of REINFORCE.
        location_weight: Weight of its locations beside its actions.
        baseline_weight: Weight of the baseline's squared error.
        reinforce_into_core: Whether REINFORCE of locations trains core and
            glimpse network as well as the location network; that of actions
            always does.
        baseline_into_core: Whether the baseline's error trains them, too.
        entropy_weight: Weight of the entropy of the actions.
        trace_decay: How far the learned baseline trusts rewards rather than
            itself: 1 credits the whole return to every step (paper, equation
            2); less is GAE's lambda, of less variance and some bias.
        fixations: "learned"; or, for controls, "random" (uniform) or "centre",
            where nothing is learned about where to look.

    Raises:
        ValueError: On unknown names, counts or weights out of range, or
            "leave_one_out" with a single rollout.
    """

    def __init__(
        self,
        model: RecurrentAttentionModel,
        optimizer: keras.optimizers.Optimizer,
        *,
        rollouts: int = 1,
        baseline: str = "learned",
        policy_weight: float = 1.0,
        location_weight: float = 1.0,
        baseline_weight: float = 1.0,
        reinforce_into_core: bool = True,
        baseline_into_core: bool = False,
        entropy_weight: float = 0.0,
        trace_decay: float = 1.0,
        fixations: str = "learned",
    ):
        check_positive_int("rollouts", rollouts)
        check_choice("baseline", baseline, BASELINES)
        check_at_least("policy_weight", policy_weight, 0)
        check_at_least("baseline_weight", baseline_weight, 0)
        check_at_least("location_weight", location_weight, 0)
        check_at_least("entropy_weight", entropy_weight, 0)
        if not 0 <= trace_decay <= 1 or (
            trace_decay < 1 and baseline != "learned"
        ):
            raise ValueError(
                "`trace_decay` must lie in [0, 1], and below 1 it needs "
                '`baseline="learned"`. Received: '
                f"trace_decay={trace_decay}, baseline={baseline!r}"
            )
        check_choice("fixations", fixations, FIXATIONS)
        if baseline == "leave_one_out" and rollouts < 2:
            raise ValueError(
                '`baseline="leave_one_out"` needs at least two rollouts an '
                f"image. Received: rollouts={rollouts}"
            )
        check_built(model)
        self.model = model
        self.optimizer = optimizer
        self.rollouts = rollouts
        self._baseline = baseline
        self._policy_weight = policy_weight
        self._baseline_weight = baseline_weight
        self._location_weight = location_weight
        self._entropy_weight = entropy_weight
        self._trace_decay = trace_decay
        self._fixations = fixations
        self._into_core = {
            "reinforce_into_core": reinforce_into_core,
            "baseline_into_core": baseline_into_core,
        }
        self._variables = model.trainable_variables
        optimizer.build(self._variables)

    @property
    def train_step_counter(self):
        """Updates made so far: the optimizer's `iterations`."""
        return self.optimizer.iterations

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The keys of LossInfo.extra."""
        names = ("return", "policy_gradient_loss", "baseline_loss")
        if self.model.cell.num_actions:
            names += ("entropy",)
        if self.model.cell.stop_policy:
            names += ("glimpses",)
        if self.model.num_classes is None:
            return names
        return (*names, "cross_entropy", "accuracy")

    @property
    def policy(self) -> Policy:
        """The deterministic policy."""
        return Policy(self.model.cell)

    def collect_policy(self, seed: tf.Tensor, environment: Environment):
        """The stochastic policy for one unroll of an environment.

        Args:
            seed: A stateless seed, [2] integers.
            environment: Gives the number of rows and steps.
        """
        cell, shape = self.model.cell, (environment.rows, environment.steps)
        noise = sampling_noise(seed, *shape, cell.num_actions)
        settings = {
            "gumbel": noise.gumbel,
            "logistic": noise.logistic,
            **self._into_core,
        }
        if self._fixations == "random":
            uniform = fixation_noise(seed, *shape)
            return RandomFixations(cell, uniform, **settings)
        if self._fixations == "centre":
            return CentreFixations(cell, **settings)
        return SamplingPolicy(cell, noise, **self._into_core)

    def loss(self, trajectory: Trajectory) -> LossInfo:
        """The hybrid loss of a trajectory, differentiable if it is."""
        valid = trajectory.valid
        return_t = losses.returns(trajectory.reward, valid)
        advantage, target = self._advantage(trajectory, return_t)
        acted = trajectory.action_log_prob
        looked = trajectory.log_prob - acted
        policy_gradient = losses.policy_gradient_loss(
            self._location_weight * looked + acted, advantage, valid
        )
        regression = losses.baseline_loss(trajectory.baseline, target, valid)
        loss = self._policy_weight * policy_gradient
        if self._baseline == "learned":
            # Else its gradient would only take up room under the clipping.
            loss += self._baseline_weight * regression
        extra = {
            "return": tf.reduce_mean(return_t[:, 0]),
            "policy_gradient_loss": policy_gradient,
            "baseline_loss": regression,
        }
        if self.model.cell.num_actions:
            loss += self._entropy_weight * losses.entropy_loss(
                trajectory.entropy, valid
            )
            extra["entropy"] = losses.mean_step(trajectory.entropy, valid)
        if self.model.cell.stop_policy:
            length = tf.cast(losses.length(valid), tf.float32)
            extra["glimpses"] = tf.reduce_mean(length)
        if trajectory.label is not None:
            extra["cross_entropy"] = losses.cross_entropy_loss(
                trajectory.logits,
                trajectory.label,
                trajectory.label_weight,
                valid,
            )
            extra["accuracy"] = losses.accuracy(
                trajectory.logits,
                trajectory.label,
                valid,
                trajectory.answer_due,
            )
            loss += extra["cross_entropy"]
        return LossInfo(loss, extra)

    def _advantage(self, trajectory, return_t):
        """Advantages [N, T], and what the baseline is to be, [N, T]."""
        if self._baseline == "leave_one_out":
            others = losses.leave_one_out(
                return_t, self.rollouts, trajectory.valid
            )
            return return_t - others, return_t
        baseline = trajectory.baseline
        if self._trace_decay == 1:
            return return_t - baseline, return_t
        advantage = losses.traced_advantage(
            trajectory.reward, baseline, trajectory.valid, self._trace_decay
        )
        return advantage, advantage + baseline

    def train(self, environment: Environment, seed: tf.Tensor) -> LossInfo:
        """Plays the environment once with sampled actions and makes a step.

        Args:
            environment: M rollouts of each of its images.
            seed: A stateless seed, [2] integers.
        """
        return self._update(self.collect_policy(seed, environment), environment)

    def train_on_recorded(
        self, environment: Environment, action: dict[str, tf.Tensor]
    ) -> LossInfo:
        """The same step on recorded actions, which are replayed.

        Args:
            environment: The episode, often a RecordedEpisode.
            action: Actions by name, each [N, T, ...].
        """
        check_shape(
            'action["location"]',
            action["location"],
            (environment.rows, environment.steps, 2),
        )
        policy = ReplayPolicy(
            self.model.cell,
            action,
            sampled_locations=self._fixations == "learned",
            **self._into_core,
        )
        # Frames that do not depend on the actions can be seen all at once.
        recorded = isinstance(environment, RecordedEpisode)
        return self._update(policy, environment, replay if recorded else unroll)

    def _update(
        self, policy: Policy, environment: Environment, play=unroll
    ) -> LossInfo:
        self._check(environment)
        variables = self._variables
        with tf.GradientTape() as tape:
            info = self.loss(play(policy, environment))
        # What has no part in this loss, such as an unused baseline, rests.
        gradients = tape.gradient(
            info.loss,
            [variable.value for variable in variables],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        self.optimizer.apply(gradients, variables)
        return info

    def _check(self, environment: Environment) -> None:
        if environment.rollouts != self.rollouts:
            raise ValueError(
                "The environment must have the agent's number of rollouts, "
                f"{self.rollouts}. Received: {environment.rollouts}"
            )
        classes = self.model.num_classes
        if (environment.label is None) != (classes is None):
            raise ValueError(
                "An environment has labels if the model has classes, and only "
                f"then. Received: {classes} classes, "
                f"{'no ' if environment.label is None else ''}labels"
            )
        if classes:
            check_labels(environment.label, classes)
