"""What Keras' `fit` and `evaluate` are given: images with their labels.

Arrays are checked whole, before anything is compiled. What a dataset, a
generator or a PyDataset gives is checked batch by batch on its way, outside of
what XLA compiles, which drops assertions.
"""

import inspect
import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ram_tf.errors import UserError
from ram_tf.gate import check_arrays
from ram_tf.validation import check_labels

_LABELS = (
    "Labels must be plain integers of shape [N], one class an image: take "
    "labels.argmax(-1) of one-hot rows, labels[:, 0] of a column, and "
    'labels.astype("int32") of floats. Received: '
)
_WITHOUT = "Labels must come with the images. Received: images alone"


class Given(NamedTuple):
    """What Keras is given on.

    Attributes:
        x: An array of images, or batches of (images, labels).
        y: Labels, or None where `x` has them.
        shape: Of images, [N, H, W, C] or [N, T, H, W, C].
    """

    x: Any
    y: Any
    shape: tuple[int | None, ...]


def checked(images: Any, labels: Any, num_classes: int) -> Given:
    """Images and labels in one of the forms that Keras takes.

    Args:
        images: An array or a tensor; or a tf.data.Dataset, a generator or a
            keras.utils.PyDataset of batches (images, labels).
        labels: An array, a tensor, a pandas.Series or a list of integers; None
            where `images` has them.
        num_classes: K.

    Raises:
        UserError: On bad images or labels, where Python sees them. Labels of a
            dataset that are outside [0, K) raise InvalidArgumentError when
            they come.
    """
    if isinstance(images, tf.data.Dataset):
        return _checked_dataset(images, num_classes)
    if isinstance(images, keras.utils.PyDataset):
        shape = np.shape(_checked_batch(images[0], num_classes)[0])
        return Given(_CheckedBatches(images, num_classes), labels, shape)
    if inspect.isgenerator(images):
        return _checked_generator(images, num_classes)
    if not hasattr(images, "shape"):
        raise UserError(
            "Images must be one array [N, H, W, C] (numpy.stack(images) makes "
            "it of a list), or a tf.data.Dataset, a generator or a PyDataset "
            f"of batches (images, labels). Received: {type(images).__name__}"
        )
    if labels is None:
        raise UserError(_WITHOUT)
    check_arrays(images)
    return Given(images, plain(labels, num_classes), tuple(images.shape))


def plain(labels: Any, num_classes: int) -> np.ndarray | tf.Tensor:
    """Labels [N] as an array or a tensor.

    Raises:
        UserError: On labels of another shape or kind, or outside [0, K).
    """
    if not tf.is_tensor(labels):
        labels = np.asarray(labels)
    _check_kind(labels.shape, tf.as_dtype(labels.dtype))
    if labels.shape[0]:
        check_labels(tf.convert_to_tensor(labels), num_classes)
    return labels


def _check_kind(shape, dtype: tf.DType) -> None:
    if len(shape) != 1 or not dtype.is_integer:
        raise UserError(f"{_LABELS}shape={tuple(shape)}, dtype={dtype.name}")


def _checked_batch(batch: Any, num_classes: int) -> tuple[Any, ...]:
    images, labels, weights = keras.utils.unpack_x_y_sample_weight(batch)
    if labels is None:
        raise UserError(_WITHOUT)
    check_arrays(images)
    labels = plain(labels, num_classes)
    return (images, labels, *([] if weights is None else [weights]))


def _checked_generator(batches: Iterator[Any], num_classes: int) -> Given:
    first = [_checked_batch(batch, num_classes) for batch in _first(batches)]

    def checked():
        yield from first
        for batch in batches:
            yield _checked_batch(batch, num_classes)

    # Keras tells of an empty one.
    return Given(checked(), None, np.shape(first[0][0]) if first else ())


def _first(batches: Iterable[Any]) -> Iterable[Any]:
    return itertools.islice(batches, 1)


def _checked_dataset(batches: tf.data.Dataset, num_classes: int) -> Given:
    spec = batches.element_spec
    if not isinstance(spec, tuple) or len(spec) < 2:
        raise UserError(_WITHOUT)
    images, labels = spec[:2]
    if labels.shape.rank == 0:
        raise UserError(
            "A dataset must give batches: call its `batch` first. Received: "
            f"images of shape {tuple(images.shape)}, each with its label"
        )
    _check_kind(labels.shape, labels.dtype)

    def checked(images, labels, *weights):
        low, high = tf.reduce_min(labels), tf.reduce_max(labels)
        inside = (low >= 0) & (tf.cast(high, tf.int64) < num_classes)
        rule = f"Labels must lie in [0, {num_classes}). Received: labels from"
        check = tf.debugging.Assert(inside, [rule, low, "to", high])
        with tf.control_dependencies([check]):
            return (images, tf.identity(labels), *weights)

    return Given(batches.map(checked), None, tuple(images.shape))


class _CheckedBatches(keras.utils.PyDataset):
    """The batches of another one, checked."""

    def __init__(self, batches: keras.utils.PyDataset, num_classes: int):
        super().__init__(
            workers=batches.workers,
            use_multiprocessing=batches.use_multiprocessing,
            max_queue_size=batches.max_queue_size,
        )
        self._batches = batches
        self._num_classes = num_classes

    @property
    def num_batches(self):
        return self._batches.num_batches

    def __len__(self):
        return len(self._batches)

    def __getitem__(self, index):
        return _checked_batch(self._batches[index], self._num_classes)

    def on_epoch_begin(self):
        self._batches.on_epoch_begin()

    def on_epoch_end(self):
        self._batches.on_epoch_end()
