"""Policies: they choose where a cell looks, and let it look.

All share one `action`; each says only how a location is chosen. Randomness is
given to them, so that whoever unrolls decides where it comes from.
"""

from typing import NamedTuple

import tensorflow as tf

from ram_tf.cell import RAMCell
from ram_tf.types import PolicyStep, TimeStep


class Policy:
    """The deterministic policy: it looks at the mean location.

    Args:
        cell: A built RAMCell.
        reinforce_into_core: Whether the gradient of REINFORCE flows through
            the mean location into the core (the paper does not say).
    """

    _sampled = False

    def __init__(self, cell: RAMCell, reinforce_into_core: bool = True):
        self.cell = cell
        self._into_core = reinforce_into_core

    def get_initial_state(self, batch_size) -> list[tf.Tensor]:
        """The cell's state before the first glimpse."""
        return self.cell.get_initial_state(batch_size)

    def action(
        self, time_step: TimeStep, state: list[tf.Tensor], t: int = 0
    ) -> PolicyStep:
        """Looks at time_step's frame, as step t of the episode.

        Args:
            time_step: With an observation [B, H, W, C].
            state: The cell's state with N rows, the mean location last.
            t: Steps since the start of the episode.
        """
        location = tf.stop_gradient(self._choose(state[-1], t))
        features, core = self.cell.look(time_step.observation, location, state)
        one = {"location": location[:, None]}
        return PolicyStep(
            action={"location": location},
            state=[*core, self.cell.location_policy(features)],
            log_prob=self.log_prob(state[0][:, None], one, start=t)[:, 0],
            features=features,
        )

    def log_prob(
        self, features: tf.Tensor, action: dict[str, tf.Tensor], start: int = 0
    ) -> tf.Tensor:
        """Log-probabilities of the actions of consecutive steps.

        Here, and nowhere else, the gradient of REINFORCE enters the networks.

        Args:
            features: The core's, before each step, [N, T, D].
            action: What was done then, "location" [N, T, 2].
            start: The first of these steps.

        Returns:
            [N, T]; 0 where nothing was sampled.
        """
        if not self._sampled:
            return tf.zeros_like(features[..., 0])
        if not self._into_core:
            features = tf.stop_gradient(features)
        head = self.cell.location_policy
        density = head.distribution(head(features)).log_prob(action["location"])
        if self.cell.first_fixation == "learned":
            return density
        steps = start + tf.range(tf.shape(features)[1])
        return tf.where(steps > 0, density, 0.0)

    def _choose(self, mean: tf.Tensor, t: int) -> tf.Tensor:
        del t
        return self.cell.location_policy.mode(mean)


class Noise(NamedTuple):
    """What a sampling policy consumes.

    Attributes:
        normal: Standard normal, [N, T, 2].
        first: For a random first fixation, uniform in (-1, 1), [N, 2].
    """

    normal: tf.Tensor
    first: tf.Tensor


def sampling_noise(seed: tf.Tensor, rows, steps: int) -> Noise:
    """Noise for N rows and T steps from a stateless seed [2]."""
    seeds = tf.random.experimental.stateless_split(seed, 2, alg="philox")
    uniform = uniform_noise(seeds[0], [rows, steps, 2])
    return Noise(
        tf.math.ndtri((uniform + 1.0) / 2.0),
        uniform_noise(seeds[1], [rows, 2]),
    )


def uniform_noise(seed: tf.Tensor, shape) -> tf.Tensor:
    """Uniform in (-1, 1) from a stateless seed [2]."""
    # From whole numbers, because only these are the same in eager mode and
    # under XLA; TensorFlow's own floats are not.
    bits = tf.random.stateless_uniform(
        shape, seed, None, None, tf.int32, alg="philox"
    )
    # The highest 23 bits, which float32 holds exactly, set off by a half.
    numbers = tf.cast(tf.bitwise.right_shift(bits, 9), tf.float32)
    return (numbers + 0.5) * 2.0**-22


class SamplingPolicy(Policy):
    """Samples around the mean, from given noise.

    Args:
        noise: For as many rows and steps as are played.
    """

    _sampled = True

    def __init__(self, cell: RAMCell, noise: Noise, **kwargs):
        super().__init__(cell, **kwargs)
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
        action: Actions by name, "location" [N, T, 2].
    """

    _sampled = True

    def __init__(self, cell: RAMCell, action: dict[str, tf.Tensor], **kwargs):
        super().__init__(cell, **kwargs)
        self._location = action["location"]

    def _choose(self, mean, t):
        return self._location[:, t]


class RandomFixations(Policy):
    """A control: fixations uniform over the range of the mean.

    Args:
        uniform: In (-1, 1), [N, T, 2].
    """

    def __init__(self, cell: RAMCell, uniform: tf.Tensor):
        super().__init__(cell)
        self._uniform = uniform

    def _choose(self, mean, t):
        return self.cell.location_policy.location_range * self._uniform[:, t]


class CentreFixations(Policy):
    """A control: every fixation at the centre."""

    def _choose(self, mean, t):
        return tf.zeros_like(mean)
