"""Batches of hidden signs, and evaluation sets: pure functions of seeds."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from ram_tf_data.batches import Case, TrainingBatches
from ram_tf_data.hidden_signs import HiddenSign, Scenery, draw_signs, paint
from ram_tf_data.photographs import Photographs
from ram_tf_data.pieces import composed, rows_of
from ram_tf_data.splits import Split

# Evaluation sets are the same for all training seeds.
_EVALUATION_SEED = 19_021_957


class HiddenBatches(TrainingBatches):
    """Endless batches of photographs; batch t is a pure function of (seed, t).

    Every sign of the split is hidden once an epoch.

    Args:
        split: The signs.
        hidden: What is composed.
        photographs: Of the same split.
        batch_size: B.
        seed: Any integer that fits 31 bits.

    Raises:
        UserError: As TrainingBatches does.
    """

    def __init__(
        self,
        split: Split,
        hidden: HiddenSign,
        photographs: Photographs,
        batch_size: int,
        seed: int,
    ):
        super().__init__(split, hidden, batch_size, seed)
        self._scenery = Scenery.of(photographs)

    def make(self, indices, step, rows=None):
        """As TrainingBatches does, with "target", [B, 3], of each sign."""
        hidden, scenery = self._canvas, self._scenery
        seed = self._seed_of(step)
        drawn = rows_of(draw_signs(hidden, scenery, indices, seed, step), rows)
        return {
            "image": paint(hidden, scenery, self._images, drawn),
            "label": tf.gather(self._labels, rows_of(indices, rows)),
            "target": drawn.target,
        }


def hidden_set(
    split: Split,
    hidden: HiddenSign,
    photographs: Photographs,
    draw: int = 0,
    cases: int = 0,
) -> dict[str, np.ndarray]:
    """Photographs to evaluate on: the same bytes on every machine.

    Args:
        split: Validation or test signs.
        hidden: What is composed.
        photographs: Of the same split.
        draw: Another number makes others; validation and test differ.
        cases: How many, each of another sign if there are so many; 0 for one
            of each sign.

    Returns:
        {"image": [n, side, side, 3] uint8, "label": [n] int32}.
    """
    hidden.check(split.image)
    scenery, signs = Scenery.of(photographs), tf.constant(split.image)
    index = _spread(len(split.label), cases)

    def drawn(chosen, start):
        seed = tf.constant([_EVALUATION_SEED + draw, start], tf.int32)
        return draw_signs(hidden, scenery, tf.constant(chosen), seed)

    @tf.function(jit_compile=True, autograph=False)
    def painted(part):
        return {"image": paint(hidden, scenery, signs, part)}

    made = composed(index, drawn, painted, hidden.values)
    return made | {"label": split.label[index]}


def streamed_signs(
    split: Split,
    hidden: HiddenSign,
    photographs: Photographs,
    cases: int,
    at_once: int,
    draw: int = 0,
) -> Iterator[Case]:
    """Photographs to evaluate on that are too many to be held at once.

    Args:
        split, hidden, photographs, draw: As for `hidden_set`.
        cases: How many; the last piece is filled up to `at_once`.
        at_once: Photographs in a piece. Other numbers make others.
    """
    hidden.check(split.image)
    scenery, signs = Scenery.of(photographs), tf.constant(split.image)

    @tf.function(jit_compile=True, autograph=False)
    def made(index, seed):
        drawn = draw_signs(hidden, scenery, index, seed)
        return paint(hidden, scenery, signs, drawn), drawn.centre

    order = _spread(len(split.label), 0)
    for start in range(0, cases, at_once):
        index = order[np.arange(start, start + at_once) % len(order)]
        seed = tf.constant([_EVALUATION_SEED + draw, start], tf.int32)
        image, centre = made(tf.constant(index), seed)
        yield Case(image.numpy(), split.label[index], centre.numpy())


def _spread(count: int, cases: int) -> np.ndarray:
    """Signs in an order of their own: neighbours of a set are much alike."""
    bits = np.random.Philox(key=_EVALUATION_SEED)
    order = np.random.Generator(bits).permutation(count).astype(np.int32)
    return order[: cases or None]
