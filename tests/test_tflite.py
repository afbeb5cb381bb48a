"""The .tflite files against the Keras model, run by LiteRT itself."""

import hashlib
import json

import numpy as np
import pytest
import seeker
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from tensorflow.lite.python import schema_py_generated as schema

from ram_tf import GlimpseSensor, RecurrentAttentionModel
from ram_tf.comparators import make_comparator
from ram_tf.evaluation.images import Rollouts
from ram_tf.export import flatbuffer, tflite
from ram_tf.export.agreement import Disagreement, disagreements
from ram_tf.pretrained import load_pretrained, record
from ram_tf_commands import device
from ram_tf_data.batches import evaluation_set
from ram_tf_data.errors import UserError
from ram_tf_data.sources import Split
from ram_tf_runs.settings.run import from_record
from ram_tf_runs.tasks.registry import task_of

SIDE = 28
RECORD = {
    "test_error": 1.5,
    "test_error_by_glimpse": [9.0, 3.0, 1.5],
    "test_cases": 10000,
    "config": {"source": "digits"},
    "git_revision": "0" * 40,
    "seconds": 3.0,
}


def _save(model, directory, **kwargs):
    return tflite.save_tflite(model, SIDE, directory, "small", **kwargs)


def _signature(path, name="classify"):
    return Interpreter(str(path)).get_signature_runner(name)


def _about(path):
    return json.loads(path.with_suffix(".json").read_text())


@pytest.fixture
def images(digits):
    return digits.test.image[:60]


@pytest.fixture(scope="module")
def model():
    model = RecurrentAttentionModel(
        num_classes=10, glimpses=3, glimpse_size=5, scales=3, core_units=64
    )
    model.build((None, SIDE, SIDE, 1))
    model.cell.location_policy.dense.bias.assign([0.3, -0.2])
    return model


@pytest.fixture(scope="module")
def files(model, tmp_path_factory):
    """The float32 file and the int8 file."""
    return _save(model, tmp_path_factory.mktemp("export"), record=RECORD)


def _play(path, images):
    classify = _signature(path)
    outputs = [classify(image=image[None]) for image in images]
    return {
        name: np.concatenate([output[name] for output in outputs])
        for name in outputs[0]
    }


def test_float32_is_the_keras_model(model, files, images):
    outputs, expected = _play(files[0], images), model(images)
    by_glimpse = expected["probabilities"].numpy()
    # A window that starts next to a boundary may be read a pixel further.
    close = np.isclose(
        outputs["probabilities_by_glimpse"], by_glimpse, atol=1e-5
    ).all(axis=(1, 2))
    assert close.mean() > 0.96
    np.testing.assert_allclose(
        outputs["locations"][close], expected["locations"][close], atol=1e-5
    )
    np.testing.assert_array_equal(
        outputs["class"][close], by_glimpse[close, -1].argmax(-1)
    )
    np.testing.assert_array_equal(
        outputs["probabilities"], outputs["probabilities_by_glimpse"][:, -1]
    )


def test_int8_is_near(model, files, images):
    outputs, expected = _play(files[1], images), model(images)
    error = np.abs(
        outputs["probabilities_by_glimpse"] - expected["probabilities"]
    )
    assert 0 < np.median(error) < 0.01
    same = outputs["class"] == expected["probabilities"][:, -1].numpy().argmax(
        -1
    )
    assert same.mean() > 0.9


@pytest.mark.parametrize("which", [0, 1])
def test_steps_are_what_classify_does(files, images, which):
    path = files[which]
    step, classify = _signature(path, "step"), _signature(path)
    start = _about(path)["initial_state"]
    for image in images[:5, None]:
        state = {k: np.array(v, "f") for k, v in start.items()}
        whole = classify(image=image)
        for t in range(3):
            np.testing.assert_allclose(
                state["location"], whole["locations"][:, t], atol=1e-5
            )
            state = step(frame=image, **state)
            np.testing.assert_allclose(
                state.pop("probabilities"),
                whole["probabilities_by_glimpse"][:, t],
                atol=1e-5,
            )


@pytest.mark.parametrize("which", [0, 1])
def test_built_in_operators_and_no_variables(files, which):
    flat = flatbuffer.read(files[which].read_bytes())
    flatbuffer.check_builtin(flat)
    names = set(flatbuffer.operators(flat))
    assert {"SLICE", "FULLY_CONNECTED", "SOFTMAX"} <= names
    assert names <= set(vars(schema.BuiltinOperator)) - {"CUSTOM", "DELEGATE"}


def test_images_are_cut_before_they_are_cast(files):
    flat = flatbuffer.read(files[0].read_bytes())
    pixels = [
        np.prod(graph.tensors[op.inputs[0]].shape)
        for graph in flat.subgraphs
        for op in graph.operators
        if flatbuffer.operator_name(flat, op) == "CAST"
    ]
    windows = [5, 10, 20]
    assert pixels
    assert max(pixels) == windows[-1] ** 2


def _types(path):
    """Types of the weights of linear maps by their shape [out, in]."""
    flat = flatbuffer.read(path.read_bytes())
    types = {}
    for graph in flat.subgraphs:
        for op in graph.operators:
            if flatbuffer.operator_name(flat, op) == "FULLY_CONNECTED":
                weights = graph.tensors[op.inputs[1]]
                shape = tuple(map(int, weights.shape))
                types.setdefault(shape, set()).add(weights.type)
    return types


# The location head, and the encoding of the location.
LOCATION = {(2, 64), (128, 2)}


def test_only_what_concerns_locations_is_float_in_int8(files):
    floats, types = _types(files[0]), _types(files[1])
    assert floats.keys() == types.keys() > LOCATION
    for shape, found in types.items():
        kept = shape in LOCATION
        kind = schema.TensorType.FLOAT32 if kept else schema.TensorType.INT8
        assert found == {kind}, shape
    assert set.union(*floats.values()) == {schema.TensorType.FLOAT32}


def test_weights_are_stored_once(model, files):
    weights = sum(int(np.prod(w.shape)) for w in model.weights)
    for path, bytes_a_weight in zip(files, (4, 1), strict=True):
        graph = path.stat().st_size - bytes_a_weight * weights
        assert 0 < graph < 60_000


@pytest.mark.parametrize("block", [6, 1])
def test_sides_that_leave_room_of_six_or_one_pixels(
    make_model, tmp_path, block
):
    # The place of a window is clipped to 0..6: TFLite's converter would make
    # an operator of floats of that.
    side = 4 + block
    model = make_model(scales=1, location_std=0.5)
    path, _ = tflite.save_tflite(model, side, tmp_path, "six")
    shape = [3, 1, side, side, 1]
    images = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    classify = _signature(path, "classify")
    for image in images:
        np.testing.assert_allclose(
            classify(image=image)["probabilities"],
            model(image)["probabilities"][:, -1],
            atol=1e-5,
        )


def test_lstm_without_classes_in_colour(make_model, tmp_path):
    model = make_model(channels=3, core="lstm", num_classes=None)
    path, _ = tflite.save_tflite(model, 12, tmp_path, "lstm")
    about = _about(path)
    assert about["labels"] == []
    assert list(about["signatures"]) == ["step"]
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, [4, 1, 12, 12, 3], np.uint8)
    state = {k: np.array(v, "f") for k, v in about["initial_state"].items()}
    assert list(state) == ["core", "core_memory", "location"]
    states, step = list(state.values()), _signature(path, "step")
    for frame in frames:
        state = step(frame=frame, **state)
        _, states = model.cell(tf.constant(frame), states)
        for name, value in zip(model.cell.state_names, states, strict=True):
            np.testing.assert_allclose(state[name], value, atol=1e-5)


def test_large_location_layers_stay_float(make_model, tmp_path):
    # The converter's own quantisation leaves only small weights alone.
    model = make_model(glimpses=1, location_units=640, core_units=600)
    _, path = tflite.save_tflite(model, 12, tmp_path, "large")
    types = _types(path)
    for shape in [(640, 2), (2, 600)]:
        assert types[shape] == {schema.TensorType.FLOAT32}


SHAPES = [(60, 60, 1, 12, 3), (51, 47, 1, 7, 3), (5, 9, 2, 6, 2)]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_sensor_gives_the_same_bits_there(shape):
    height, width, channels, size, scales = shape
    sensor = GlimpseSensor(size, scales, "slices")
    see = tf.function(
        lambda image, at: {"glimpse": sensor(image, at)}, autograph=False
    ).get_concrete_function(
        tf.TensorSpec([1, height, width, channels], tf.uint8, "image"),
        tf.TensorSpec([1, 2], tf.float32, "at"),
    )
    content = tflite.from_functions({"see": see}, [])
    run = Interpreter(model_content=content).get_signature_runner("see")
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, [1, height, width, channels], np.uint8)
    # Between, on and beyond the edges, on pixels and next to them.
    pixels = rng.integers(-height, 3 * height, [300, 2]) / 2
    at = (2 * pixels / [height, width] - 1).astype("f")
    at[::3] += rng.normal(0, 1e-6, at[::3].shape)
    at[1::3] = rng.normal(0, 0.8, at[1::3].shape)
    np.testing.assert_array_equal(
        np.concatenate([run(image=image, at=a[None])["glimpse"] for a in at]),
        GlimpseSensor(size, scales, "gather")(image, at),
    )


def test_sidecar(model, files):
    for path, name in zip(files, ("float32", "int8"), strict=True):
        about, content = _about(path), path.read_bytes()
        assert about["bytes"] == len(content)
        assert about["sha256"] == hashlib.sha256(content).hexdigest()
        assert about["quantisation"]["name"] == name
        assert about["labels"] == list("0123456789")
        assert about["standardise"] is False
        assert about["windows"] == [5, 10, 20]
        assert about["sensor"] == "exact"
        assert about["location_unit_in_pixels"] == 14
        assert about["licence"] == "Apache-2.0"
        assert about["measured"]["test_error"] == 1.5
        assert about["measured"]["config"] == {"source": "digits"}
        assert "seconds" not in about["measured"]
        runner = _signature(path)
        signature = about["signatures"]["classify"]
        for kind, details in [
            ("inputs", runner.get_input_details()),
            ("outputs", runner.get_output_details()),
        ]:
            assert signature[kind].keys() == details.keys()
            for tensor, said in signature[kind].items():
                assert said["shape"] == details[tensor]["shape"].tolist()
                assert said["dtype"] == np.dtype(details[tensor]["dtype"]).name
                assert said["meaning"]


def test_bad_arguments(model, tmp_path):
    with pytest.raises(ValueError, match="`side` must be a positive integer"):
        tflite.save_tflite(model, 0, tmp_path, "x")
    with pytest.raises(ValueError, match=r"`labels` must have shape \[10\]"):
        tflite.save_tflite(model, SIDE, tmp_path, "x", labels=["a", "b"])
    conv = make_comparator("conv", SIDE)
    with pytest.raises(ValueError, match=r"looks.*Received: Comparator"):
        tflite.save_tflite(conv, SIDE, tmp_path, "x")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_released_model_has_the_size_and_the_answers(mnist, tmp_path):
    model, settings = load_pretrained("cluttered"), record("cluttered")
    task = task_of(from_record(settings["config"]))
    paths = tflite.save_tflite(model, task.side, tmp_path, "paper")
    sizes = [path.stat().st_size for path in paths]
    assert sizes[0] <= 1_150_000
    assert sizes[1] <= 360_000
    data = evaluation_set(Split(*(a[:500] for a in mnist.test)), task.canvas)
    expected = model(data["image"])["probabilities"][:, -1].numpy().argmax(-1)
    float32, int8 = (_play(path, data["image"])["class"] for path in paths)
    assert (float32 != expected).sum() <= 1
    wrong = [(a != data["label"]).mean() for a in (expected, int8)]
    assert wrong[1] <= wrong[0] + 0.01


def _rollouts(locations, classes):
    return Rollouts(
        np.eye(3)[np.array(classes)][:, None], np.float32(locations)
    )


def test_disagreements_are_traced():
    # Windows of 12 on 60 pixels start at 30 y + 24: at 27 for y = 0.1.
    at, off = 0.1, 1e-6
    reference = [[[at + off, 0.0]], [[0.5, 0.5]], [[at + off, 0.0]]]
    other = [[[at - off, 0.0]], [[0.5, 0.5]], [[at - off, 0.0]]]
    found = disagreements(
        _rollouts(reference, [0, 1, 2]),
        _rollouts(other, [1, 2, 2]),
        np.zeros([3, 60, 60, 1], np.uint8),
        GlimpseSensor(12),
        None,
    )
    assert found[0][:2] == (0, 0)
    assert found[0].margin == pytest.approx(30 * off, abs=3e-6)
    # The second saw the same; the third gave the same answer.
    assert found[1:] == [Disagreement(1, None, None)]


@pytest.mark.parametrize(
    "make",
    [lambda make: make(stop=True), lambda make: seeker.make_model()],
    ids=["stop", "pyramid"],
)
def test_a_file_for_a_batch(make_model, tmp_path, make):
    model = make(make_model)
    path, small = tflite.save_tflite(model, 12, tmp_path, "two", batch=2)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, [2, 12, 12, 1], np.uint8)
    outputs, expected = _signature(path)(image=images), model(images)
    np.testing.assert_allclose(
        outputs["probabilities_by_glimpse"],
        expected["probabilities"],
        atol=1e-5,
    )
    about = _about(path)
    assert about["batch"] == 2
    assert len(about["initial_state"]["core"]) == 2
    tool = device.DeviceModel(path)
    answers = tool(images)
    last = outputs["probabilities"]
    np.testing.assert_allclose(answers["probabilities"], last, atol=1e-6)
    if "glimpses_used" in outputs:
        np.testing.assert_array_equal(
            answers["glimpses_used"], outputs["glimpses_used"]
        )
    assert device.DeviceModel(small).batch == 2
    for other in (images[:1], images[0], np.tile(images, [2, 1, 1, 1])):
        with pytest.raises(UserError, match=r"takes images \[2, 12, 12, 1\]"):
            tool(other)
