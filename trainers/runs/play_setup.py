"""From a configuration to the parts of a run on an environment."""

import keras

from ram_tf import RecurrentAttentionModel, ReinforceAgent
from ram_tf.environments.gymnasium_episodes import GymnasiumEpisodes
from ram_tf.return_evaluation import ReturnEvaluator
from trainers.configs.config import Config
from trainers.runs import setup


def make_episodes(config: Config) -> GymnasiumEpisodes:
    """What is played, for training and to measure."""
    return GymnasiumEpisodes(config.env, config.episodes, config.steps)


def make_model(
    config: Config, episodes: GymnasiumEpisodes
) -> RecurrentAttentionModel:
    """A new model, built, its weights drawn from the seed."""
    keras.utils.set_random_seed(config.seed)
    model = setup.make_ram(
        config,
        num_classes=None,
        num_actions=episodes.num_actions,
        glimpses=1,  # A frame.
    )
    model.build((None, *episodes.frame_shape))
    return model


def make_agent(
    config: Config, model: RecurrentAttentionModel
) -> ReinforceAgent:
    """An agent that trains the model."""
    return setup.make_acting_agent(
        config, model, config.updates, fixations=config.fixations
    )


def validation(
    config: Config, model: RecurrentAttentionModel, episodes: GymnasiumEpisodes
) -> ReturnEvaluator:
    """The episodes that models are chosen on."""
    return ReturnEvaluator(model, episodes, config.validation_episodes, draw=1)


def test(
    config: Config, model: RecurrentAttentionModel, episodes: GymnasiumEpisodes
) -> ReturnEvaluator:
    """The episodes that are played once, at the end."""
    return ReturnEvaluator(model, episodes, config.test_episodes, draw=0)


def policy(config: Config) -> str:
    """How the model plays when it is measured."""
    return setup.POLICIES_BY_FIXATIONS[config.fixations]
