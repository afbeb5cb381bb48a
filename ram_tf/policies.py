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
        mean = state[-1]
        location = tf.stop_gradient(self._choose(mean, t))
        features, core = self.cell.look(time_step.observation, location, state)
        emitting = features if self._into_core else tf.stop_gradient(features)
        return PolicyStep(
            action={"location": location},
            state=[*core, self.cell.location_policy(emitting)],
            log_prob=self._log_prob(mean, location, t),
            features=features,
        )

    def _choose(self, mean: tf.Tensor, t: int) -> tf.Tensor:
        del t
        return self.cell.location_policy.mode(mean)

    def _log_prob(self, mean, location, t):
        learned = t > 0 or self.cell.first_fixation == "learned"
        if not (self._sampled and learned):
            return tf.zeros_like(mean[:, 0])
        distribution = self.cell.location_policy.distribution(mean)
        return distribution.log_prob(location)


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
