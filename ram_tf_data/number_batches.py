"""Batches and evaluation sets of numbers, each a pure function of its seed."""

import numpy as np
import tensorflow as tf

from ram_tf_data.batches import TrainingBatches
from ram_tf_data.numbers import Bank, Numbers, compose
from ram_tf_data.splits import Split

# Evaluation sets are the same for all training seeds.
_EVALUATION_SEED = 14_127_755
_COMPOSED_AT_ONCE = 500


class NumberBatches(TrainingBatches):
    """Endless batches of numbers; batch t is a pure function of (seed, t).

    Every image of the split is the first digit of one number an epoch.

    Args:
        split: The digits.
        numbers: What is composed.
        batch_size: B.
        seed: Any integer that fits 31 bits.

    Raises:
        UserError: As TrainingBatches does.
    """

    def __init__(
        self, split: Split, numbers: Numbers, batch_size: int, seed: int
    ):
        super().__init__(split, numbers, batch_size, seed)
        self._bank = Bank.of(split)

    def make(self, indices, step):
        seed = tf.stack([tf.cast(self.seed, tf.int32), tf.cast(step, tf.int32)])
        return compose(self._canvas, self._bank, indices, seed)


def number_set(
    split: Split, numbers: Numbers, repeats: int = 1, draw: int = 0
) -> dict[str, np.ndarray]:
    """Numbers to evaluate on: the same bytes on every machine.

    Args:
        split: Validation or test images.
        numbers: What is composed.
        repeats: Numbers that each image is the first digit of.
        draw: Another number makes other canvases; validation and test differ.

    Returns:
        {"image": [n * repeats, side, side, 1] uint8, "label": [..., L] int32}.
    """
    batches = NumberBatches(split, numbers, 1, _EVALUATION_SEED + draw)
    index = np.tile(np.arange(len(split.label), dtype=np.int32), repeats)
    parts = [
        batches.make(
            tf.constant(index[start : start + _COMPOSED_AT_ONCE]), start
        )
        for start in range(0, len(index), _COMPOSED_AT_ONCE)
    ]
    return {
        name: np.concatenate([part[name].numpy() for part in parts])
        for name in ("image", "label")
    }
