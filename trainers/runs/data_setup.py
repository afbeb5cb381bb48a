"""From a configuration to the data of a run."""

import dataclasses
import math

import numpy as np

from data import folder, house_numbers, sources
from data.batches import TrainingBatches, evaluation_set
from data.canvas import Canvas
from data.contrast import standardise_source
from data.drift import Drift
from data.number_batches import NumberBatches, number_set
from data.numbers import Numbers
from data.splits import Source
from trainers.configs.config import Config

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
    if config.source == "folder" and config.svhn_dir is None:
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
    if config.svhn_dir is None:
        source = sources.load(config.source, data_dir)
    else:
        source = house_numbers.load(
            config.svhn_dir, config.canvas, config.max_digits
        )
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
