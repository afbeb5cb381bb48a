"""What a model costs: one home for its arithmetic and for what it sees.

Multiply-adds are those of matrix products and convolutions; pooling, biases and
activations, a few per cent beside them, are left out. The model's parts are
asked for theirs.
"""

import math

import tensorflow as tf

from ram_tf.comparators import Comparator
from ram_tf.layers import products
from ram_tf.layers.cell import RAMCell
from ram_tf.model import RecurrentAttentionModel

Model = RecurrentAttentionModel | Comparator


def cost(model: Model) -> dict[str, int | list[int]]:
    """Every figure of this module, by the name of its function.

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

    Each glimpse runs the glimpse network, the core, the location network, and
    the heads that act, with those that they read: what stops, runs the answer.
    An answer that none of these reads is computed once. The baseline has no
    part in it.
    """
    if isinstance(model, Comparator):
        return [sum(map(products.of_layer, model.stages))]
    cell = model.cell
    acting = [head for head in cell.heads.values() if head.acts]
    each = {head.key for head in acting}.union(*(h.reads for h in acting))
    once = set(cell.heads) - each
    glimpse = (
        cell.glimpse_net.multiply_adds()
        + _of_core(cell)
        + cell.location_policy.multiply_adds()
        + sum(cell.heads[key].multiply_adds() for key in each)
    )
    answer = sum(cell.heads[key].multiply_adds() for key in once)
    return [t * glimpse + answer for t in _glimpses(model)]


def training_flop(model: RecurrentAttentionModel) -> int:
    """Floating-point operations of training on one rollout of an image.

    Two a multiply-add forward, twice that backward. A baseline is computed at
    every glimpse, an answer at the last.
    """
    forward = multiply_adds_by_glimpse(model)[-1]
    baseline = products.of_layer(model.cell.baseline)
    return 6 * (forward + model.glimpses * baseline)


def pixels_by_glimpse(model: Model) -> list[int]:
    """Pixels sensed up to glimpse t, [T]: t * g * g * S, or the whole canvas.

    A pixel has C channels and is counted once.
    """
    if isinstance(model, Comparator):
        return [math.prod(model.image_shape[:2])]
    sensor = model.cell.sensor
    each = sensor.size**2 * model.cell.built_scales
    return [t * each for t in _glimpses(model)]


def _glimpses(model: RecurrentAttentionModel) -> range:
    return range(1, model.glimpses + 1)


def _of_core(cell: RAMCell) -> int:
    core, _ = cell.divide(cell.get_initial_state(1))
    encoded = tf.TensorSpec([1, cell.glimpse_net.units], tf.float32)
    return products.multiply_adds(
        cell.remember, encoded, list(map(tf.TensorSpec.from_tensor, core))
    )
