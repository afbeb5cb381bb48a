"""Training batches and evaluation sets, each a pure function of its seed.

There is no iterator, hence no iterator state to save.
"""

import functools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ram_tf_data import memory
from ram_tf_data.canvas import Canvas, compose, corners, draw_canvases, paint
from ram_tf_data.errors import UserError
from ram_tf_data.pictures import Pictures
from ram_tf_data.pieces import composed, rows_of
from ram_tf_data.splits import Split

# Evaluation canvases are the same for all training seeds.
_EVALUATION_SEED = 20_140_624


class TrainingBatches:
    """Endless batches; batch t is a pure function of (seed, t).

    Every image of the split is used once an epoch, in an order of that epoch.

    Args:
        split: What is placed on the canvases; clutter is cut from it too.
        canvas: What is composed.
        batch_size: B.
        seed: Any integer that fits 31 bits.

    Raises:
        UserError: On images that do not fit, or a batch size out of range.
    """

    def __init__(
        self, split: Split, canvas: Canvas, batch_size: int, seed: int
    ):
        self._canvas = canvas
        self._hold(split)
        if not 1 <= batch_size <= len(split.label):
            raise UserError(
                "`batch_size` must lie between 1 and the number of training "
                f"images, {len(split.label)}. Received: {batch_size}"
            )
        if not 0 <= seed < 2**31 or seed != int(seed):
            raise UserError(
                f"`seed` must be a whole number in [0, 2**31). Received: {seed}"
            )
        self._labels = tf.constant(split.label)
        self.batch_size = batch_size
        self.seed = seed
        self._order = functools.lru_cache(maxsize=2)(self._epoch_order)

    def _hold(self, split: Split) -> None:
        """Checks the images, and keeps them."""
        self._canvas.check(split.image)
        self._images = tf.constant(split.image)

    @property
    def size(self) -> int:
        """Images in an epoch."""
        return int(self._labels.shape[0])

    def indices(self, step: int, count: int) -> np.ndarray:
        """Which images make the batches step .. step + count - 1.

        Returns:
            [count, B] int32.
        """
        start = step * self.batch_size
        end = start + count * self.batch_size
        epochs = range(start // self.size, (end - 1) // self.size + 1)
        order = np.concatenate([self._order(epoch) for epoch in epochs])
        start -= epochs[0] * self.size
        taken = order[start : start + count * self.batch_size]
        return taken.reshape(count, self.batch_size)

    def make(
        self, indices: tf.Tensor, step: tf.Tensor, rows: slice | None = None
    ) -> dict[str, tf.Tensor]:
        """Composes batch `step` as tensor operations; compiles under XLA.

        Args:
            indices: [B] int32, the row of `indices` for this step.
            step: An integer scalar.
            rows: Which of the batch are composed; None for all. Random numbers
                are drawn for all, so that the rows are what they are in it.

        Returns:
            {"image": as `compose` makes it, "label": [B] int32}.
        """
        return {
            "image": self.composed(indices, self._seed_of(step), step, rows),
            "label": tf.gather(self._labels, rows_of(indices, rows)),
        }

    def composed(
        self,
        indices: tf.Tensor,
        seed: tf.Tensor,
        step: tf.Tensor,
        rows: slice | None = None,
    ) -> tf.Tensor:
        """The images of `make`, by a stateless seed [2] of that step."""
        canvas, images = self._canvas, self._images
        drawn = draw_canvases(canvas, images, indices, seed, step=step)
        return paint(canvas, images, rows_of(drawn, rows))

    def _seed_of(self, step: tf.Tensor) -> tf.Tensor:
        return tf.stack([tf.cast(self.seed, tf.int32), tf.cast(step, tf.int32)])

    def _epoch_order(self, epoch: int) -> np.ndarray:
        bits = np.random.Philox(key=[self.seed, epoch])
        order = np.random.Generator(bits).permutation(self.size)
        return order.astype(np.int32)


class Case(NamedTuple):
    """Canvases that are composed at once, and what is on them.

    Attributes:
        image: [n, side, side, C] uint8.
        label: [n] int32.
        centre: Of the images that were placed, in pixels (y, x), [n, 2]
            float32.
    """

    image: np.ndarray
    label: np.ndarray
    centre: np.ndarray


def streamed(
    split: Split, canvas: Canvas, cases: int, at_once: int, draw: int = 0
) -> Iterator[Case]:
    """Still canvases to evaluate on that are too many to be held at once.

    Each image is placed as often as any other, but for one.

    Args:
        split: Validation or test images; clutter is cut from them too.
        canvas: What is composed.
        cases: How many; the last piece is filled up to `at_once`.
        at_once: Canvases in a piece. Other numbers make other canvases.
        draw: Another number makes other canvases; validation and test differ.
    """
    # Clutter is cut from all of them, which are then kept.
    by_need = isinstance(split.image, Pictures) and not canvas.clutter
    canvas.check(split.image[:1] if by_need else split.image)
    pool, count = (
        None if by_need else tf.constant(split.image),
        len(split.label),
    )
    size = np.float32(split.image.shape[1:3])

    @tf.function(jit_compile=True, autograph=False)
    def made(pool, index, seed):
        corner = corners(canvas, pool.shape, at_once, seed)
        return compose(canvas, pool, index, seed, corner), corner

    for start in range(0, cases, at_once):
        index = np.arange(start, start + at_once, dtype=np.int32) % count
        seed = tf.constant([_EVALUATION_SEED + draw, start], tf.int32)
        if by_need:
            needed = tf.constant(np.asarray(split.image[index]))
            image, corner = made(needed, tf.range(at_once), seed)
        else:
            image, corner = made(pool, tf.constant(index), seed)
        centre = corner.numpy() + size / 2
        yield Case(image.numpy(), split.label[index], centre)


def check_size(shape: tuple[int, ...], cases: int) -> None:
    """Raises UserError if so many canvases do not fit into memory."""
    memory.check(
        "All canvases that are measured on",
        cases * math.prod(shape),
        f"{cases} of {'x'.join(map(str, shape))}; --evaluation_cases takes "
        "the first of them",
    )


def evaluation_set(
    split: Split,
    canvas: Canvas,
    repeats: int = 1,
    draw: int = 0,
    corner: tuple[int, int] | None = None,
    cases: int = 0,
) -> dict[str, np.ndarray]:
    """Canvases to evaluate on: the same bytes on every machine.

    Args:
        split: Validation or test images; clutter is cut from them too.
        canvas: What is composed.
        repeats: Canvases made of each image.
        draw: Another number makes other canvases; validation and test differ.
        corner: Row and column where every image starts; None for random ones.
        cases: The first so many of these canvases; 0 for all.

    Returns:
        {"image": as `compose` makes n * repeats, "label": [...] int32}.
    """
    canvas.check(split.image)
    if corner is not None:
        canvas.check_corner(split.image, corner)
    index = np.tile(np.arange(len(split.label), dtype=np.int32), repeats)
    index = index[: cases or None]
    check_size(canvas.shape(split.image), len(index))
    pool = tf.constant(split.image)

    def drawn(chosen, start):
        seed = tf.constant([_EVALUATION_SEED + draw, start], tf.int32)
        fixed = None if corner is None else tf.tile([corner], [len(chosen), 1])
        return draw_canvases(canvas, pool, chosen, seed, fixed)

    made = composed(
        index,
        drawn,
        lambda part: {"image": paint(canvas, pool, part)},
        canvas.values(split.image),
    )
    return made | {"label": split.label[index]}
