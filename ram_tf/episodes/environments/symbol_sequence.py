"""A still image of several symbols, which are named one after the other."""

import tensorflow as tf

from ram_tf.episodes.environments.still_image import StillImage
from ram_tf.errors import UserError
from ram_tf.validation import check_positive_int


class SymbolSequence(StillImage):
    """G glimpses for each symbol of a sequence, and for its end.

    As DRAM reads house numbers (Ba, Mnih, Kavukcuoglu, arXiv 1412.7755, section
    3): the answer to symbol t // G is due at its last glimpse, and an episode
    ends with the end symbol. The return of a look holds what its symbol and all
    later ones earn, because what was seen early may be answered late.

    Args:
        images: [B, H, W, C].
        labels: [B, L] integers in [0, K): the symbols in order, then `end`, and
            anything behind it. T = G * L.
        glimpses: G.
        end: The class that ends a sequence.
        **kwargs: `rollouts`, `reward` and `intermediate_weight`, as of a
            StillImage; every answer that is due has weight 1.

    Raises:
        UserError: As StillImage does, and on a sequence without an end.
    """

    _label_letters = "BL"

    def __init__(
        self,
        images: tf.Tensor,
        labels: tf.Tensor,
        *,
        glimpses: int,
        end: int,
        **kwargs,
    ):
        check_positive_int("glimpses", glimpses)
        self._glimpses = glimpses
        self._end = end
        steps = glimpses * (tf.convert_to_tensor(labels).shape[-1] or 1)
        super().__init__(images, labels, steps=steps, **kwargs)

    def answers_due(self, valid):
        last = tf.range(self.steps) % self._glimpses == self._glimpses - 1
        return valid * tf.cast(last, tf.float32)

    def _check_labels(self, labels):
        labels = super()._check_labels(labels)
        ends = tf.reduce_any(labels == self._end, axis=1)
        if tf.executing_eagerly() and not tf.reduce_all(ends):
            raise UserError(
                f"Every sequence must end, with the symbol {self._end}. "
                f"Received: {labels[~ends][0].numpy().tolist()}"
            )
        return labels

    def _label_each_step(self, labels):
        length = 1 + tf.argmax(labels == self._end, axis=1, output_type="int32")
        self._length = self._glimpses * length  # [N], in steps.
        self.label = tf.repeat(labels, self._glimpses, axis=1)
        running = tf.range(self.steps) < self._length[:, None]
        self.label_weight = self._weight(tf.cast(running, tf.float32))

    def _time_step(self, t):
        return super()._time_step(t)._replace(is_last=t >= self._length)
