"""What a run writes about itself: metrics.jsonl, and TensorBoard."""

import json
import pathlib
from typing import Any

import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams


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
        _drop_after(metrics, step)
        self._writer = tf.summary.create_file_writer(str(tensorboard))
        with self._writer.as_default():
            hparams.hparams(
                {k: "none" if v is None else v for k, v in config.items()}
            )

    def scalars(self, step: int, row: dict[str, Any]) -> None:
        """Writes a row; lists go to metrics.jsonl only."""
        with self._path.open("a") as file:
            file.write(json.dumps({"step": step, **row}) + "\n")
        with self._writer.as_default():
            for name, value in row.items():
                if not isinstance(value, list):
                    tf.summary.scalar(name, value, step)
        self._writer.flush()

    def picture(self, step: int, image: np.ndarray) -> None:
        """Writes a picture [h, w, 3] uint8 of glimpse paths."""
        with self._writer.as_default():
            tf.summary.image("glimpses", image[None], step)


def _drop_after(path: pathlib.Path, step: int) -> None:
    if not path.exists():
        return
    lines = path.read_text().splitlines(keepends=True)
    # A process that was killed may have left half a line.
    whole = [line for line in lines if line.endswith("\n")]
    kept = [line for line in whole if json.loads(line)["step"] <= step]
    path.write_text("".join(kept))
