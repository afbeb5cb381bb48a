"""Several steps of `fit` in one compiled program.

Keras calls the program of a step again and again, also where
`steps_per_execution` is more than one. A call has a cost of its own, which is
paid once here.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

_Batch = Any  # Images, labels and perhaps weights, as Keras nests them.
_Logs = dict[str, tf.Tensor]


def together(
    train_step: Callable[[_Batch], Any],
    measured: Callable[[], _Logs],
    most: int,
) -> Callable[[Iterator[_Batch]], _Logs]:
    """What Keras calls for the next steps of an epoch.

    Args:
        train_step: Makes one.
        measured: What is told after them.
        most: Steps of a call; the last one of an epoch may have fewer.

    Returns:
        A function of an iterator over batches. It raises StopIteration if
        there are none.
    """

    @tf.function(jit_compile=True, autograph=False, reduce_retracing=True)
    def steps(batches, count):
        def step(k):
            train_step(_mapped(lambda values: values[k], batches))
            return (k + 1,)

        tf.while_loop(lambda k: k < count, step, (tf.constant(0),))
        return measured()

    def execution(iterator):
        batches = list(itertools.islice(iterator, most))
        if not batches:
            raise StopIteration
        # The last batch of an epoch may be smaller.
        for _, group in itertools.groupby(batches, _shapes):
            alike = list(group)
            padded = alike + [alike[-1]] * (most - len(alike))
            stacked = _mapped(lambda *parts: tf.stack(parts), *padded)
            logs = steps(stacked, tf.constant(len(alike)))
        return logs

    return execution


def _mapped(function: Callable[..., tf.Tensor], *batches: _Batch) -> _Batch:
    """Of each part that is there; what is not may be None or an Optional."""

    def of_part(*parts):
        absent = parts[0] is None or isinstance(
            parts[0], tf.experimental.Optional
        )
        return None if absent else function(*parts)

    return tf.nest.map_structure(of_part, *batches)


def _shapes(batch: _Batch) -> list[tuple[int, ...]]:
    return [
        tuple(getattr(part, "shape", ())) for part in tf.nest.flatten(batch)
    ]
