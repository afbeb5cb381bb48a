"""What a model costs: one home for its arithmetic and for what it sees.

Multiply-adds are those of matrix products and convolutions; pooling, biases and
activations, a few per cent beside them, are left out.
"""

import math

import keras

from ram_tf.comparators import Comparator
from ram_tf.model import RecurrentAttentionModel

Model = RecurrentAttentionModel | Comparator


def cost(model: Model) -> dict[str, int | list[int]]:
    """All of the below, by name.

    Args:
        model: A built classifier.
    """
    return {
        "parameters": parameters(model),
        "multiply_adds_by_glimpse": multiply_adds_by_glimpse(model),
        "pixels_by_glimpse": pixels_by_glimpse(model),
    }


def parameters(model: Model) -> int:
    """Numbers that are learned; those of RAM's baseline are among them."""
    return sum(math.prod(w.shape) for w in model.trainable_weights)


def multiply_adds_by_glimpse(model: Model) -> list[int]:
    """Multiply-adds of an image that is classified after glimpse t, [T].

    Each glimpse runs the glimpse network, the core and the location network;
    the answer is computed once. Where there is a stop head, each glimpse runs
    that, too, and the answer that it asks for. The baseline has no part in it.
    """
    if isinstance(model, Comparator):
        return [_feed_forward(model)]
    cell = model.cell
    looking = [cell.glimpse_net, cell.core, cell.location_policy]
    answer = _products(cell.classifier)
    if cell.stop_policy:
        looking += [cell.stop_policy, cell.classifier]
        answer = 0  # It is there when the model stops.
    glimpse = sum(map(_products, looking))
    return [t * glimpse + answer for t in _glimpses(model)]


def training_flop(model: RecurrentAttentionModel) -> int:
    """Floating-point operations of training on one rollout of an image.

    Two a multiply-add forward, twice that backward. A baseline is computed at
    every glimpse, an answer at the last.
    """
    forward = multiply_adds_by_glimpse(model)[-1]
    return 6 * (forward + model.glimpses * _products(model.cell.baseline))


def pixels_by_glimpse(model: Model) -> list[int]:
    """Pixels sensed up to glimpse t, [T]: t * g * g * S, or the whole canvas.

    A pixel has C channels and is counted once.
    """
    if isinstance(model, Comparator):
        return [math.prod(model.image_shape[:2])]
    sensor = model.cell.sensor
    return [t * sensor.size**2 * sensor.scales for t in _glimpses(model)]


def _glimpses(model: RecurrentAttentionModel) -> range:
    return range(1, model.glimpses + 1)


def _products(layer: keras.layers.Layer) -> int:
    """Multiply-adds of a layer that uses each of its matrices once."""
    matrices = [w for w in layer.trainable_weights if len(w.shape) == 2]
    return sum(math.prod(matrix.shape) for matrix in matrices)


def _feed_forward(model: Comparator) -> int:
    """A Dense kernel is used once at each position of the layer's output."""
    total, shape = 0, (None, *model.image_shape)
    for stage in model.stages:
        shape = stage.compute_output_shape(shape)
        if hasattr(stage, "kernel"):
            total += math.prod(shape[1:-1]) * math.prod(stage.kernel.shape)
    return total
