"""Checks of requests, inside the exported graph.

Each failure is an InvalidArgumentError with a sentence, which TensorFlow
Serving passes on as INVALID_ARGUMENT. Inputs are traced with unknown shapes, or
a wrong one would be refused before, in less clear words.
"""

import tensorflow as tf

from ram_tf.layers.cell import RAMCell
from ram_tf.layers.glimpse_sensor import GlimpseSensor


def checked_images(
    images: tf.Tensor, channels: int, max_side: int
) -> tf.Tensor:
    """Images of unknown shape as [B, H, W, C] with at least one pixel.

    The values of float images are left to `CheckedSensor`: the cost must not
    grow with the image.
    """
    sizes = tf.shape(images)
    # Zeros stand in for what a lower rank lacks.
    batch, height, width, depth = tf.unstack(tf.pad(sizes, [[0, 4]])[:4], 4)
    checked = _check(
        sizes,
        {
            "Images must have rank 4: [batch, height, width, channels].": (
                tf.size(sizes) == 4
            ),
            f"Images must have {channels} channels.": depth == channels,
            "The batch must not be empty.": batch > 0,
            f"The sides of an image must be 1 to {max_side} pixels.": (
                (tf.minimum(height, width) > 0)
                & (tf.maximum(height, width) <= max_side)
            ),
        },
    )
    with tf.control_dependencies([checked]):
        images = tf.identity(images)
    return tf.ensure_shape(images, [None, None, None, channels])


def checked_state(
    state: dict[str, tf.Tensor], cell: RAMCell, frames: tf.Tensor
) -> dict[str, tf.Tensor]:
    """A state by name, finite, with a row for each of frames [B, H, W, C]."""
    batch = tf.shape(frames)[0]
    return {
        name: _checked_entry(name, state[name], size, batch)
        for name, size in zip(cell.state_names, cell.state_size, strict=True)
    }


def checked_streams(streams: tf.Tensor) -> tf.Tensor:
    """A vector of unknown shape as [B], with at least one entry."""
    sizes = tf.shape(streams)
    rule = "`stream` must be a vector with an entry for each stream."
    checked = _check(
        sizes, {rule: (tf.size(sizes) == 1) & (tf.size(streams) > 0)}
    )
    with tf.control_dependencies([checked]):
        streams = tf.identity(streams)
    return tf.ensure_shape(streams, [None])


class CheckedSensor:
    """A sensor that is traced once for all glimpses: the graph stays small.

    Args:
        sensor: What is called, as it is called.
    """

    def __init__(self, sensor: GlimpseSensor):
        self._sensor = tf.function(sensor, autograph=False)
        self.places = sensor.places
        self.contrast = sensor.contrast

    def __call__(self, images: tf.Tensor, locations: tf.Tensor) -> tf.Tensor:
        return self._sensor(images, locations)


def _checked_entry(name, entry, size, batch):
    sizes = tf.shape(entry)
    rule = f"`{name}` must have shape [batch, {size}], a row for each frame."
    same = tf.reduce_all(tf.pad(sizes, [[0, 2]])[:2] == [batch, size])
    checked = _check(sizes, {rule: (tf.size(sizes) == 2) & same})
    with tf.control_dependencies([checked]):
        entry = tf.debugging.check_numerics(
            entry, f"`{name}` must be finite. Received"
        )
    return tf.ensure_shape(entry, [None, size])


def _check(sizes, rules):
    """Names the first of the rules that does not hold, by its sentence."""
    holds = tf.stack(list(rules.values()))
    broken = tf.argmin(tf.cast(holds, tf.int32))
    return tf.debugging.Assert(
        tf.reduce_all(holds),
        [tf.gather(list(rules), broken), "Received shape:", sizes],
        summarize=8,
    )
