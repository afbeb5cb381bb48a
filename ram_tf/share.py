"""A share of a batch: what one of several processes has to do with it."""

import dataclasses
from collections.abc import Callable
from typing import Any

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Share:
    """The rows of a batch that one of several equal parts has.

    What is random is drawn for the whole batch, of which a share takes its
    rows: so they are what they would be in a batch that is not shared.

    Attributes:
        index: Which of the parts it is, from 0.
        count: How many there are; 1 is the whole batch.
    """

    index: int = 0
    count: int = 1

    def rows(self, total: int) -> slice | None:
        """Which rows of so many it has; None for all.

        Args:
            total: Of the batch; a multiple of `count`.
        """
        if self.count == 1:
            return None
        each = total // self.count
        return slice(self.index * each, (self.index + 1) * each)

    def drawn(self, draw: Callable[[Any], Any], rows: Any) -> Any:
        """Its rows of what is drawn for all.

        Args:
            draw: Gives tensors [n, ...], in a nest, for n rows.
            rows: N, of this share; an int or an integer scalar tensor.

        Returns:
            [N, ...] each.
        """
        if self.count == 1:
            return draw(rows)
        first = self.index * rows
        return tf.nest.map_structure(
            lambda whole: whole[first : first + rows], draw(rows * self.count)
        )


WHOLE = Share()
