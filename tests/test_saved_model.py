"""The SavedModel against the Keras model that it was made of."""

import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from ram_tf import pretrained
from ram_tf.served.saved_model import save_saved_model
from ram_tf_runs.settings.run import from_record
from ram_tf_runs.tasks.registry import task_of

CLOSE = {"rtol": 1e-5, "atol": 1e-6}


@pytest.fixture(scope="module")
def loaded(exported):
    return tf.saved_model.load(exported[1])


def _call(loaded, signature, **inputs):
    outputs = loaded.signatures[signature](
        **{name: tf.constant(value) for name, value in inputs.items()}
    )
    return {name: value.numpy() for name, value in outputs.items()}


def _check_against(model, images, outputs):
    expected = model(images)
    by_glimpse = expected["probabilities"].numpy()
    np.testing.assert_allclose(
        outputs["locations"], expected["locations"], **CLOSE
    )
    np.testing.assert_allclose(
        outputs["probabilities_by_glimpse"], by_glimpse, **CLOSE
    )
    np.testing.assert_allclose(
        outputs["probabilities"], by_glimpse[:, -1], **CLOSE
    )
    np.testing.assert_array_equal(outputs["class"], by_glimpse[:, -1].argmax(1))


def test_bundled_digits(exported, loaded, digits):
    images = digits.test.image
    outputs = _call(loaded, "serving_default", image=images)
    assert outputs["class"].dtype == np.int32
    assert len(np.unique(outputs["class"])) > 1
    _check_against(exported[0], images, outputs)
    images = images / np.float32(255)
    outputs = _call(loaded, "serving_float32", image=images)
    _check_against(exported[0], images, outputs)


def test_mnist(exported, loaded, mnist):
    images = mnist.test.image
    outputs = _call(loaded, "serving_default", image=images)
    _check_against(exported[0], images, outputs)


@pytest.mark.parametrize("sides", [(1, 1), (9, 11), (64, 5)])
def test_any_size(exported, loaded, sides):
    images = np.random.default_rng(0).integers(0, 256, [2, *sides, 1], np.uint8)
    outputs = _call(loaded, "serving_default", image=images)
    _check_against(exported[0], images, outputs)


def test_a_stream_of_one_image_is_the_still_image(loaded, digits):
    images = digits.test.image[:5]
    whole = _call(loaded, "serving_default", image=images)
    state = _call(loaded, "initial_state", stream=np.arange(5, dtype=np.int32))
    assert set(state) == {"core", "location"}
    for t in range(8):
        np.testing.assert_allclose(
            state["location"], whole["locations"][:, t], **CLOSE
        )
        state = _call(loaded, "step", frame=images, **state)
        np.testing.assert_allclose(
            state.pop("probabilities"),
            whole["probabilities_by_glimpse"][:, t],
            **CLOSE,
        )


def test_a_stream_of_frames_is_the_video(exported, loaded):
    rng = np.random.default_rng(0)
    video = rng.integers(0, 256, [3, 5, 30, 28, 1], np.uint8)
    outputs = exported[0](video)
    state = _call(loaded, "initial_state", stream=np.arange(3, dtype=np.int32))
    for t in range(5):
        np.testing.assert_allclose(
            state["location"], outputs["locations"][:, t], **CLOSE
        )
        state = _call(loaded, "step", frame=video[:, t], **state)
        np.testing.assert_allclose(
            state.pop("probabilities"), outputs["probabilities"][:, t], **CLOSE
        )


def test_a_model_without_classes(make_model, tmp_path):
    model = make_model(num_classes=None, core="lstm")
    save_saved_model(model, tmp_path)
    loaded = tf.saved_model.load(tmp_path)
    assert set(loaded.signatures) == {"initial_state", "step"}
    state = _call(loaded, "initial_state", stream=np.zeros([2], np.int32))
    frame = np.full([2, 9, 11, 1], 100, np.uint8)
    state = _call(loaded, "step", frame=frame, **state)
    assert set(state) == {"core", "core_memory", "location"}
    np.testing.assert_allclose(
        state["location"], model(frame)["locations"][:, 1], **CLOSE
    )


def test_max_side_is_a_number_of_pixels(make_model, tmp_path):
    with pytest.raises(ValueError, match=r"`max_side` must be .*max_side=0"):
        save_saved_model(make_model(), tmp_path, max_side=0)
    assert not list(tmp_path.iterdir())


def test_comparators_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must be a Recurr.*: Sequential"):
        save_saved_model(keras.Sequential(), tmp_path)


def test_what_is_not_seen_is_not_checked(exported, loaded):
    """Or the cost would grow with the image."""
    image = np.zeros([1, 64, 64, 1], np.float32)
    outputs = _call(loaded, "serving_float32", image=image)
    looked_at = (outputs["locations"][0] + 1) * 32
    assert np.abs(looked_at - 63).max(axis=1).min() > 8  # Half the window.
    image[0, 63, 63] = np.nan
    again = _call(loaded, "serving_float32", image=image)
    np.testing.assert_array_equal(again["locations"], outputs["locations"])


def test_a_session_restores_the_weights(exported, digits):
    """TensorFlow Serving runs a session, which restores by other ways."""
    images = digits.test.image[:3]
    v1 = tf.compat.v1
    with v1.Session(graph=tf.Graph()) as session:
        saved = v1.saved_model.load(session, ["serve"], str(exported[1]))
        signature = saved.signature_def["serving_default"]
        outputs = session.run(
            {name: info.name for name, info in signature.outputs.items()},
            {signature.inputs["image"].name: images},
        )
    _check_against(exported[0], images, outputs)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    # That of photographs has none at hand.
    [name for name in pretrained.classifiers() if name != "find"],
)
def test_released_models_answer_the_same(name, mnist, tmp_path, request):
    """All test cases; a window may start a pixel off by the last bit."""
    record = pretrained.record(name)
    model = pretrained.load_pretrained(name)
    save_saved_model(model, tmp_path)
    loaded = tf.saved_model.load(tmp_path)
    if record["config"]["source"] == "mnist":
        task = task_of(from_record(record["config"]))
        task.source = mnist
    else:
        signs = request.getfixturevalue("gtsrb_dir")
        task = task_of(from_record(record["config"]), signs)
    images = task.evaluated("test")["image"]
    classes = [
        (
            _call(loaded, "serving_default", image=batch)["class"],
            model(batch)["probabilities"][:, -1].numpy().argmax(-1),
        )
        for batch in np.array_split(images, 20)
    ]
    ours, expected = np.concatenate(classes, axis=1)
    assert len(ours) == record["test_cases"]
    assert np.sum(ours == expected) >= 0.9998 * len(ours)


@pytest.mark.slow
def test_saved_model_cli_gives_the_same_answers(exported, digits, tmp_path):
    images = digits.test.image[:3]
    np.save(tmp_path / "image.npy", images)
    subprocess.run(
        [
            pathlib.Path(sys.executable).with_name("saved_model_cli"),
            "run",
            f"--dir={exported[1]}",
            "--tag_set=serve",
            "--signature_def=serving_default",
            f"--inputs=image={tmp_path / 'image.npy'}",
            f"--outdir={tmp_path}",
        ],
        capture_output=True,
        check=True,
        timeout=300,
    )
    names = ("class", "locations", "probabilities", "probabilities_by_glimpse")
    outputs = {name: np.load(tmp_path / f"{name}.npy") for name in names}
    _check_against(exported[0], images, outputs)
