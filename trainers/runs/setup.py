"""From a configuration to the parts of a run."""

import dataclasses
import math
from collections.abc import Callable

import keras
import numpy as np

from data import folder, house_numbers, sources
from data.batches import TrainingBatches, evaluation_set
from data.canvas import Canvas
from data.contrast import standardise_source
from data.drift import Drift
from data.number_batches import NumberBatches, number_set
from data.numbers import Numbers
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
# Settings that numbers have no part in, and the values that these have.
_OF_NUMBERS = {
    "place": "anywhere",
    "jitter": 0,
    "distort": 0,
    "grow": 0,
    "clutter": 0,
    "frames": 0,
    "evaluation_cases": 0,
}


def load_source(config: Config, data_dir: str | None) -> Source:
    """The images that a run is about.

    Args:
        config: Of the run.
        data_dir: As for `data.sources.load`.

    Raises:
        ValueError: On flags of another source, or bad folders.
        RuntimeError: If TFDS has not got the data and cannot fetch it.
    """
    if config.svhn_dir is not None:
        return house_numbers.load(
            config.svhn_dir, config.canvas, config.max_digits
        )
    if config.source == "folder":
        return folder.load(
            config.train_dir,
            config.test_dir,
            side=config.canvas,
            channels=1 if config.grey else 3,
            validation_fraction=config.validation_fraction,
            standardised=config.standardise,
        )
    if config.train_dir or config.test_dir:
        raise ValueError(
            "--train_dir and --test_dir belong to trainers.classify. "
            f"Received: --source={config.source}"
        )
    source = sources.load(config.source, data_dir)
    return standardise_source(source) if config.standardise else source


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


def numbers(config: Config) -> Numbers | None:
    """What is composed of digits; None where images are there as they are.

    Raises:
        ValueError: On flags that numbers have no part in.
    """
    if not config.max_digits:
        return None
    for name, only in _OF_NUMBERS.items():
        if (value := getattr(config, name)) != only:
            raise ValueError(
                f"With --max_digits, --{name} must be {only}. Received: {value}"
            )
    if config.svhn_dir is not None:
        return None
    return Numbers(config.canvas, config.max_digits)


def training_batches(config: Config, source: Source) -> TrainingBatches:
    """What models are trained on."""
    if composed := numbers(config):
        return NumberBatches(
            source.train, composed, config.batch_size, config.seed
        )
    grow = config.grow * _steps(config, len(source.train.label))
    varied = dataclasses.replace(
        canvas(config),
        jitter=config.jitter,
        distort=config.distort,
        grow=math.ceil(grow),
    )
    return TrainingBatches(source.train, varied, config.batch_size, config.seed)


def length(config: Config, batches: TrainingBatches) -> tuple[int, int]:
    """Steps of a run, and evaluations on the way."""
    steps = _steps(config, batches.size)
    evaluations = max(1, round(config.epochs / config.evaluate_every))
    return steps, min(evaluations, steps)


def _steps(config: Config, images: int) -> int:
    return math.ceil(config.epochs * images / config.batch_size)


def validation_data(config: Config, source: Source) -> dict[str, np.ndarray]:
    """What models are chosen on."""
    return _evaluated(config, source.validation, source.repeats, draw=1)


def test_data(config: Config, source: Source) -> dict[str, np.ndarray]:
    """What is read once, at the end."""
    return _evaluated(config, source.test, source.repeats, draw=0)


def _evaluated(config, split, repeats, draw) -> dict[str, np.ndarray]:
    if composed := numbers(config):
        return number_set(split, composed, repeats, draw)
    cases = config.evaluation_cases
    return evaluation_set(split, canvas(config), repeats, draw, cases=cases)


def class_names(config: Config, names: list[str] | None) -> list[str] | None:
    """Of a model's classes, from the source's; None if they are numbers."""
    return [*"0123456789", "end"] if config.max_digits else names


def final_data(
    config: Config, source: Source
) -> tuple[str, dict[str, np.ndarray]]:
    """What the result is measured on, after the name of its split.

    Without a test set that is the validation set.
    """
    if source.test is None:
        return "validation", validation_data(config, source)
    return "test", test_data(config, source)


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
