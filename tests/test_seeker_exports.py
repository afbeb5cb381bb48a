"""A policy that reads glimpses and remembers, in the forms others run."""

import json

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from seeker import STEPS, make_model

from ram_tf.cost import cost
from ram_tf.export import flatbuffer, tflite
from ram_tf.served import signatures
from ram_tf.served.saved_model import save_saved_model

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
pytestmark = pytest.mark.slow


@pytest.fixture
def model():
    return make_model(num_actions=2)


def _driven(model, images, step):
    """Outputs of T calls that feed the state back."""
    state = signatures.initial_state(model, len(images))
    found = []
    for _ in range(STEPS):
        found.append(step(images, state))
        state = {name: found[-1][name] for name in state}
    return found


def test_saved_model(model, images, tmp_path):
    save_saved_model(model, tmp_path)
    loaded = tf.saved_model.load(tmp_path).signatures
    outputs, expected = (
        loaded["serving_default"](image=tf.constant(images)),
        model(images),
    )
    for name in ("locations", "probabilities_by_glimpse"):
        key = name.replace("_by_glimpse", "")
        np.testing.assert_allclose(outputs[name], expected[key], **CLOSE)
    initial = loaded["initial_state"](stream=tf.zeros([4], tf.int32))
    assert set(initial) == set(model.cell.state_names)

    def step(images, state):
        return loaded["step"](frame=tf.constant(images), **state)

    found = _driven(model, images, step)
    for one, t in zip(found, range(STEPS), strict=True):
        np.testing.assert_allclose(
            one["probabilities"], expected["probabilities"][:, t], **CLOSE
        )
        np.testing.assert_array_equal(one["looks"], np.full([4, 1], t + 1))


def test_a_bad_memory_is_refused(model, images, tmp_path):
    save_saved_model(model, tmp_path)
    step = tf.saved_model.load(tmp_path).signatures["step"]
    state = signatures.initial_state(model, 4) | {"looks": tf.zeros([4, 2])}
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"`looks` must have shape"
    ):
        step(frame=tf.constant(images), **state)


@pytest.mark.parametrize("quantisation", ["float32", "int8"])
def test_tflite(model, images, quantisation):
    square = images[:, :9, :9]
    expected = model(square)
    flat = tflite.convert(model, 9)[quantisation]
    interpreter = Interpreter(model_content=flatbuffer.write(flat))
    classify = interpreter.get_signature_runner("classify")
    run = interpreter.get_signature_runner("step")
    close = CLOSE if quantisation == "float32" else {"atol": 0.05}
    for row in range(4):
        image = square[row : row + 1]
        answer = classify(image=image)
        np.testing.assert_allclose(
            answer["probabilities_by_glimpse"][0],
            expected["probabilities"][row],
            **close,
        )

        def step(images, state):
            state = {name: np.asarray(value) for name, value in state.items()}
            return run(frame=images, **state)

        last = _driven(model, image, step)[-1]
        np.testing.assert_allclose(
            last["probabilities"][0],
            expected["probabilities"][row, -1],
            **close,
        )
        np.testing.assert_array_equal(last["looks"], [[3]])


def test_the_sidecar_tells_of_the_memory(model, tmp_path):
    path, _ = tflite.save_tflite(model, 9, tmp_path, "seeker")
    about = json.loads(path.with_suffix(".json").read_text())
    step = about["signatures"]["step"]
    for part in ("inputs", "outputs"):
        told = step[part]["mean_fixation"]
        assert told["shape"] == [1, 2]
        assert "remembers" in told["meaning"]
    assert about["initial_state"]["looks"] == [[0]]


def test_its_cost_by_hand(model):
    """Features 6 x 32 cells; the action's head, 6 x 2, runs at each look."""
    encoder = 32 * 5 + 3 * 4 + 5 * 7 + 4 * 7
    core = 7 * 6 + 6 * 6
    each = encoder + core + 6 * 32 + 6 * 2
    found = cost(model)["multiply_adds_by_glimpse"]
    assert found == [t * each + 6 * 3 for t in (1, 2, 3)]
