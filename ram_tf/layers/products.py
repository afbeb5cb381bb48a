"""Multiply-adds of anything, counted in the graph that it makes.

Those of matrix products and convolutions, whatever layers they come from; the
shapes are asked of the graph, so that a kernel that is used at many places
counts as often. Pooling, biases and activations are left out.
"""

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf


def multiply_adds(function: Callable, *specs: Any) -> int:
    """Multiply-adds of one call.

    Args:
        function: Called with tensors.
        *specs: Its arguments as `tf.TensorSpec`s of known shape, or nests of
            them.
    """
    traced = tf.function(function, autograph=False)
    return _of_graph(traced.get_concrete_function(*specs).graph)


def of_layer(layer) -> int:
    """Multiply-adds of a built layer that takes float32 tensors, for one row.

    Its inputs have the shapes, batch first, that it was built with.
    """
    return multiply_adds(layer, *map(spec, built_shapes(layer)))


def built_shapes(layer) -> list[tuple[Any, ...]]:
    """The shapes that a layer was built with, in the order of `build`.

    A size is an int, or None where any will do.
    """
    config = layer.get_build_config()
    if "input_shape" in config:
        return [tuple(config["input_shape"])]
    return [tuple(shape) for shape in config["shapes_dict"].values()]


def spec(shape) -> tf.TensorSpec:
    """The float32 `tf.TensorSpec` of one row of a shape [None, ...]."""
    return tf.TensorSpec([1, *shape[1:]], tf.float32)


def _of_graph(graph: tf.Graph) -> int:
    return sum(map(_of, graph.get_operations()))


def _of(op: tf.Operation) -> int:
    if op.type in ("PartitionedCall", "StatefulPartitionedCall"):
        # Some layers of Keras call a function of their own.
        called = op.get_attr("f").name
        return _of_graph(op.graph._get_function(called).graph)
    if op.type == "MatMul":
        inner = 0 if op.get_attr("transpose_a") else 1
        return _size(op.outputs[0]) * op.inputs[0].shape[inner]
    if op.type in ("BatchMatMulV2", "BatchMatMulV3"):
        inner = -2 if op.get_attr("adj_x") else -1
        return _size(op.outputs[0]) * op.inputs[0].shape[inner]
    if op.type == "Conv2D":
        # A kernel [h, w, in, out] gives `out` numbers a place.
        filters = op.inputs[1]
        return _size(op.outputs[0]) * _size(filters) // filters.shape[-1]
    if op.type == "DepthwiseConv2dNative":
        return _size(op.outputs[0]) * math.prod(op.inputs[1].shape[:2])
    if op.type == "Einsum":
        return _of_einsum(op)
    return 0


def _of_einsum(op: tf.Operation) -> int:
    """The product of all dimensions that have a letter."""
    terms = op.get_attr("equation").decode().partition("->")[0].split(",")
    sizes = {
        letter: size
        for term, tensor in zip(terms, op.inputs, strict=True)
        for letter, size in zip(term, tensor.shape, strict=True)
    }
    return math.prod(sizes.values())


def _size(tensor: tf.Tensor) -> int:
    return math.prod(tensor.shape)
