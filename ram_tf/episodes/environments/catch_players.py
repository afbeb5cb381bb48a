"""Players that are told the game, to compare what is learned with.

Each takes the environment, its state and a stateless seed [2], and returns the
actions [N] int32 of all rows.
"""

from collections.abc import Callable

import tensorflow as tf

from ram_tf.episodes.environments.catch import Catch, CatchState

Player = Callable[[Catch, CatchState, tf.Tensor], tf.Tensor]


def full_information(environment: Catch, state: CatchState, seed) -> tf.Tensor:
    """Goes to where the ball will land."""
    del seed
    return _towards(environment, state, environment.steps)


def chase(environment: Catch, state: CatchState, seed) -> tf.Tensor:
    """Goes to where the ball is; a step behind, it misses fast ones."""
    del seed
    return _towards(environment, state, state.t)


def at_random(environment: Catch, state: CatchState, seed) -> tf.Tensor:
    """Moves at random."""
    del state
    actions = environment.num_actions
    return tf.random.stateless_uniform(
        [environment.rows], seed, 0, actions, tf.int32, alg="philox"
    )


PLAYERS: dict[str, Player] = {
    "full_information": full_information,
    "chase": chase,
    "random": at_random,
}


def caught(environment: Catch, player: Player, seed: tf.Tensor) -> tf.Tensor:
    """Lets a player play; 1 for each ball that is caught, [N] float32."""
    state, time_step = environment.reset()
    for t in range(environment.steps):
        folded = tf.random.experimental.stateless_fold_in(seed, t, alg="philox")
        action = player(environment, state, folded)
        state, time_step = environment.step(state, {"action": action})
    return time_step.reward


def _towards(environment: Catch, state: CatchState, t: int) -> tf.Tensor:
    """Moves the paddle's left cell towards the ball's column at t."""
    return 1 + tf.sign(environment.ball_column(t) - state.paddle)
