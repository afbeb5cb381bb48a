"""The one tensor that a cell returns at each step, and its named parts."""

from collections.abc import Mapping
from typing import NamedTuple

import tensorflow as tf

# From left to right; what a cell has none of is left out.
_COLUMNS = ("answer", "baseline", "location", "action", "stop")


class CellOutput(NamedTuple):
    """The named parts of a cell's output.

    Attributes:
        logits: Class scores after the glimpse, [N, K]; K is 0 without classes.
        baseline: The return expected from here on, [N].
        location: Where a deterministic policy looks next, [N, 2].
        action_logits: Scores of the actions after the glimpse, [N, A]; A is 0
            where the model only looks.
        stop_logit: Of having seen enough, [N, 1]; [N, 0] where the model looks
            T times at everything.
    """

    logits: tf.Tensor
    baseline: tf.Tensor
    location: tf.Tensor
    action_logits: tf.Tensor
    stop_logit: tf.Tensor


def join(parts: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """Parts [..., width] by name, those that there are, as one tensor."""
    return tf.concat([parts[n] for n in _COLUMNS if n in parts], axis=-1)


def split(output: tf.Tensor, widths: Mapping[str, int]) -> CellOutput:
    """Divides what `join` made of parts of such widths."""
    sizes = [widths.get(name, 0) for name in _COLUMNS]
    parts = CellOutput(*tf.split(output, sizes, axis=-1))
    return parts._replace(baseline=parts.baseline[..., 0])
