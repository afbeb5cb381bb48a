"""Batches and evaluation sets of numbers, each a pure function of its seed."""

import numpy as np
import tensorflow as tf

from ram_tf_data.batches import TrainingBatches, check_size
from ram_tf_data.numbers import Bank, Numbers, draw_numbers, paint
from ram_tf_data.pieces import composed, rows_of
from ram_tf_data.splits import Split

# Evaluation sets are the same for all training seeds.
_EVALUATION_SEED = 14_127_755


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

    def make(self, indices, step, rows=None):
        numbers, bank = self._canvas, self._bank
        drawn = draw_numbers(numbers, bank, indices, self._seed_of(step))
        return paint(numbers, bank, rows_of(drawn, rows))


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
    numbers.check(split.image)
    bank = Bank.of(split)
    index = np.tile(np.arange(len(split.label), dtype=np.int32), repeats)
    check_size((numbers.side, numbers.side, 1), len(index))

    def drawn(chosen, start):
        seed = tf.constant([_EVALUATION_SEED + draw, start], tf.int32)
        return draw_numbers(numbers, bank, tf.constant(chosen), seed)

    return composed(
        index,
        drawn,
        lambda part: paint(numbers, bank, part),
        numbers.values,
    )
