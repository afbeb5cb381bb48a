"""Policies: they choose where a cell looks, let it look, and act on that.

All share one `action`; each says only how a location is chosen. Randomness is
given to them, so that whoever unrolls decides where it comes from.
"""

from collections.abc import Mapping
from typing import cast

import tensorflow as tf

from ram_tf.layers.cell import RAMCell
from ram_tf.noise import Noise
from ram_tf.types import (
    Glimpse,
    Looks,
    PolicyState,
    PolicyStep,
    TimeStep,
)


class Policy:
    """The deterministic policy: the likeliest location, the likeliest action.

    Args:
        cell: A built RAMCell.
        noise: By keys of the cell's heads, noise [N, T, ...] that their
            decisions are sampled with; without it, or for others, the likeliest
            is done. Episodes have these T looks.
        reinforce_into_core: Whether the gradient of REINFORCE flows through
            the choice of locations into the core (the paper does not say). That
            of actions always does: nothing else trains a model that only acts.
        baseline_into_core: Whether the error of the baseline trains the core.
    """

    _samples_locations = False

    def __init__(
        self,
        cell: RAMCell,
        noise: Mapping[str, tf.Tensor] | None = None,
        reinforce_into_core: bool = True,
        baseline_into_core: bool = False,
    ):
        self.cell = cell
        self._head_noise = dict(noise or {})
        self._into_core = reinforce_into_core
        self._baseline_into_core = baseline_into_core

    def get_initial_state(self, batch_size) -> PolicyState:
        """What is known before the first glimpse."""
        return self.cell.get_initial_policy_state(batch_size)

    def action(
        self, time_step: TimeStep, state: PolicyState, t: int = 0
    ) -> PolicyStep:
        """Looks at time_step's frame, then acts, as step t of the episode.

        Args:
            time_step: With an observation [B, H, W, C].
            state: What was known before, of N rows.
            t: Steps since the start of the episode.
        """
        cell = self.cell
        choice, location = self._choose(state, t)
        location = tf.stop_gradient(location)
        features, after = cell.look(time_step.observation, location, state.cell)
        action = {"location": location}
        if cell.location_policy.choice_spec is not None:
            action["choice"] = choice
        for key in self._acting:
            action[key] = self._decide(key, cell.parameters(key, features), t)
        log_prob = self._step_log_prob(state, features, action, t)
        return PolicyStep(action, after, tf.stop_gradient(log_prob), features)

    def log_prob(self, looks: Looks, action: dict[str, tf.Tensor]) -> tf.Tensor:
        """Log-probabilities of what was sampled in whole episodes.

        Here, and nowhere else, the gradient of REINFORCE enters the networks.

        Args:
            looks: What was known: a location is chosen from what was before its
                step, an action from features after the look.
            action: What was done then, [N, T, ...] by name.

        Returns:
            [N, T]; 0 where nothing was sampled.
        """
        return self.location_log_prob(looks, action) + self.action_log_prob(
            looks.features[:, 1:], action
        )

    def location_log_prob(
        self, looks: Looks, action: dict[str, tf.Tensor]
    ) -> tf.Tensor:
        """The log-probability of the locations alone, [N, T]."""
        looks = self._before_choices(looks)
        policy, features = self.cell.location_policy, looks.features
        if not self._samples_locations:
            return tf.zeros_like(features[..., 0])
        if policy.reads_glimpse:
            return self._read_log_prob(looks, self._chosen(action))
        density = policy.log_prob(policy(features), self._chosen(action))
        if self.cell.first_fixation == "learned":
            return density
        steps = tf.range(tf.shape(features)[1])
        return tf.where(steps > 0, density, 0.0)

    def target_log_prob(self, looks: Looks, target: tf.Tensor) -> tf.Tensor:
        """The log-probability of looking at targets, all steps in one.

        Args:
            looks: What was known, [N, T, ...].
            target: As `Environment.target`, [N, 3].

        Returns:
            [N, T]; 0 for the first fixation.
        """
        looks = self._before_choices(looks)
        steps = looks.features.shape[1]
        if steps == 1:
            return tf.zeros_like(looks.features[..., 0])
        found = self.cell.location_policy.target_log_prob(
            self._parameters(looks),
            self._before_each(looks),
            tf.repeat(target, steps - 1, axis=0),
        )
        return _from_the_second(found, steps)

    def action_log_prob(
        self, features: tf.Tensor, action: dict[str, tf.Tensor]
    ) -> tf.Tensor:
        """The part of what was done, from features [N, T, D] after looks."""
        total = tf.zeros_like(features[..., 0])
        for key, head in self._sampled_heads.items():
            chosen = head.distribution(self.cell.parameters(key, features))
            log_prob = chosen.log_prob(action[key])
            decides = head.decides(features.shape[1])
            if not decides.all():
                log_prob = tf.where(decides, log_prob, 0.0)
            total += log_prob
        return total

    def baseline(self, features: tf.Tensor) -> tf.Tensor:
        """The return expected from features before a step, [N, T, D]."""
        return self.cell.baseline(features, into_core=self._baseline_into_core)

    def entropy(self, features: tf.Tensor) -> tf.Tensor:
        """Of the decisions that explore, from features after the look.

        Args:
            features: [N, T, D].

        Returns:
            Nats [N, T]; 0 where nothing is done beside looking.
        """
        total = tf.zeros_like(features[..., 0])
        for key, head in self.cell.heads.items():
            if head.explores:
                decision = head.distribution(
                    self.cell.parameters(key, features)
                )
                total += decision.entropy()
        return total

    @property
    def _acting(self) -> list[str]:
        return [key for key, head in self.cell.heads.items() if head.acts]

    @property
    def _sampled_heads(self):
        """The heads whose decisions are sampled, by key."""
        return {
            key: self.cell.heads[key]
            for key in self._acting
            if key in self._head_noise
        }

    def _chosen(self, action):
        """What the policy over locations chose."""
        return action.get("choice", action["location"])

    def _choose(self, state: PolicyState, t: int):
        """The choice and the location [N, 2] of step t; here, the likeliest."""
        del t
        location = state.cell[-1]
        if state.parameters is None:
            return self._no_choice(location), location
        return self.cell.location_policy.mode(state.parameters), location

    def _no_choice(self, location: tf.Tensor):
        """What stands where nothing was chosen, for as many rows."""
        choice = self.cell.location_policy.choice_spec
        if choice is None:
            return location
        shape = [tf.shape(location)[0], *choice.shape]
        return tf.zeros(shape, choice.dtype)

    def _decide(self, key: str, parameters: tf.Tensor, t: int) -> tf.Tensor:
        head = self.cell.heads[key]
        if key not in self._head_noise:
            return head.mode(parameters)
        return head.sample(parameters, self._head_noise[key][:, t])

    def _step_log_prob(self, state, features, action, t: int) -> tf.Tensor:
        """The log-probability of what was decided at one step, [N]."""
        total = tf.zeros_like(features[..., 0])
        if self._samples_locations and state.parameters is not None:
            total += self.cell.location_policy.log_prob(
                state.parameters, self._chosen(action)
            )
        for key, head in self._sampled_heads.items():
            if head.decides(self._steps(key))[t]:
                chosen = head.distribution(self.cell.parameters(key, features))
                total += chosen.log_prob(action[key])
        return total

    def _steps(self, key: str) -> int:
        """T, of the decisions of a head."""
        return self._head_noise[key].shape[1]

    def _before_choices(self, looks: Looks) -> Looks:
        """With the features that locations are chosen from, [N, T, D]."""
        looks = looks._replace(features=looks.features[:, :-1])
        if self._into_core:
            return looks
        # Parameters that are kept have the gradient into the core.
        features = tf.stop_gradient(looks.features)
        return looks._replace(features=features, parameters=None)

    def _read_log_prob(self, looks: Looks, choice: tf.Tensor) -> tf.Tensor:
        """Of choices from glimpses, all steps in one; none is the first."""
        steps = choice.shape[1]
        if steps == 1:
            return tf.zeros_like(looks.features[..., 0])
        log_prob = self.cell.location_policy.log_prob(
            self._parameters(looks), _rows(choice[:, 1:])
        )
        return _from_the_second(log_prob, steps)

    def _parameters(self, looks: Looks) -> tf.Tensor:
        """Of all choices from glimpses, [N * (T - 1), P]."""
        if looks.parameters is not None:
            return _rows(looks.parameters)
        return self.cell.location_policy(
            _rows(looks.features[:, 1:]),
            self._before_each(looks),
            tuple(_rows(values[:, :-1]) for values in looks.memory),
        )

    def _before_each(self, looks: Looks) -> Glimpse:
        """The glimpses that locations were chosen from, [N * (T - 1), ...]."""
        return cast(Glimpse, looks.glimpse).map(
            lambda values: _rows(values[:, :-1])
        )


class SamplingPolicy(Policy):
    """Samples locations, and actions, from given noise.

    Args:
        noise: For as many rows and steps as are played.
    """

    _samples_locations = True

    def __init__(self, cell: RAMCell, noise: Noise, **kwargs):
        super().__init__(cell, noise.heads, **kwargs)
        self._noise = noise

    def _choose(self, state, t):
        policy, first = self.cell.location_policy, self.cell.first_fixation
        if t == 0 and first == "random":
            location = policy.anywhere(self._noise.first)
            return self._no_choice(location), location
        if t == 0 and first == "centre":
            return super()._choose(state, t)
        choice = policy.sample(state.parameters, self._noise.location[:, t])
        return choice, policy.locate(choice, state.glimpse)


class ReplayPolicy(Policy):
    """Repeats recorded actions, for training on a recorded trajectory.

    Args:
        action: Actions by name, "location" [N, T, 2] and, where the policy over
            locations chooses something else, "choice" [N, T, ...]; where the
            model acts, "action" [N, T] int32; where it stops, "stop" [N, T]
            bool.
        sampled_locations: Whether the locations were the model's own choice.
    """

    def __init__(
        self,
        cell: RAMCell,
        action: dict[str, tf.Tensor],
        sampled_locations: bool = True,
        **kwargs,
    ):
        super().__init__(cell, **kwargs)
        self.recorded = action
        self._samples_locations = sampled_locations

    @property
    def _sampled_heads(self):
        return {key: self.cell.heads[key] for key in self._acting}

    def _steps(self, key):
        return self.recorded[key].shape[1]

    def _choose(self, state, t):
        location = self.recorded["location"][:, t]
        return self._chosen(self.recorded)[:, t], location

    def _decide(self, key, parameters, t):
        return self.recorded[key][:, t]


class RandomFixations(Policy):
    """A control: fixations uniform over the reach of the policy.

    Args:
        uniform: In (-1, 1), [N, T, 2].
    """

    def __init__(self, cell: RAMCell, uniform: tf.Tensor, **kwargs):
        super().__init__(cell, **kwargs)
        self._uniform = uniform

    def _choose(self, state, t):
        location = self.cell.location_policy.anywhere(self._uniform[:, t])
        return self._no_choice(location), location


class RandomChoices(Policy):
    """A control: of what the policy chooses from, anything.

    Args:
        cell: Its policy over locations chooses something else than a location.
        noise: Of that policy, [N, T, ...].
    """

    def __init__(self, cell: RAMCell, noise: tf.Tensor, **kwargs):
        super().__init__(cell, **kwargs)
        self._uniform = noise

    def _choose(self, state, t):
        if state.parameters is None:
            return super()._choose(state, t)
        policy = self.cell.location_policy
        parameters = policy.indifferent(state.parameters)
        choice = policy.sample(parameters, self._uniform[:, t])
        return choice, policy.locate(choice, state.glimpse)


class CentreFixations(Policy):
    """A control: every fixation at the centre."""

    def _choose(self, state, t):
        location = tf.zeros_like(state.cell[-1])
        return self._no_choice(location), location


def _rows(values: tf.Tensor) -> tf.Tensor:
    """[N, T, ...] as [N * T, ...]."""
    return tf.reshape(values, [-1, *values.shape[2:]])


def _from_the_second(values: tf.Tensor, steps: int) -> tf.Tensor:
    """Values of all steps but the first, [N * (T - 1)], as [N, T]; it has 0."""
    return tf.pad(tf.reshape(values, [-1, steps - 1]), [[0, 0], [1, 0]])
