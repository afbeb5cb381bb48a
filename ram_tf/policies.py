"""Policies: they choose where a cell looks, let it look, and act on that.

All share one `action`; each says only how a location is chosen. Randomness is
given to them, so that whoever unrolls decides where it comes from.
"""

import tensorflow as tf

from ram_tf.cell import RAMCell
from ram_tf.noise import Noise
from ram_tf.types import PolicyStep, TimeStep


class Policy:
    """The deterministic policy: the mean location, the likeliest action.

    Args:
        cell: A built RAMCell.
        gumbel: Noise that actions are sampled with, [N, T, A]; None for the
            likeliest ones.
        logistic: Noise that stops are sampled with, [N, T]; None for the
            likelier of stopping and going on. Nothing is decided after the
            last of these T looks.
        reinforce_into_core: Whether the gradient of REINFORCE flows through
            the mean location into the core (the paper does not say). That of
            actions always does: nothing else trains a model that only acts.
        baseline_into_core: Whether the error of the baseline trains the core.
    """

    _samples_locations = False

    def __init__(
        self,
        cell: RAMCell,
        gumbel: tf.Tensor | None = None,
        logistic: tf.Tensor | None = None,
        reinforce_into_core: bool = True,
        baseline_into_core: bool = False,
    ):
        self.cell = cell
        self._gumbel = gumbel
        self._logistic = logistic
        self._into_core = reinforce_into_core
        self._baseline_into_core = baseline_into_core

    def get_initial_state(self, batch_size) -> list[tf.Tensor]:
        """The cell's state before the first glimpse."""
        return self.cell.get_initial_state(batch_size)

    def action(
        self, time_step: TimeStep, state: list[tf.Tensor], t: int = 0
    ) -> PolicyStep:
        """Looks at time_step's frame, then acts, as step t of the episode.

        Args:
            time_step: With an observation [B, H, W, C].
            state: The cell's state with N rows, the mean location last.
            t: Steps since the start of the episode.
        """
        location = tf.stop_gradient(self._choose(state[-1], t))
        features, core = self.cell.look(time_step.observation, location, state)
        action = {"location": location}
        if self.cell.action_policy:
            action["action"] = self._act(self.cell.action_policy(features), t)
        if self.cell.stop_policy:
            action["stop"] = self._stop(self.cell.stop_logit(features), t)
        both = tf.stack([state[0], features], axis=1)
        one = {name: value[:, None] for name, value in action.items()}
        return PolicyStep(
            action=action,
            state=[*core, self.cell.location_policy(features)],
            log_prob=self.log_prob(both, one, start=t)[:, 0],
            features=features,
        )

    def log_prob(
        self, features: tf.Tensor, action: dict[str, tf.Tensor], start: int = 0
    ) -> tf.Tensor:
        """Log-probabilities of what was sampled in consecutive steps.

        Here, and nowhere else, the gradient of REINFORCE enters the networks.

        Args:
            features: The core's, before each step and after the last,
                [N, T + 1, D]: a location is chosen from those before its step,
                an action from those after the look.
            action: What was done then: "location" [N, T, 2], "action" [N, T],
                "stop" [N, T].
            start: The first of these steps.

        Returns:
            [N, T]; 0 where nothing was sampled.
        """
        return self.location_log_prob(
            features[:, :-1], action, start
        ) + self.action_log_prob(features[:, 1:], action, start)

    def location_log_prob(
        self, features: tf.Tensor, action: dict[str, tf.Tensor], start: int = 0
    ) -> tf.Tensor:
        """The part of the locations, from features before each step."""
        if not self._samples_locations:
            return tf.zeros_like(features[..., 0])
        if not self._into_core:
            features = tf.stop_gradient(features)
        head = self.cell.location_policy
        density = head.distribution(head(features)).log_prob(action["location"])
        if self.cell.first_fixation == "learned":
            return density
        steps = start + tf.range(tf.shape(features)[1])
        return tf.where(steps > 0, density, 0.0)

    def action_log_prob(
        self, features: tf.Tensor, action: dict[str, tf.Tensor], start: int = 0
    ) -> tf.Tensor:
        """The part of what was done, from features after each look."""
        total = tf.zeros_like(features[..., 0])
        if self._samples_actions:
            head = self.cell.action_policy
            chosen = head.distribution(head(features))
            total += chosen.log_prob(action["action"])
        if self._last_step is not None:
            logit = self.cell.stop_logit(features)
            chosen = self.cell.stop_policy.distribution(logit)
            # After the last look there is nothing to decide.
            free = start + tf.range(tf.shape(features)[1]) < self._last_step
            total += tf.where(free, chosen.log_prob(action["stop"]), 0.0)
        return total

    def baseline(self, features: tf.Tensor) -> tf.Tensor:
        """The return expected from features before a step, [N, T, D]."""
        return self.cell.baseline(features, into_core=self._baseline_into_core)

    def entropy(self, features: tf.Tensor) -> tf.Tensor:
        """Of the action's distribution, from features after the look.

        Args:
            features: [N, T, D].

        Returns:
            Nats [N, T]; 0 where nothing is done beside looking.
        """
        head = self.cell.action_policy
        if not head:
            return tf.zeros_like(features[..., 0])
        return head.distribution(head(features)).entropy()

    @property
    def _samples_actions(self) -> bool:
        return self._gumbel is not None and self.cell.action_policy is not None

    @property
    def _last_step(self) -> int | None:
        """The step after which stops are no longer sampled, if they are."""
        if self._logistic is None or not self.cell.stop_policy:
            return None
        return self._logistic.shape[1] - 1

    def _choose(self, mean: tf.Tensor, t: int) -> tf.Tensor:
        del t
        return self.cell.location_policy.mode(mean)

    def _act(self, logits: tf.Tensor, t: int) -> tf.Tensor:
        head = self.cell.action_policy
        if self._gumbel is None:
            return head.mode(logits)
        return head.sample(logits, self._gumbel[:, t])

    def _stop(self, logit: tf.Tensor, t: int) -> tf.Tensor:
        head = self.cell.stop_policy
        if self._logistic is None:
            return head.mode(logit)
        return head.sample(logit, self._logistic[:, t])


class SamplingPolicy(Policy):
    """Samples locations around the mean, and actions, from given noise.

    Args:
        noise: For as many rows and steps as are played.
    """

    _samples_locations = True

    def __init__(self, cell: RAMCell, noise: Noise, **kwargs):
        super().__init__(cell, noise.gumbel, noise.logistic, **kwargs)
        self._noise = noise

    def _choose(self, mean, t):
        head, first = self.cell.location_policy, self.cell.first_fixation
        if t == 0 and first == "random":
            return head.location_range * self._noise.first
        if t == 0 and first == "centre":
            return mean
        return head.sample(mean, self._noise.normal[:, t])


class ReplayPolicy(Policy):
    """Repeats recorded actions, for training on a recorded trajectory.

    Args:
        action: Actions by name, "location" [N, T, 2] and, where the model
            acts, "action" [N, T] int32; where it stops, "stop" [N, T] bool.
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
    def _samples_actions(self):
        return self.cell.action_policy is not None

    def _choose(self, mean, t):
        return self.recorded["location"][:, t]

    def _act(self, logits, t):
        return self.recorded["action"][:, t]

    @property
    def _last_step(self):
        if not self.cell.stop_policy:
            return None
        return self.recorded["stop"].shape[1] - 1

    def _stop(self, logit, t):
        return self.recorded["stop"][:, t]


class RandomFixations(Policy):
    """A control: fixations uniform over the range of the mean.

    Args:
        uniform: In (-1, 1), [N, T, 2].
    """

    def __init__(self, cell: RAMCell, uniform: tf.Tensor, **kwargs):
        super().__init__(cell, **kwargs)
        self._uniform = uniform

    def _choose(self, mean, t):
        return self.cell.location_policy.location_range * self._uniform[:, t]


class CentreFixations(Policy):
    """A control: every fixation at the centre."""

    def _choose(self, mean, t):
        return tf.zeros_like(mean)
