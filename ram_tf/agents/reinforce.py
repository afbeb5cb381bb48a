"""REINFORCE with a baseline, and cross-entropy (paper, section 3.1)."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from ram_tf import losses
from ram_tf.agents.update import Agent, PartLoss
from ram_tf.episodes.environments.environment import Environment
from ram_tf.episodes.environments.video import RecordedEpisode
from ram_tf.episodes.policies import (
    CentreFixations,
    Policy,
    RandomFixations,
    ReplayPolicy,
    SamplingPolicy,
)
from ram_tf.episodes.unroll import replay, unroll
from ram_tf.errors import UserError
from ram_tf.layers.head import Head
from ram_tf.noise import fixation_noise
from ram_tf.types import LossInfo, Trajectory
from ram_tf.validation import (
    check_at_least,
    check_choice,
    check_labels,
    check_positive_int,
    check_shape,
)

BASELINES = ("learned", "leave_one_out")
FIXATIONS = ("learned", "random", "centre")


class ReinforceAgent(Agent):
    """Trains a RecurrentAttentionModel, in the vocabulary of TF-Agents.

    The hybrid loss is the cross-entropy of the answers, plus `policy_weight`
    times REINFORCE for locations and actions, plus `baseline_weight` times the
    squared error of the baseline where it is the learned one, plus
    `teaching_weight` times the cross-entropy to the mean answer of the
    rollouts, plus `guidance_weight` times the cross-entropy of where to look to
    where the environment's targets are, minus `entropy_weight` times the
    entropy of the actions.

    Args:
        model: A built RecurrentAttentionModel.
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
        teaching_weight: Weight of the cross-entropy of the answers to the mean
            answer of all rollouts of the image (`losses.teaching_loss`).
        guidance_weight: Weight of `losses.guidance_loss`, for episodes that
            tell where there is something to see.
        entropy_weight: Weight of the entropy of the actions.
        trace_decay: How far the learned baseline trusts rewards rather than
            itself: 1 credits the whole return to every step (paper, equation
            2); less is GAE's lambda, of less variance and some bias.
        fixations: "learned"; or, for controls, "random" (uniform) or "centre",
            where nothing is learned about where to look.

    Raises:
        UserError: On unknown names, counts or weights out of range,
            "leave_one_out" or teaching with a single rollout, teaching of a
            model that does not answer, or guidance of a policy over locations
            that cannot be guided.
    """

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        *,
        rollouts: int = 1,
        baseline: str = "learned",
        policy_weight: float = 1.0,
        location_weight: float = 1.0,
        baseline_weight: float = 1.0,
        reinforce_into_core: bool = True,
        baseline_into_core: bool = False,
        teaching_weight: float = 0.0,
        guidance_weight: float = 0.0,
        entropy_weight: float = 0.0,
        trace_decay: float = 1.0,
        fixations: str = "learned",
    ):
        check_positive_int("rollouts", rollouts)
        check_choice("baseline", baseline, BASELINES)
        check_at_least("policy_weight", policy_weight, 0)
        check_at_least("baseline_weight", baseline_weight, 0)
        check_at_least("location_weight", location_weight, 0)
        check_at_least("teaching_weight", teaching_weight, 0)
        check_at_least("guidance_weight", guidance_weight, 0)
        check_at_least("entropy_weight", entropy_weight, 0)
        if not 0 <= trace_decay <= 1 or (
            trace_decay < 1 and baseline != "learned"
        ):
            raise UserError(
                "`trace_decay` must lie in [0, 1], and below 1 it needs "
                '`baseline="learned"`. Received: '
                f"trace_decay={trace_decay}, baseline={baseline!r}"
            )
        check_choice("fixations", fixations, FIXATIONS)
        if baseline == "leave_one_out" and rollouts < 2:
            raise UserError(
                '`baseline="leave_one_out"` needs at least two rollouts an '
                f"image. Received: rollouts={rollouts}"
            )
        if teaching_weight and (rollouts < 2 or not model.num_classes):
            raise UserError(
                "`teaching_weight` needs at least two rollouts an image, and a "
                f"model that answers. Received: teaching_weight="
                f"{teaching_weight}, rollouts={rollouts}, "
                f"num_classes={model.num_classes}"
            )
        if guidance_weight and not model.cell.location_policy.can_be_guided:
            raise UserError(
                "`guidance_weight` needs a policy that chooses among cells. "
                f"Received: guidance_weight={guidance_weight}, "
                f"location_policy={model.location_policy!r}"
            )
        super().__init__(model, optimizer)
        self.rollouts = rollouts
        self._baseline = baseline
        self._policy_weight = policy_weight
        self._baseline_weight = baseline_weight
        self._location_weight = location_weight
        self._teaching_weight = teaching_weight
        self._guidance_weight = guidance_weight
        self._entropy_weight = entropy_weight
        self._trace_decay = trace_decay
        self._fixations = fixations
        self._into_core = {
            "reinforce_into_core": reinforce_into_core,
            "baseline_into_core": baseline_into_core,
        }

    @property
    def train_step_counter(self):
        """Updates made so far: the optimizer's `iterations`."""
        return self.optimizer.iterations

    @property
    def metric_names(  # type: ignore[override]  # It is never assigned.
        self,
    ) -> tuple[str, ...]:
        """The keys of LossInfo.extra."""
        own = ["return", "policy_gradient_loss", "baseline_loss"]
        if self._guidance_weight:
            own.append("guidance_loss")
        heads = [name for head in self._heads for name in head.metric_names]
        return *own, *heads

    @property
    def metrics_over_steps(  # type: ignore[override]  # It is never assigned.
        self,
    ) -> tuple[str, ...]:
        """Those of `metric_names` that are means over the steps played."""
        return "baseline_loss", *(
            name for head in self._heads for name in head.metrics_over_steps
        )

    @property
    def variables_over_steps(  # type: ignore[override]  # It is never assigned.
        self,
    ) -> Sequence[keras.Variable]:
        """What the error of the baseline trains, where it is in the loss."""
        if self._baseline != "learned":
            return []
        if self._into_core["baseline_into_core"]:
            return self.variables
        return self.model.cell.baseline.trainable_variables

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
        cell, rows = self.model.cell, environment.rows
        steps = environment.steps
        noise = self.share.drawn(lambda n: cell.noise(seed, n, steps), rows)
        settings = {"noise": noise.heads, **self._into_core}
        if self._fixations == "random":
            uniform = self.share.drawn(
                lambda n: fixation_noise(seed, n, steps), rows
            )
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
        if any(head.explores for head in self._heads):
            loss += self._entropy_weight * losses.entropy_loss(
                trajectory.entropy, valid
            )
        for head in self._heads:
            extra |= head.measure(trajectory)
        if trajectory.label is not None:
            loss += extra["cross_entropy"]
        if self._teaching_weight:
            loss += self._teaching_weight * losses.teaching_loss(
                trajectory.logits,
                self.rollouts,
                trajectory.label_weight,
                valid,
            )
        if self._guidance_weight:
            extra["guidance_loss"] = losses.guidance_loss(
                trajectory.target_log_prob, valid
            )
            loss += self._guidance_weight * extra["guidance_loss"]
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

    def episode_loss(self, environment, seed):
        """That of episodes with sampled actions."""
        return self.loss(self._sampled(environment, seed))

    def part_loss(self, environment, seed):
        """The error of the baseline is a mean over the steps played."""
        trajectory = self._sampled(environment, seed)
        info = self.loss(trajectory)
        over_steps = tf.zeros([])
        if self._baseline == "learned":
            over_steps = self._baseline_weight * info.extra["baseline_loss"]
        return PartLoss(info, over_steps, tf.reduce_sum(trajectory.valid))

    def _sampled(self, environment, seed) -> Trajectory:
        policy = self.collect_policy(seed, environment)
        return unroll(policy, environment)

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
        learned = self._fixations == "learned"
        choice = self.model.cell.location_policy.choice_spec
        if learned and choice is not None:
            check_shape(
                'action["choice"]',
                action.get("choice", ()),
                (environment.rows, environment.steps, *choice.shape),
            )
        policy = ReplayPolicy(
            self.model.cell,
            action,
            sampled_locations=learned,
            **self._into_core,
        )

        def play():
            # Frames that do not depend on the actions can be seen all at once.
            if isinstance(environment, RecordedEpisode):
                return replay(policy, environment)
            return unroll(policy, environment)

        self.check(environment)
        gradients, info = self._differentiated(lambda: self.loss(play()))
        self.update(gradients)
        return info

    @property
    def _heads(self) -> list[Head]:
        """The heads of the model, those that act first."""
        heads = self.model.cell.heads.values()
        return sorted(heads, key=lambda head: not head.acts)

    def check(self, environment):
        if environment.rollouts != self.rollouts:
            raise UserError(
                "The environment must have the agent's number of rollouts, "
                f"{self.rollouts}. Received: {environment.rollouts}"
            )
        if self._guidance_weight and environment.target is None:
            raise UserError(
                "`guidance_weight` needs an environment with targets. "
                f"Received: guidance_weight={self._guidance_weight}, "
                "target=None"
            )
        classes = self.model.num_classes
        if (environment.label is None) != (classes is None):
            raise UserError(
                "An environment has labels if the model has classes, and only "
                f"then. Received: {classes} classes, "
                f"{'no ' if environment.label is None else ''}labels"
            )
        if classes:
            check_labels(environment.label, classes)
