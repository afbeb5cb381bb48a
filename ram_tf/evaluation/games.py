"""How well a model plays Catch: the share of balls that it catches."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ram_tf.episodes.environments.catch import Catch, Games, draw_games
from ram_tf.episodes.environments.catch_rules import CatchRules
from ram_tf.episodes.unroll import unroll
from ram_tf.errors import UserError
from ram_tf.evaluation.images import POLICIES, Validated
from ram_tf.model import RecurrentAttentionModel
from ram_tf.validation import check_choice, check_positive_int

# Games that are played to measure are the same for all training seeds.
_EVALUATION_SEED = 20_140_624
_GAMES_AT_ONCE = 500


class Played(NamedTuple):
    """One rollout of each game.

    Attributes:
        caught: [n] float32, 1 if the ball was.
        locations: Looked at, [n, T, 2].
        actions: Done then, [n, T] int32.
    """

    caught: np.ndarray
    locations: np.ndarray
    actions: np.ndarray


class GameEvaluator:
    """Plays games, compiled, that are the same at each call.

    Args:
        model: A built model with three actions.
        rules: Of the games.
        count: Number of games.
        draw: Another number plays other games; validation and test differ.
        policy: How the model looks: "deterministic", "stochastic" (actions
            too), "random" or "centre".

    Raises:
        UserError: On a model without the actions of Catch, another policy, or
            a count below one.
    """

    def __init__(
        self,
        model: RecurrentAttentionModel,
        rules: CatchRules,
        count: int,
        draw: int = 0,
        policy: str = "deterministic",
    ):
        check_positive_int("count", count)
        check_choice("policy", policy, POLICIES)
        if model.cell.num_actions != Catch.num_actions:
            raise UserError(
                f"A model that plays Catch has {Catch.num_actions} actions. "
                f"Received: {model.cell.num_actions}"
            )
        self.model = model
        self.rules = rules
        self.count = count
        self.policy = policy
        seed = tf.constant([_EVALUATION_SEED, draw])
        self.games = draw_games(rules, seed, count)
        self._compiled = tf.function(
            self._play, jit_compile=True, autograph=False
        )

    def validate(self) -> Validated:
        """The share of missed balls, for the training loop."""
        played = self.play()
        rate = float(played.caught.mean(dtype=np.float64))
        error = round(100 * (1 - rate), 4)
        return Validated(error, {"validation_catch_rate": rate}, played)

    def catch_rate(self, policy: str | None = None) -> float:
        """The share of balls caught, a fraction.

        Args:
            policy: Instead of the evaluator's own.
        """
        return float(self.play(policy).caught.mean(dtype=np.float64))

    def play(self, policy: str | None = None) -> Played:
        """Plays every game once."""
        policy = policy or self.policy
        size = min(_GAMES_AT_ONCE, self.count)
        parts = []
        for start in range(0, self.count, size):
            # One shape, one compilation: the last part is filled up.
            rows = tf.range(start, start + size) % self.count
            games = Games(*(tf.gather(part, rows) for part in self.games))
            parts.append(self._compiled(games, tf.constant(start), policy))
        joined = [np.concatenate(field) for field in zip(*parts, strict=True)]
        return Played(*(field[: self.count] for field in joined))

    def _play(self, games, start, policy) -> Played:
        environment = Catch(self.rules, games)
        seed = tf.stack([_EVALUATION_SEED, start])
        policy = POLICIES[policy](self.model.cell, seed, environment)
        trajectory = unroll(policy, environment)
        return Played(
            trajectory.reward[:, -1],
            trajectory.action["location"],
            trajectory.action["action"],
        )
