"""RecurrentAttentionModel as its users call it."""

import numpy as np
import pytest
import tensorflow as tf

from ram_tf.episodes.environments.still_image import StillImage
from ram_tf.episodes.environments.video import Video
from ram_tf.episodes.policies import Policy
from ram_tf.episodes.unroll import unroll
from ram_tf.errors import UserError


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_still_image(make_model, images, dtype):
    model = make_model()
    if dtype == "float32":
        images = (images / 255).astype("f")
    outputs = model(images)
    played = unroll(Policy(model.cell), StillImage(images, steps=3))
    np.testing.assert_array_equal(outputs["logits"], played.logits)
    np.testing.assert_array_equal(outputs["baseline"], played.baseline)
    np.testing.assert_array_equal(
        outputs["locations"], played.action["location"]
    )
    np.testing.assert_allclose(
        outputs["probabilities"], tf.nn.softmax(played.logits), rtol=1e-6
    )


def test_a_video_has_a_glimpse_a_frame(make_model):
    video = np.random.default_rng(0).random([2, 5, 9, 11, 1], "f")
    model = make_model()
    played = unroll(Policy(model.cell), Video(video))
    outputs = model(video)
    assert outputs["logits"].shape == (2, 5, 3)
    np.testing.assert_array_equal(outputs["logits"], played.logits)


def test_without_classes(make_model, images):
    outputs = make_model(num_classes=None)(images)
    assert set(outputs) == {"locations", "baseline"}


def test_both_sensors_give_the_same(make_model, images):
    gather, extract = (
        make_model(sensor=name)(images)
        for name in ("gather", "extract_glimpse")
    )
    tf.nest.map_structure(np.testing.assert_array_equal, gather, extract)


@pytest.mark.slow
def test_a_graph_of_unknown_sizes(make_model, images):
    model = make_model()
    traced = tf.function(
        model.__call__,
        input_signature=[tf.TensorSpec([None, None, None, 1], tf.uint8)],
    )
    tf.nest.map_structure(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6),
        traced(images),
        model(images),
    )


def test_the_canvas_may_grow(make_model, images):
    """The parameters do not depend on the size of the image."""
    large = np.pad(images, [(0, 0), (20, 20), (20, 20), (0, 0)])
    assert make_model()(large)["logits"].shape == (4, 3, 3)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"location_std": "0.1"}, r"location_std.*positive finite.*'0\.1'"),
        ({"location_gain": True}, "location_gain.*positive finite.*True"),
        ({"scale_gain": float("nan")}, "scale_gain.*positive finite.*nan"),
        ({"glimpse_size": 6.0}, r"glimpse_size.*positive integer.*6\.0"),
        ({"glimpses": True}, "glimpses.*positive integer.*True"),
        ({"stop": 1}, "stop.*True or False.*1"),
        ({"core": ["rnn"]}, r"core.*one of.*\['rnn'\]"),
        ({"location_policy": ["cells"]}, r"location_policy.*\['cells'\]"),
        ({"first_fixation": b"centre"}, "first_fixation.*one of.*b'centre'"),
    ],
)
def test_settings_of_another_kind_are_refused(make_model, setting, words):
    with pytest.raises(UserError, match=words):
        make_model(**setting)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x[0], r"must have rank 4.*\(9, 11, 1\)"),
        (lambda x: x.astype("int32"), "uint8.*float32.*dtype=int32"),
        (lambda x: x * np.float32("nan"), "must be finite.*NaN"),
        (lambda x: np.full(x.shape, np.inf, "f"), "must be finite.*infinite"),
        (lambda x: x.astype("f"), r"in \[0, 1\]. Received: .*from 0 to 25\d"),
        (lambda x: x[:0], r"must not be empty.*\(0, 9, 11, 1\)"),
        (lambda x: np.tile(x, 3), r"1 channels.*\(4, 9, 11, 3\)"),
    ],
)
def test_bad_images(make_model, images, change, message):
    with pytest.raises(ValueError, match=message):
        make_model()(change(images))
