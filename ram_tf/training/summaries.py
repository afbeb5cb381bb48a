"""What a run writes about itself: metrics.jsonl, and TensorBoard."""

import pathlib
from typing import Any

import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from ram_tf.training import log


class Summaries:
    """Writes a flushed line and TensorBoard's events for each evaluation.

    Args:
        metrics: File for the lines, metrics.jsonl.
        tensorboard: Directory for the events.
        step: Where the run goes on; lines beyond it are dropped, because the
            steps will be made again.
        config: Hyperparameters, for TensorBoard's table of runs.
    """

    def __init__(
        self,
        metrics: pathlib.Path,
        tensorboard: pathlib.Path,
        step: int,
        config: dict[str, Any],
    ):
        self._path = metrics
        log.drop_after(metrics, step)
        self._writer = tf.summary.create_file_writer(str(tensorboard))
        with self._writer.as_default():
            hparams.hparams(
                {k: "none" if v is None else v for k, v in config.items()}
            )

    def scalars(self, step: int, row: dict[str, Any]) -> None:
        """Writes a row; lists go to metrics.jsonl only."""
        log.add(self._path, {"step": step, **row})
        with self._writer.as_default():
            for name, value in row.items():
                if not isinstance(value, list):
                    tf.summary.scalar(name, value, step)
        self._writer.flush()

    def picture(self, step: int, image: np.ndarray) -> None:
        """Writes a picture [h, w, 3] uint8 of glimpse paths."""
        with self._writer.as_default():
            tf.summary.image("glimpses", image[None], step)
