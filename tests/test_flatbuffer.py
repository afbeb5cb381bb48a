"""What a .tflite file holds: checked, made smaller, quantised."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from ram_tf.export import flatbuffer
from ram_tf.export.tflite import from_functions

INPUTS, OUTPUTS = 5, 3


def _converted(function, *shape, weights=()):
    traced = tf.function(function, autograph=False).get_concrete_function(
        tf.TensorSpec(shape, tf.float32, "x")
    )
    return from_functions({"run": traced}, weights)


@pytest.fixture(scope="module")
def linear():
    """A file of two linear maps, and their kernels."""
    rng = np.random.default_rng(0)
    kernels = [
        keras.Variable(rng.normal(size=[INPUTS, OUTPUTS]).astype("f"))
        for _ in range(2)
    ]

    def run(x):
        first, second = (tf.matmul(x, k.value) for k in kernels)
        return {"first": first, "second": second, "zeros": tf.zeros([1, 40])}

    content = _converted(run, 1, INPUTS, weights=kernels)
    return content, [kernel.numpy() for kernel in kernels]


def _run(content, x):
    interpreter = Interpreter(model_content=content)
    return interpreter.get_signature_runner("run")(x=x)


X = np.linspace(-1, 1, INPUTS, dtype="f")[None]


def test_weights_are_in_the_file(linear):
    content, kernels = linear
    outputs = _run(content, X)
    np.testing.assert_allclose(outputs["first"], X @ kernels[0], rtol=1e-5)
    np.testing.assert_allclose(outputs["second"], X @ kernels[1], rtol=1e-5)


def test_operators(linear):
    flat = flatbuffer.read(linear[0])
    assert flatbuffer.operators(flat) == ["FULLY_CONNECTED"]
    flatbuffer.check_builtin(flat)


def test_an_operator_that_is_not_built_in_is_refused():
    def look(x):
        return {"glimpse": tf.image.extract_glimpse(x, [3, 3], [[0.0, 0.0]])}

    flat = flatbuffer.read(_converted(look, 1, 9, 9, 1))
    with pytest.raises(ValueError, match=r"built in.*CUSTOM:ExtractGlimpse"):
        flatbuffer.check_builtin(flat)


def test_variables_are_refused():
    total = keras.Variable(0.0)

    def add(x):
        return {"total": total.value.assign_add(tf.reduce_sum(x))}

    flat = flatbuffer.read(_converted(add, 2, weights=[total]))
    with pytest.raises(ValueError, match=r"no variables.*VAR_HANDLE"):
        flatbuffer.check_builtin(flat)


def test_a_variable_tensor_is_refused(linear):
    flat = flatbuffer.read(linear[0])
    flat.subgraphs[0].tensors[0].isVariable = True
    with pytest.raises(ValueError, match="Received: a variable tensor"):
        flatbuffer.check_builtin(flat)


def test_shrink_keeps_what_is_computed(linear):
    content, _ = linear
    flat = flatbuffer.read(content)
    flatbuffer.shrink(flat)
    small = flatbuffer.write(flat)
    assert len(small) < len(content)
    before, after = _run(content, X), _run(small, X)
    assert before.keys() == after.keys()
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value)
    names = [t.name for t in flatbuffer.read(small).subgraphs[0].tensors]
    assert sorted(filter(None, names)) == [b"first", b"second", b"x", b"zeros"]


def test_buffers_are_aligned(linear):
    flat = flatbuffer.read(linear[0])
    flatbuffer.shrink(flat)
    content = flatbuffer.write(flat)
    start = np.frombuffer(content, np.uint8).ctypes.data
    placed = [b.data for b in flatbuffer.read(content).buffers]
    placed = [data.ctypes.data - start for data in placed if data is not None]
    assert len(placed) >= 3
    assert {place % 16 for place in placed} == {0}


def test_quantise_is_a_scale_for_each_output(linear):
    content, kernels = linear
    flat = flatbuffer.read(content)
    flatbuffer.quantise(flat, keep=[kernels[1]])
    outputs = _run(flatbuffer.write(flat), X)
    scale = np.abs(kernels[0]).max(axis=0) / 127
    rounded = np.rint(kernels[0] / scale) * scale
    # x is quantised as well: 255 steps from -1 to 1.
    atol = (1 / 255) * np.abs(rounded).sum(axis=0).max()
    np.testing.assert_allclose(outputs["first"], X @ rounded, atol=atol)
    assert np.abs(outputs["first"] - X @ kernels[0]).max() > 1e-6
    np.testing.assert_allclose(outputs["second"], X @ kernels[1], rtol=1e-5)


def test_weights_that_are_all_zero_are_quantised():
    kernel = keras.Variable(np.zeros([INPUTS, OUTPUTS], "f"))
    kernel.assign(np.eye(INPUTS, OUTPUTS) * [1.0, 0.0, 2.0])
    content = _converted(
        lambda x: {"y": tf.matmul(x, kernel.value)},
        1,
        INPUTS,
        weights=[kernel],
    )
    flat = flatbuffer.read(content)
    flatbuffer.quantise(flat, keep=[])
    outputs = _run(flatbuffer.write(flat), X)
    np.testing.assert_allclose(outputs["y"], [[-1, 0, 0]], atol=0.02)


def test_a_kernel_to_keep_must_be_there(linear):
    flat = flatbuffer.read(linear[0])
    with pytest.raises(ValueError, match="not among the weights"):
        flatbuffer.quantise(flat, keep=[np.ones([2, 3], "f")])
