"""From a configuration to the parts of a run."""

import dataclasses
import math
import types
from collections.abc import Callable

import keras
import numpy as np

from data.batches import TrainingBatches, evaluation_set
from data.canvas import Canvas
from data.drift import Drift
from data.sources import Source
from ram_tf import (
    Comparator,
    RecurrentAttentionModel,
    ReinforceAgent,
    SupervisedAgent,
)
from ram_tf.comparators import make_comparator
from ram_tf.environments.environment import Environment
from ram_tf.evaluation import ClassifierEvaluator, Evaluator
from ram_tf.training.optimizers import make_optimizer
from ram_tf.training.step import Agent

# Values of the flags by name, as `trainers.config` defines them.
Config = types.SimpleNamespace
Model = RecurrentAttentionModel | Comparator


def canvas(config: Config) -> Canvas:
    """The canvas that digits are put on."""
    drift = Drift(config.frames, config.speed) if config.frames else None
    return Canvas(
        config.canvas,
        config.clutter,
        config.clutter_size,
        config.place,
        drift=drift,
    )


def training_batches(config: Config, source: Source) -> TrainingBatches:
    """What models are trained on."""
    jittered = dataclasses.replace(canvas(config), jitter=config.jitter)
    return TrainingBatches(
        source.train, jittered, config.batch_size, config.seed
    )


def length(config: Config, batches: TrainingBatches) -> tuple[int, int]:
    """Steps of a run, and evaluations on the way."""
    steps = math.ceil(config.epochs * batches.size / config.batch_size)
    evaluations = max(1, round(config.epochs / config.evaluate_every))
    return steps, min(evaluations, steps)


def validation_data(config: Config, source: Source) -> dict[str, np.ndarray]:
    """What models are chosen on."""
    return evaluation_set(
        source.validation, canvas(config), source.repeats, draw=1
    )


def test_data(config: Config, source: Source) -> dict[str, np.ndarray]:
    """What is read once, at the end."""
    return evaluation_set(source.test, canvas(config), source.repeats)


def make_model(config: Config, source: Source) -> Model:
    """A new model, built, its weights drawn from the seed."""
    keras.utils.set_random_seed(config.seed)
    channels = source.train.image.shape[-1]
    if config.network != "ram":
        return make_comparator(
            config.network, config.canvas, channels, source.num_classes
        )
    model = _make_ram(config, source.num_classes)
    model.build((None, config.canvas, config.canvas, channels))
    return model


def _make_ram(config: Config, num_classes: int) -> RecurrentAttentionModel:
    return RecurrentAttentionModel(
        num_classes=num_classes,
        glimpses=config.frames or config.glimpses,
        glimpse_size=config.glimpse_size,
        scales=config.scales,
        core=config.core,
        core_units=config.core_units,
        glimpse_units=config.glimpse_units,
        location_units=config.location_units,
        units=config.units,
        location_std=config.location_std,
        location_range=config.location_range,
        location_gain=config.location_gain,
        location_unit=config.location_unit,
        first_fixation=config.first_fixation,
        sensor=config.sensor,
        pooling=config.pooling,
    )


def make_agent(config: Config, model: Model, steps: int) -> Agent:
    """An agent that trains the model for so many steps."""
    optimizer = make_optimizer(
        config.optimizer,
        config.learning_rate,
        steps,
        schedule=config.schedule,
        momentum=config.momentum,
        clip_norm=config.clip_norm,
    )
    if isinstance(model, Comparator):
        return SupervisedAgent(model, optimizer)
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
    config: Config, model: Model
) -> Callable[..., Environment]:
    """What turns a batch into episodes."""
    settings = {
        "rollouts": config.rollouts,
        "reward": config.reward,
        "intermediate_weight": config.intermediate_weight,
    }
    if isinstance(model, Comparator):
        settings = {}
    return lambda batch: model.environment(
        batch["image"], batch["label"], **settings
    )


def make_evaluator(
    model: Model, data: dict[str, np.ndarray]
) -> ClassifierEvaluator:
    """What measures a model of either kind."""
    looks = not isinstance(model, Comparator)
    return (Evaluator if looks else ClassifierEvaluator)(model, data)
