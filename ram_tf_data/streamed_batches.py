"""Batches and evaluation sets of pictures that are read when they are needed.

They have the same bytes as those of pictures in memory. Reading is not part of
the compiled step: the pictures of some steps are given to it.
"""

import math
import os
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from ram_tf_data.batches import TrainingBatches
from ram_tf_data.canvas import Canvas, draw_canvases, paint
from ram_tf_data.errors import UserError
from ram_tf_data.pictures import Pictures
from ram_tf_data.pieces import rows_of
from ram_tf_data.splits import Split

# Steps whose pictures are given at once: so many, or fewer large pictures.
# As many are read ahead.
_MOST, _BYTES = 50, 2**27
_NO_END = 2**62


class StreamedBatches(TrainingBatches):
    """Endless batches of pictures in files; batch t is a function of (seed, t).

    Args:
        split: Its images are `Pictures`.
        canvas: What is composed; without clutter, which is cut from all images.
        batch_size: B.
        seed: Any integer that fits 31 bits.

    Attributes:
        most: Steps whose pictures are given at once, at most.

    Raises:
        UserError: As TrainingBatches does, or on clutter.
    """

    def __init__(
        self, split: Split, canvas: Canvas, batch_size: int, seed: int
    ):
        if canvas.clutter:
            raise UserError(
                "`clutter` is cut from images in memory, and must be 0 where "
                f"pictures are streamed. Received: {canvas.clutter}"
            )
        super().__init__(split, canvas, batch_size, seed)
        needed = batch_size * math.prod(split.image.shape[1:])
        self.most = max(1, min(_MOST, _BYTES // needed))
        self._streams: list[Iterator[Any]] = []  # The one that is read.
        # Before Python ends: its threads, which read ahead, need Python.
        weakref.finalize(self, self._streams.clear)
        self._next: tuple[int, slice | None] | None = None
        self._problems: dict[int, UserError] = {}

    def _hold(self, split):
        self._canvas.check(split.image[:1])
        self._images = split.image

    def given(
        self, step: int, count: int, rows: slice | None = None
    ) -> dict[str, np.ndarray]:
        """What `make` takes of the steps from `step` on; at most `most`.

        Args:
            step: The first.
            count: How many.
            rows: Which of each batch are wanted; None for all.

        Returns:
            {"image": [count, b, h, w, C] uint8, "label": [count, b] int32}.

        Raises:
            UserError: On a file that is not there any more, is damaged, or
                shows something else than at the start.
        """
        if self._next != (step, rows):
            self._streams[:] = [iter(self._dataset(step, rows))]
        self._next = (step + count, rows)
        images = np.stack([self._batch() for _ in range(count)])
        indices = self.indices(step, count)[:, rows or slice(None)]
        return {"image": images, "label": self._labels.numpy()[indices]}

    def make(self, given, step, rows=None):
        """Composes batch `step`, of what was given for it and these rows."""
        pool = given["image"]
        index, seed = tf.range(self.batch_size), self._seed_of(step)
        drawn = draw_canvases(self._canvas, pool, index, seed, step=step)
        # Drawn for the whole batch; the pictures of these rows are at hand.
        drawn = rows_of(drawn, rows)
        drawn = drawn._replace(index=tf.range(tf.shape(drawn.index)[0]))
        image = paint(self._canvas, pool, drawn)
        return {"image": image, "label": given["label"]}

    def _batch(self) -> np.ndarray:
        places, images = next(self._streams[0])
        for place in places.numpy().tolist():
            if place in self._problems:
                raise self._problems[place]
        return images.numpy()

    def _dataset(self, step: int, rows: slice | None) -> tf.data.Dataset:
        """Batches of places among all that are ever taken, and images."""
        wanted = np.arange(self.batch_size, dtype=np.int64)[rows or slice(None)]
        threads = os.cpu_count() or 1
        options = tf.data.Options()
        options.autotune.enabled = False  # It would take more memory.
        options.threading.private_threadpool_size = threads
        return (
            tf.data.Dataset.range(step, _NO_END)
            .flat_map(
                lambda k: tf.data.Dataset.from_tensor_slices(
                    k * self.batch_size + wanted
                )
            )
            .map(self._decoded, num_parallel_calls=threads, deterministic=True)
            .batch(len(wanted), drop_remainder=True)
            .prefetch(self.most)
            .with_options(options)
        )

    def _decoded(self, place: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        image = tf.numpy_function(self._read, [place], tf.uint8)
        image.set_shape(self._images.shape[1:])
        return place, image

    def _read(self, place: np.ndarray) -> np.ndarray:
        """What is wrong is told when its batch has its turn, in a line."""
        epoch, number = divmod(int(place), self.size)
        try:
            return self._images.read(self._order(epoch)[number])
        except UserError as error:
            self._problems[int(place)] = error
            return np.zeros(self._images.shape[1:], np.uint8)


def streamed_set(split: Split, canvas: Canvas, cases: int = 0) -> dict:
    """Pictures to evaluate on, read as they are asked for.

    Args:
        split: Its images are `Pictures`.
        canvas: What is composed: nothing, the pictures are as they are.
        cases: The first so many; 0 for all.

    Returns:
        {"image": Pictures [n, side, side, C], "label": [n] int32}.

    Raises:
        UserError: If pictures would not be left as they are.
    """
    first = split.image[:1]
    canvas.check(first)
    if not canvas.is_plain(first):
        raise UserError(
            "Pictures that are streamed are measured as they are, on a canvas "
            f"of their own size with nothing else on it. Received: {canvas}"
        )
    rows = slice(cases or None)
    return {"image": split.image[rows], "label": split.label[rows]}


def training_batches(
    split: Split, canvas: Canvas, batch_size: int, seed: int
) -> TrainingBatches:
    """Those of pictures in files, or of images in memory."""
    streamed = isinstance(split.image, Pictures)
    kind = StreamedBatches if streamed else TrainingBatches
    return kind(split, canvas, batch_size, seed)
