"""`model.export`, as Keras has it, and what is loaded from there."""

import numpy as np
import pytest
import tensorflow as tf

from ram_tf import RecurrentAttentionModel, UserError
from ram_tf.served.pictures import Pictures

IMAGES = np.random.default_rng(0).integers(0, 256, [3, 20, 24, 1], np.uint8)
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


@pytest.fixture(scope="module")
def exported(make_model, tmp_path_factory):
    """A model, and what Keras' users load of it."""
    model = make_model()
    path = tmp_path_factory.mktemp("keras") / "model"
    model.export(path, verbose=False)
    return model, tf.saved_model.load(path)


def test_bytes_and_floats_are_answered_as_predict_does(exported):
    model, loaded = exported
    expected = model.predict(IMAGES, verbose=0)["probabilities"]
    floats = IMAGES / np.float32(255)
    for name, images in ("default", IMAGES), ("float32", floats):
        signature = loaded.signatures[f"serving_{name}"]
        for outputs in (
            signature(image=tf.constant(images)),
            loaded.serve(images),
        ):
            np.testing.assert_allclose(
                outputs["probabilities_by_glimpse"], expected, **CLOSE
            )
            np.testing.assert_array_equal(
                outputs["class"], expected[:, -1].argmax(-1)
            )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: 255 * x, "float32 images must lie in"),
        (lambda x: 2 * x - 1, "float32 images must lie in"),
        (lambda x: (x - 0.13) / 0.31, "float32 images must lie in"),
        (lambda x: x * np.nan, "Images must be finite"),
    ],
)
def test_values_outside_the_range_are_refused(exported, change, words):
    images = change(IMAGES / np.float32(255)).astype(np.float32)
    _, loaded = exported
    for call in (
        lambda: loaded.signatures["serving_float32"](image=tf.constant(images)),
        lambda: loaded.serve(images),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=words):
            call()


def test_it_says_what_it_wrote(make_model, tmp_path, capsys):
    player = make_model(num_classes=None, num_actions=3)
    player.export(str(tmp_path / "player"))
    assert f"exported: {tmp_path / 'player'}" in capsys.readouterr().out
    loaded = tf.saved_model.load(tmp_path / "player")
    assert set(loaded.signatures) == {"initial_state", "step"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"format": "onnx"}, "'tf_saved_model' alone.*format='onnx'"),
        ({"format": "litert"}, "save_tflite writes files.*format='litert'"),
        (
            {"input_signature": [tf.TensorSpec([1, 9, 11, 1])]},
            "`input_signature` must be None",
        ),
        ({"is_static": True}, "takes max_side, pictures.*is_static=True"),
        ({"max_side": 0}, "`max_side` must be"),
        ({"pictures": Pictures(3)}, "model's channels, 1. Received: chan.*=3"),
    ],
)
def test_what_it_does_not_take(make_model, tmp_path, arguments, words):
    with pytest.raises(UserError, match=words):
        make_model().export(tmp_path / "model", **arguments)
    assert not list(tmp_path.iterdir())


def test_a_model_without_weights_is_refused(tmp_path):
    with pytest.raises(UserError, match="must be built"):
        RecurrentAttentionModel().export(tmp_path / "model")
