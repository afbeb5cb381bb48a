"""From a configuration to the parts of a run."""

import functools
import types
from collections.abc import Callable

import keras
import numpy as np

from data.batches import evaluation_set
from data.canvas import Canvas
from data.sources import Source
from ram_tf import RecurrentAttentionModel, ReinforceAgent
from ram_tf.environments.environment import Environment
from ram_tf.training.optimizers import make_optimizer

# Values of the flags by name, as `trainers.config` defines them.
Config = types.SimpleNamespace


def canvas(config: Config) -> Canvas:
    """The canvas that digits are put on."""
    return Canvas(config.canvas, config.clutter, config.clutter_size)


def validation_data(config: Config, source: Source) -> dict[str, np.ndarray]:
    """What models are chosen on."""
    return evaluation_set(
        source.validation, canvas(config), source.repeats, draw=1
    )


def test_data(config: Config, source: Source) -> dict[str, np.ndarray]:
    """What is read once, at the end."""
    return evaluation_set(source.test, canvas(config), source.repeats)


def make_model(config: Config, source: Source) -> RecurrentAttentionModel:
    """A new model, built, its weights drawn from the seed."""
    keras.utils.set_random_seed(config.seed)
    model = RecurrentAttentionModel(
        num_classes=source.num_classes,
        glimpses=config.glimpses,
        glimpse_size=config.glimpse_size,
        scales=config.scales,
        core=config.core,
        core_units=config.core_units,
        glimpse_units=config.glimpse_units,
        location_units=config.location_units,
        units=config.units,
        location_std=config.location_std,
        location_range=config.location_range,
        location_unit=config.location_unit,
        first_fixation=config.first_fixation,
        sensor=config.sensor,
        pooling=config.pooling,
    )
    channels = source.train.image.shape[-1]
    model.build((None, config.canvas, config.canvas, channels))
    return model


def make_agent(
    config: Config, model: RecurrentAttentionModel, steps: int
) -> ReinforceAgent:
    """An agent that trains the model for so many steps."""
    optimizer = make_optimizer(
        config.optimizer,
        config.learning_rate,
        steps,
        schedule=config.schedule,
        momentum=config.momentum,
        clip_norm=config.clip_norm,
    )
    return ReinforceAgent(
        model,
        optimizer,
        rollouts=config.rollouts,
        baseline=config.baseline,
        policy_weight=config.policy_weight,
        baseline_weight=config.baseline_weight,
        reinforce_into_core=config.reinforce_into_core,
    )


def make_environment(
    config: Config, model: RecurrentAttentionModel
) -> Callable[..., Environment]:
    """What turns a batch into episodes."""

    def environment(batch):
        look = functools.partial(
            model.environment, batch["image"], batch["label"]
        )
        return look(
            rollouts=config.rollouts,
            reward=config.reward,
            intermediate_weight=config.intermediate_weight,
        )

    return environment
