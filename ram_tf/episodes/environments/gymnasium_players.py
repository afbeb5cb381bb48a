"""Players of Gymnasium environments: a policy of a model, and chance."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from ram_tf.episodes.environments.gymnasium_episodes import Player
from ram_tf.episodes.policies import Policy
from ram_tf.types import TimeStep


class _Shape(NamedTuple):
    """Of what a policy is made for, as it is of an environment."""

    rows: int
    steps: int


class PolicyPlayer:
    """Looks and acts by a policy: all rows, one frame, one compiled call.

    What it remembers is the policy's state.

    Args:
        make_policy: Makes it of a stateless seed [2] and of what has `rows` and
            `steps`, as `ReinforceAgent.collect_policy` does.
    """

    def __init__(self, make_policy: Callable[[tf.Tensor, Any], Policy]):
        self._make_policy = make_policy
        self._step = tf.function(
            self._look_and_act, jit_compile=True, autograph=False
        )

    def __call__(self, frames, memory, seed, t):
        step = tf.constant(t)  # An int would be compiled in.
        return self._step(tf.constant(frames), memory, tf.constant(seed), step)

    def _look_and_act(self, frames, state, seed, t):
        seed = tf.random.experimental.stateless_fold_in(seed, t, alg="philox")
        # To a policy a step is the first, which may look elsewhere, or not:
        # noise for two is enough.
        rows = frames.shape[0]
        policy = self._make_policy(seed, _Shape(rows, steps=2))
        first = state is None
        if first:
            state = policy.get_initial_state(rows)
        seen = TimeStep(frames, tf.zeros([rows]), tf.fill([rows], False))
        step = policy.action(seen, state, 0 if first else 1)
        return step.action, step.state


def random_player(num_actions: int) -> Player:
    """Does anything, each of A actions as often."""

    def play(frames, memory, seed, t):
        random = np.random.default_rng([*seed, t])
        return {"action": random.integers(num_actions, size=len(frames))}, None

    return play
