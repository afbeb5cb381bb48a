"""Glimpse paths of the released models, cases chosen by rule."""

import pathlib

import numpy as np
from matplotlib.figure import Figure

import ram_tf
from data import sources
from ram_tf import viz
from ram_tf.evaluation import Evaluator
from trainers import setup
from trainers.reporting import pictures
from trainers.reporting.records import Record

_RIGHT, _WRONG = 5, 3


def write(
    root: pathlib.Path, task: str, record: Record, data_dir: str | None
) -> pathlib.Path:
    """Draws the released model of a task on its test set.

    Args:
        root: Where RESULTS.md stands.
        task: Whose model is loaded.
        record: Of its run; says what the canvases are.
        data_dir: TFDS's.

    Returns:
        The picture.
    """
    settings = record.settings
    source = sources.load(settings.source, data_dir)
    path = root / pictures.PATHS.format(task)
    path.parent.mkdir(parents=True, exist_ok=True)
    model = ram_tf.load_pretrained(task)
    viz.save(draw(model, setup.test_data(settings, source)), path)
    return path


def draw(
    model: ram_tf.RecurrentAttentionModel, test: dict[str, np.ndarray]
) -> Figure:
    """The first cases that are answered rightly, then the first wrong ones.

    Args:
        model: A trained model.
        test: {"image": [n, H, W, C], "label": [n]}.
    """
    rollouts = Evaluator(model, test).rollouts()
    right = rollouts.probabilities[:, -1].argmax(-1) == test["label"]
    rows = choose(right)
    return viz.draw_paths(
        test["image"][rows],
        {name: value[rows] for name, value in rollouts._asdict().items()},
        model.cell.sensor,
        labels=test["label"][rows],
        location_unit=model.cell.location_unit,
    )


def choose(right: np.ndarray) -> np.ndarray:
    """Rows of the first five right and the first three wrong answers [n]."""
    return np.concatenate(
        [np.flatnonzero(right)[:_RIGHT], np.flatnonzero(~right)[:_WRONG]]
    )
