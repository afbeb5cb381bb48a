"""What a run writes about itself: metrics.jsonl, and TensorBoard."""

import contextlib
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from ram_tf.errors import FileError
from ram_tf.training import log

# What TensorFlow says first: which of its functions failed.
_NODE = re.compile(r"^\{\{.*?\}\} ")


class Summaries:
    """Writes a flushed line and TensorBoard's events for each evaluation.

    Args:
        metrics: File for the lines, metrics.jsonl.
        tensorboard: Directory for the events.
        step: Where the run goes on; lines beyond it are dropped, because the
            steps will be made again.
        config: Hyperparameters, for TensorBoard's table of runs.

    Raises:
        FileError: Here and later, if something cannot be written. TensorFlow
            does not tell of a picture for which there is no room; the next
            numbers then fail.
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
        self._tensorboard = tensorboard
        with self._told():
            self._writer = tf.summary.create_file_writer(str(tensorboard))
        with self._told(), self._writer.as_default():
            hparams.hparams(
                {k: "none" if v is None else v for k, v in config.items()}
            )

    def scalars(self, step: int, row: dict[str, Any]) -> None:
        """Writes a row; lists go to metrics.jsonl only."""
        log.add(self._path, {"step": step, **row})
        with self._told(), self._writer.as_default():
            for name, value in row.items():
                if not isinstance(value, list):
                    tf.summary.scalar(name, value, step)
            self._writer.flush()

    def picture(self, step: int, image: np.ndarray) -> None:
        """Writes a picture [h, w, 3] uint8 of glimpse paths."""
        with self._told(), self._writer.as_default():
            tf.summary.image("glimpses", image[None], step)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of TensorFlow's writer as a FileError with its directory."""
        try:
            yield
        except tf.errors.OpError as error:
            reason = _NODE.sub("", error.message.splitlines()[0])
            raise FileError(
                f"{self._tensorboard} cannot be written: {reason}"
            ) from error
