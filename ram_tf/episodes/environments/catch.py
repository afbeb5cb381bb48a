"""Catch as tensor operations, so that games run inside a compiled program."""

import math
from typing import NamedTuple

import tensorflow as tf

from ram_tf.episodes.environments.catch_rules import ACTIONS, PIXEL, CatchRules
from ram_tf.episodes.environments.environment import Environment
from ram_tf.noise import uniform_noise
from ram_tf.types import TimeStep
from ram_tf.validation import check_positive_int, check_shape


class Games(NamedTuple):
    """How B games start; see CatchRules.

    Attributes:
        column: Of the ball, [B] int32.
        dx: The ball's way to the right in a step, in units, [B] int32.
        paddle: First cell of the paddle, [B] int32.
    """

    column: tf.Tensor
    dx: tf.Tensor
    paddle: tf.Tensor


class CatchState(NamedTuple):
    """What changes in a game.

    Attributes:
        t: Steps made, which is the row of the ball; an int.
        paddle: First cell of the paddle, [N] int32.
    """

    t: int
    paddle: tf.Tensor


def draw_games(rules: CatchRules, seed: tf.Tensor, count: int) -> Games:
    """Random games: columns and angles uniform over their ranges.

    Args:
        rules: Of the games.
        seed: A stateless seed, [2] integers.
        count: B.
    """
    seeds = tf.random.experimental.stateless_split(seed, 3, alg="philox")

    def uniform(seed, end):
        return tf.random.stateless_uniform(
            [count], seed, 0, end, tf.int32, alg="philox"
        )

    return Games(
        uniform(seeds[0], rules.width),
        _draw_dx(rules, seeds[1], count),
        uniform(seeds[2], rules.last_paddle + 1),
    )


def _draw_dx(rules: CatchRules, seed: tf.Tensor, count: int) -> tf.Tensor:
    low, high = (math.radians(angle) for angle in rules.angles)
    noise = uniform_noise(seed, [count])
    if rules.extremes_only:
        noise = tf.sign(noise)
    angle = (low + high) / 2 + (high - low) / 2 * noise
    dx = tf.cos(angle) * (rules.speed / math.cos(math.pi / 4) * PIXEL)
    return tf.cast(tf.round(dx), tf.int32)


class Catch(Environment):
    """M rollouts of each of B games, of `rules.steps` steps.

    The action "action" [N] is 0, 1 or 2: the paddle moves left, stays, moves
    right; then the ball moves. The last step pays 1 if the ball is caught.

    Args:
        rules: Of the games.
        games: How they start.
        rollouts: M, episodes of each game.

    Raises:
        UserError: On games of another shape, or rollouts below one.
    """

    num_actions = len(ACTIONS)

    def __init__(self, rules: CatchRules, games: Games, rollouts: int = 1):
        check_positive_int("rollouts", rollouts)
        games = Games(*(tf.cast(value, tf.int32) for value in games))
        for name, value in games._asdict().items():
            check_shape(name, value, (games.column.shape[0],))
        self.rules = rules
        self.rollouts = rollouts
        self.steps = rules.steps
        self.rows = games.column.shape[0] * rollouts
        self.games = Games(*(tf.repeat(value, rollouts) for value in games))

    def reset(self):
        state = CatchState(0, self.games.paddle)
        return state, self._time_step(state)

    def step(self, state, action):
        paddle = tf.clip_by_value(
            state.paddle + action["action"] - 1, 0, self.rules.last_paddle
        )
        state = CatchState(state.t + 1, paddle)
        return state, self._time_step(state)

    def ball_column(self, t: int) -> tf.Tensor:
        """Where the balls are after t steps, [N] int32."""
        return self.rules.ball_column(self.games.column, self.games.dx, t)

    def screen(self, state: CatchState) -> tf.Tensor:
        """The frames, [N, height, width, 1] uint8: 255 is ball or paddle."""
        rules = self.rules
        column = tf.range(rules.width)
        ball = column == self.ball_column(state.t)[:, None]
        paddle = rules.covers(state.paddle[:, None], column)
        row = tf.range(rules.height)[:, None]
        lit = ((row == state.t) & ball[:, None]) | (
            (row == rules.steps) & paddle[:, None]
        )
        return tf.cast(lit[..., None], tf.uint8) * 255

    def _time_step(self, state: CatchState) -> TimeStep:
        is_last = state.t >= self.steps
        reward = tf.zeros([self.rows])
        if is_last:
            ball = self.ball_column(state.t)
            caught = self.rules.covers(state.paddle, ball)
            reward = tf.cast(caught, tf.float32)
        return TimeStep(
            observation=self.screen(state),
            reward=reward,
            is_last=tf.fill([self.rows], is_last),
        )
