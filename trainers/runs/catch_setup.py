"""From a configuration to the parts of a run of Catch."""

import math

import keras
import numpy as np
import tensorflow as tf

from ram_tf import RecurrentAttentionModel, ReinforceAgent
from ram_tf.environments.catch import Catch, Games, draw_games
from ram_tf.environments.catch_rules import CatchRules
from ram_tf.game_evaluation import GameEvaluator
from trainers.configs.config import Config
from trainers.runs import setup


class TrainingGames:
    """Endless batches of fresh games; batch t is a pure function of (seed, t).

    Args:
        rules: Of the games.
        batch_size: B, games in a batch.
        seed: Any integer that fits 31 bits.
    """

    def __init__(self, rules: CatchRules, batch_size: int, seed: int):
        self._rules = rules
        self.batch_size = batch_size
        self.seed = seed

    def indices(self, step: int, count: int) -> np.ndarray:
        """Nothing is chosen: games are drawn, not taken from a set."""
        del step
        return np.zeros([count, 0], np.int32)

    def make(self, indices: tf.Tensor, step: tf.Tensor) -> dict[str, tf.Tensor]:
        """The games of a step, by the names of Games."""
        del indices
        seed = tf.stack([tf.cast(self.seed, tf.int32), tf.cast(step, tf.int32)])
        return draw_games(self._rules, seed, self.batch_size)._asdict()


def rules(config: Config) -> CatchRules:
    """The rules that are played by."""
    return CatchRules(
        height=config.screen,
        width=config.screen,
        paddle_width=config.paddle_width,
        angles=tuple(map(float, config.angles)),
        extremes_only=config.extremes_only,
        speed=config.ball_speed,
    )


def frames_per_step(config: Config) -> int:
    """Frames of a training step: steps of all rollouts of all games."""
    return config.games * config.rollouts * rules(config).steps


def length(config: Config) -> tuple[int, int]:
    """Steps of a run, and evaluations on the way."""
    steps = math.ceil(config.train_frames / frames_per_step(config))
    evaluations = max(1, round(config.train_frames / config.evaluate_frames))
    return steps, min(evaluations, steps)


def training_games(config: Config) -> TrainingGames:
    """What models are trained on."""
    return TrainingGames(rules(config), config.games, config.seed)


def make_environment(config: Config):
    """What turns a batch into episodes."""
    played = rules(config)
    return lambda batch: Catch(played, Games(**batch), config.rollouts)


def make_model(config: Config) -> RecurrentAttentionModel:
    """A new model, built, its weights drawn from the seed."""
    keras.utils.set_random_seed(config.seed)
    screen = {"glimpse_size": config.screen, "scales": 1}
    model = setup.make_ram(
        config,
        num_classes=None,
        num_actions=Catch.num_actions,
        glimpses=rules(config).steps,
        **(screen if config.full_screen else {}),
    )
    model.build((None, config.screen, config.screen, 1))
    return model


def make_agent(
    config: Config, model: RecurrentAttentionModel, steps: int
) -> ReinforceAgent:
    """An agent that trains the model for so many steps."""
    return setup.make_acting_agent(
        config,
        model,
        steps,
        rollouts=config.rollouts,
        baseline=config.baseline,
        fixations=_fixations(config),
    )


def validation(config: Config, model: RecurrentAttentionModel) -> GameEvaluator:
    """The games that models are chosen on."""
    return _evaluator(config, model, config.validation_games, draw=1)


def test(config: Config, model: RecurrentAttentionModel) -> GameEvaluator:
    """The games that are played once, at the end."""
    return _evaluator(config, model, config.test_games, draw=0)


def _evaluator(config, model, count, draw):
    policy = setup.POLICIES_BY_FIXATIONS[_fixations(config)]
    return GameEvaluator(model, rules(config), count, draw, policy)


def _fixations(config: Config) -> str:
    return "centre" if config.full_screen else config.fixations
