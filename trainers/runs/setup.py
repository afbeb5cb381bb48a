"""From a configuration to what a run trains, and to what trains it."""

from collections.abc import Callable

import keras
import numpy as np

from data.splits import Source
from ram_tf import (
    Comparator,
    RecurrentAttentionModel,
    ReinforceAgent,
    StopAgent,
    SupervisedAgent,
)
from ram_tf.comparators import make_comparator
from ram_tf.environments.environment import Environment
from ram_tf.environments.symbol_sequence import SymbolSequence
from ram_tf.evaluation import ClassifierEvaluator, Evaluator
from ram_tf.training.optimizers import make_optimizer
from ram_tf.training.step import Agent
from trainers.configs import model_flags
from trainers.configs.config import Config

Model = RecurrentAttentionModel | Comparator
# How a trained model looks, by how it looked in training.
POLICIES_BY_FIXATIONS = {
    "learned": "deterministic",
    "random": "random",
    "centre": "centre",
}


def make_model(config: Config, source: Source) -> Model:
    """A new model, built, its weights drawn from the seed."""
    keras.utils.set_random_seed(config.seed)
    channels = source.train.image.shape[-1]
    # The last class is the end of a number.
    classes = source.num_classes + (config.max_digits > 0)
    if config.network != "ram":
        answers = config.max_digits + 1
        return make_comparator(
            config.network,
            config.canvas,
            channels,
            classes,
            answers,
            config.conv_units,
        )
    model = make_ram(
        config,
        num_classes=classes,
        glimpses=config.frames or config.glimpses,
        stop=config.stop,
    )
    model.build((None, config.canvas, config.canvas, channels))
    return model


def make_ram(config: Config, **own) -> RecurrentAttentionModel:
    """A model, not built yet, of the flags that all trainers share.

    Args:
        config: Of the run.
        own: What the trainer sets itself; it comes first.
    """
    shared = {name: getattr(config, name) for name in model_flags.SHAPE}
    return RecurrentAttentionModel(**shared | own)


def optimizer(config: Config, steps: int) -> keras.optimizers.Optimizer:
    """An optimizer for so many steps."""
    return make_optimizer(
        config.optimizer,
        config.learning_rate,
        steps,
        schedule=config.schedule,
        momentum=config.momentum,
        clip_norm=config.clip_norm,
    )


def make_agent(config: Config, model: Model, steps: int) -> Agent:
    """An agent that trains the model for so many steps."""
    if isinstance(model, Comparator):
        return SupervisedAgent(model, optimizer(config, steps))
    if config.train_only_stop:
        return StopAgent(model, optimizer(config, steps))
    return ReinforceAgent(
        model,
        optimizer(config, steps),
        rollouts=config.rollouts,
        baseline=config.baseline,
        policy_weight=config.policy_weight,
        baseline_weight=config.baseline_weight,
        reinforce_into_core=config.reinforce_into_core,
    )


def make_acting_agent(
    config: Config, model: RecurrentAttentionModel, steps: int, **own
) -> ReinforceAgent:
    """An agent for a model that acts, of the flags of `configs.acting_flags`.

    Args:
        config: Of the run.
        model: What it trains.
        steps: For how many.
        own: What the trainer sets itself.
    """
    return ReinforceAgent(
        model,
        optimizer(config, steps),
        policy_weight=config.policy_weight,
        baseline_weight=config.baseline_weight,
        reinforce_into_core=config.reinforce_into_core,
        baseline_into_core=config.baseline_into_core,
        location_weight=config.location_weight,
        entropy_weight=config.entropy_weight,
        trace_decay=config.trace_decay,
        **own,
    )


def make_environment(
    config: Config, model: Model
) -> Callable[..., Environment]:
    """What turns a batch into episodes."""
    settings = {
        # They would all be the same where nothing but the stop is trained.
        "rollouts": 1 if config.train_only_stop else config.rollouts,
        "reward": config.reward,
        "intermediate_weight": config.intermediate_weight,
        "glimpse_cost": config.glimpse_cost,
    }
    if isinstance(model, Comparator):
        settings = {}
    elif config.max_digits:
        glimpses = config.glimpses // (config.max_digits + 1)
        return lambda batch: SymbolSequence(
            batch["image"],
            batch["label"],
            glimpses=glimpses,
            end=model.num_classes - 1,
            **settings,
        )
    return lambda batch: model.environment(
        batch["image"], batch["label"], **settings
    )


def make_evaluator(
    model: Model, data: dict[str, np.ndarray], glimpse_cost: float = 0.0
) -> ClassifierEvaluator:
    """What measures a model of either kind."""
    looks = not isinstance(model, Comparator)
    kind = Evaluator if looks else ClassifierEvaluator
    return kind(model, data, glimpse_cost)
