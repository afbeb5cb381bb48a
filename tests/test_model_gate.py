"""What no model takes for an image, on every path that leads to one."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ram_tf import Comparator, RecurrentAttentionModel
from ram_tf.comparators import make_comparator
from ram_tf.gate import check_arrays, check_channels_last
from ram_tf.layers.glimpse_sensor import GlimpseSensor

RNG = np.random.default_rng(0)
GOOD = RNG.random([4, 15, 15, 1], np.float32)
BAD = {
    "bytes as floats": GOOD * 255,
    "-1 to 1": GOOD * 2 - 1,
    "standardised": (GOOD - GOOD.mean()) / GOOD.std(),
    "nan": np.where(GOOD > 0.1, GOOD, np.nan).astype("f"),
    "infinite": np.where(GOOD > 0.1, GOOD, np.inf).astype("f"),
}
WORDS = r"must lie in \[0, 1\]|must be finite"


@pytest.fixture(scope="module", params=["gaussian", "cells", "conv"])
def model(request):
    """A model that sees all of its images."""
    keras.utils.set_random_seed(0)
    if request.param == "conv":
        return make_comparator("conv", 15, num_classes=3)
    cells = request.param == "cells"
    made = RecurrentAttentionModel(
        3,
        2,
        glimpse_size=8,
        scales=3,
        core_units=8,
        units=8,
        glimpse_units=8,
        location_units=8,
        sensor="gather",
        location_policy=request.param,
        first_fixation="centre" if cells else "learned",
    )
    made.build((None, 15, 15, 1))
    return made


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize(
    "path",
    ["call", "predict", "evaluate", "fit", "predict_on_batch", "list"],
)
def test_python_refuses_bad_floats(model, path, kind):
    labels = np.zeros([4], np.int32)
    call = {
        "call": lambda: model(BAD[kind]),
        "predict": lambda: model.predict(BAD[kind], verbose=0),
        "evaluate": lambda: model.evaluate(BAD[kind], labels, verbose=0),
        "fit": lambda: model.fit(BAD[kind], labels, verbose=0),
        "predict_on_batch": lambda: model.predict_on_batch(BAD[kind]),
        "list": lambda: model.predict([BAD[kind]], verbose=0),
    }
    with pytest.raises(ValueError, match=WORDS):
        call[path]()


@pytest.mark.parametrize("kind", BAD)
def test_graphs_refuse_bad_floats(model, kind):
    graph = tf.function(model, autograph=False)
    np.testing.assert_allclose(
        graph(tf.constant(GOOD))["logits"], model(GOOD)["logits"], atol=1e-5
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match=WORDS):
        graph(tf.constant(BAD[kind]))


@pytest.mark.slow
@pytest.mark.parametrize("kind", BAD)
def test_compiled_models_do_not_answer_bad_floats(model, kind):
    compiled = tf.function(model, jit_compile=True, autograph=False)
    bad = np.concatenate([GOOD[:2], BAD[kind][2:]])
    answers = compiled(tf.constant(bad))["probabilities"].numpy()
    assert np.isfinite(answers[:2]).all()
    assert np.isnan(answers[2:, -1]).all()


def test_keras_takes_good_floats_of_both_kinds(model):
    expected = model(GOOD)["probabilities"]
    for images in (GOOD, GOOD.astype("float64")):
        found = model.predict(images, verbose=0)["probabilities"]
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_predictions_of_a_dataset_are_answers_or_an_error(model):
    good, bad = (
        tf.data.Dataset.from_tensor_slices(images).batch(2)
        for images in (GOOD, BAD["bytes as floats"])
    )
    assert len(model.predict(good, verbose=0)["logits"]) == 4
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)) as error:
        model.predict(bad, verbose=0)
    assert "[0, 1]" in str(error.value)


def test_other_types_are_refused_before_work(model):
    with pytest.raises(ValueError, match=r"uint8.*float32.*int64"):
        model.predict(np.zeros([2, 15, 15, 1], np.int64), verbose=0)
    with pytest.raises(ValueError, match=r"rank 4.*\(15, 15, 1\)"):
        model.predict(GOOD[0], verbose=0)


@pytest.mark.parametrize(
    "shape", [(3, 4, 84, 84), (None, 3, 210, 160), (2, 5, 9, 84, 84)]
)
def test_channels_must_be_last(shape):
    rule = r"channels last.*Received: shape=.*moveaxis"
    with pytest.raises(ValueError, match=rule):
        check_channels_last(shape)
    still = tuple(2 if size is None else size for size in shape[-3:])
    images = np.zeros((1, *still), np.uint8)
    with pytest.raises(ValueError, match=rule):
        RecurrentAttentionModel(3, 2)(images)
    with pytest.raises(ValueError, match=rule):
        Comparator([4])(images)


@pytest.mark.parametrize(
    "shape",
    [
        (1, 28, 28, 1),
        (None, None, None, 3),
        (1, 9, 9, 200),
        (1, 84, 84, 4),
        (1, 12, 300, 3),
    ],
)
def test_images_of_many_shapes_have_channels_last(shape):
    check_channels_last(shape)


def test_locations_must_be_finite():
    sensor = GlimpseSensor(4, 1, "gather")
    images = np.zeros([1, 9, 9, 1], np.uint8)
    for value in (np.nan, np.inf):
        with pytest.raises(ValueError, match="Locations must be finite"):
            sensor(images, tf.constant([[0.0, value]]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: [s[0] * np.nan, *s[1:]], "state `core` must be finite"),
        (lambda s: [tf.cast(s[0], tf.float64), *s[1:]], "float32.*float64"),
        (lambda s: [s[0][:, 1:], *s[1:]], r"must be \[N, 8\].*\(2, 7\)"),
        (lambda s: s[:-1], "has [23] states.*Received: [12]"),
        (lambda s: [None, *s[1:]], r"`core` must be a tensor.*None"),
        (lambda s: s[0], "must be a list of [23].*Received: .*Tensor"),
        (lambda s: [s[0][:1], *s[1:]], "as many rows.*`core` 1, .*`.* 2"),
    ],
)
def test_states_are_those_of_the_cell(model, change, words):
    if isinstance(model, Comparator):
        pytest.skip("It has no states.")
    cell = model.cell
    states = list(cell.get_initial_state(2))
    frame = np.zeros([2, 15, 15, 1], np.uint8)
    cell(frame, states)
    with pytest.raises(ValueError, match=words):
        cell(frame, change(states))


@pytest.mark.parametrize("name", ["conv", "conv_any", "fc_64"])
def test_keras_own_order_of_axes_changes_nothing(name):
    images = RNG.integers(0, 256, [3, 20, 20, 1], np.uint8)
    expected = make_comparator(name, 20)
    ram = RecurrentAttentionModel(3, 2, scales=2, sensor="gather")
    ram.build((None, 20, 20, 1))
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    try:
        found = make_comparator(name, 20)
        found.set_weights(expected.get_weights())
        other = RecurrentAttentionModel.from_config(ram.get_config())
        other.build((None, 20, 20, 1))
        other.set_weights(ram.get_weights())
        logits = [found(images)["logits"], other(images)["logits"]]
    finally:
        keras.config.set_image_data_format(before)
    for one, model in zip(logits, (expected, ram), strict=True):
        np.testing.assert_allclose(one, model(images)["logits"], atol=1e-5)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_arrays_are_images_or_videos(dtype):
    for shape in ([2, 6, 5, 1], [2, 3, 6, 5, 1]):
        check_arrays(np.zeros(shape, dtype))
    for shape in ([6, 5, 1], [2, 3, 4, 6, 5, 1]):
        with pytest.raises(ValueError, match="rank 4 or rank 5"):
            check_arrays(np.zeros(shape, dtype))
