"""Glimpse paths of the released models, cases chosen by rule."""

import pathlib

import numpy as np
from matplotlib.figure import Figure

import ram_tf
from ram_tf import pretrained
from ram_tf.evaluation.images import Evaluator
from ram_tf.pictures import paths as viz
from ram_tf_reports import pictures
from ram_tf_runs.settings.run import from_record
from ram_tf_runs.tasks.registry import task_of


def write(root: pathlib.Path, name: str, data_dir: str | None) -> pathlib.Path:
    """Draws a released model on its test set.

    Args:
        root: Where RESULTS.md stands.
        name: Of the model, which is that of its task.
        data_dir: TFDS's.

    Returns:
        The picture.
    """
    task = task_of(from_record(pretrained.record(name)["config"]), data_dir)
    path = root / pictures.PATHS.format(name)
    model = ram_tf.load_pretrained(name)
    viz.save(draw(model, task.evaluated("test")), path)
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
    rows = choose(rollouts.answers.argmax(-1) == test["label"])
    known = {k: v for k, v in rollouts._asdict().items() if v is not None}
    return viz.draw_paths(
        test["image"][rows],
        {name: value[rows] for name, value in known.items()},
        model.cell.sensor,
        labels=test["label"][rows],
        location_unit=model.cell.location_unit,
    )


def choose(right: np.ndarray) -> np.ndarray:
    """Rows of the first five right and the first three wrong answers [n]."""
    return np.concatenate(
        [np.flatnonzero(right)[:5], np.flatnonzero(~right)[:3]]
    )
