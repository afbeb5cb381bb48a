"""Every layer: build, config, saving; and what it computes, by hand."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from ram_tf import (
    ActionPolicy,
    Comparator,
    GlimpseNet,
    GlimpseSensor,
    LocationPolicy,
    RAMCell,
    RecurrentAttentionModel,
    StopPolicy,
)
from ram_tf.heads import Baseline, Classifier
from ram_tf.windows import Windows

RNG = np.random.default_rng(0)


def _normal(*shape):
    return RNG.normal(size=shape).astype("f")


def _cell(core):
    return RAMCell(
        GlimpseSensor(3, 2, "gather"),
        GlimpseNet(4, 5, 6, name="glimpse_net"),
        core,
        LocationPolicy(0.3, 0.7),
        num_classes=3,
        first_fixation="random",
        location_unit=4.0,
    )


def _video_layer(core):
    return keras.layers.RNN(_cell(core), return_sequences=True)


IMAGES = RNG.integers(0, 256, [2, 9, 9, 1], np.uint8)
VIDEO = RNG.integers(0, 256, [2, 3, 9, 9, 1], np.uint8)
LAYERS = {
    "sensor": (
        lambda: GlimpseSensor(3, 2, "gather", "max"),
        [IMAGES, _normal(2, 2)],
    ),
    "glimpse_net": (
        lambda: GlimpseNet(4, 5, 6),
        [_normal(2, 3, 3, 2), _normal(2, 2)],
    ),
    "glimpse_net, gains": (
        lambda: GlimpseNet(4, 5, 6, gains=[1.0, 3.0]),
        [_normal(2, 3, 3, 2), _normal(2, 2)],
    ),
    "location_policy": (lambda: LocationPolicy(0.3, 0.7), [_normal(2, 4)]),
    "action_policy": (lambda: ActionPolicy(3), [_normal(2, 4)]),
    "stop_policy": (lambda: StopPolicy(), [_normal(2, 4)]),
    "stop_policy, uncertain": (
        lambda: StopPolicy(certain=False),
        [_normal(2, 3, 4)],
    ),
    "classifier": (lambda: Classifier(3), [_normal(2, 4)]),
    "baseline": (lambda: Baseline(), [_normal(2, 4)]),
    "windows": (lambda: Windows(4, 2), [_normal(2, 9, 8, 3)]),
    "cell, rnn": (
        lambda: _video_layer(keras.layers.SimpleRNNCell(5)),
        [VIDEO],
    ),
    "cell, lstm": (lambda: _video_layer(keras.layers.LSTMCell(5)), [VIDEO]),
    "model, rnn": (
        lambda: RecurrentAttentionModel(4, 3, 3, core_units=5, units=6),
        [IMAGES],
    ),
    "model, lstm": (
        lambda: RecurrentAttentionModel(
            4,
            glimpse_size=3,
            core="lstm",
            core_units=5,
            location_unit=4.0,
            sensor="gather",
        ),
        [VIDEO],
    ),
    "model, comparator": (
        lambda: Comparator([5, 6], filters=2, num_classes=4),
        [RNG.integers(0, 256, [2, 16, 21, 3], np.uint8)],
    ),
}


def _assert_same(first, second):
    keras.tree.map_structure(np.testing.assert_array_equal, first, second)


def _in_a_model(layer, inputs):
    if isinstance(layer, keras.Model):
        return layer
    ends = _symbolic(inputs)
    return keras.Model(_one_or_all(ends), layer(*ends))


def _symbolic(inputs):
    return [keras.Input(x.shape[1:], dtype=x.dtype.name) for x in inputs]


def _one_or_all(inputs):
    return inputs if len(inputs) > 1 else inputs[0]


@pytest.mark.parametrize("name", LAYERS)
def test_config_round_trip(name):
    make, inputs = LAYERS[name]
    layer = make()
    expected = layer(*inputs)
    config = keras.saving.serialize_keras_object(layer)
    clone = keras.saving.deserialize_keras_object(config)
    assert type(clone) is type(layer)
    assert clone.get_config() == layer.get_config()
    clone(*inputs)
    clone.set_weights(layer.get_weights())
    _assert_same(clone(*inputs), expected)


@pytest.mark.parametrize("name", LAYERS)
def test_the_config_has_all_arguments(name):
    layer = LAYERS[name][0]()
    arguments = inspect.signature(type(layer)).parameters.keys() - {"kwargs"}
    assert arguments <= layer.get_config().keys()


@pytest.mark.parametrize("name", LAYERS)
def test_save_and_load(name, tmp_path):
    make, inputs = LAYERS[name]
    model = _in_a_model(make(), inputs)
    feed = _one_or_all(inputs)
    expected = model(feed)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    _assert_same(loaded(feed), expected)


@pytest.mark.parametrize("name", [n for n in LAYERS if "model" not in n])
def test_shapes_are_known_beforehand(name):
    make, inputs = LAYERS[name]
    expected = make()(*inputs).shape
    assert make()(*_symbolic(inputs)).shape[1:] == tuple(expected[1:])


def test_glimpse_net_by_hand():
    net = GlimpseNet(2, 1, 2)
    net.build((None, 1, 2, 1), (None, 2))
    net.see.set_weights([np.float32([[1, -1], [2, 1]]), np.float32([1, 0])])
    net.place.set_weights([np.float32([[2], [-4]]), np.float32([0.5])])
    net.what.set_weights([np.float32([[1, 0], [3, -1]]), np.float32([0, 6])])
    net.where.set_weights([np.float32([[-2, 1]])])
    glimpses = np.float32([[[[1], [2]]], [[[3], [0]]]])
    locations = np.float32([[0.5, 0.25], [1, 0]])
    # Row 0: h_g = relu(6, 1), h_l = relu(0.5): (6 + 3 - 1, 6 - 1 + 0.5).
    # Row 1: h_g = relu(4, -3), h_l = relu(2.5): (4 - 5, 6 + 2.5), then relu.
    np.testing.assert_array_equal(
        net(glimpses, locations), [[8, 5.5], [0, 8.5]]
    )


def test_glimpse_net_with_gains_by_hand():
    net = GlimpseNet(1, 1, 1, gains=[1, 4])
    net.build((None, 1, 1, 4), (None, 2))
    # Two windows of two channels: 1 and 2, then 3 and 5, four times as bright.
    net.see.set_weights([np.float32([[1], [10], [100], [1000]]), np.zeros(1)])
    net.place.set_weights([np.zeros([2, 1]), np.zeros(1)])
    net.what.set_weights([np.float32([[1]]), np.zeros(1)])
    seen = net(np.float32([[[[1, 2, 3, 5]]]]), np.zeros([1, 2], "f"))
    np.testing.assert_array_equal(seen, [[1 + 20 + 1200 + 20_000]])


def test_a_gain_of_the_model_is_that_of_its_weights():
    keras.utils.set_random_seed(0)
    bright = RecurrentAttentionModel(
        4, 3, 3, scales=3, scale_gain=2.0, sensor="gather"
    )
    plain = RecurrentAttentionModel(4, 3, 3, scales=3, sensor="gather")
    assert plain.cell.glimpse_net.gains is None
    assert bright.cell.glimpse_net.gains == [1, 2, 4]
    for model in (bright, plain):
        model.build((None, 9, 9, 1))
    plain.set_weights(bright.get_weights())
    see = plain.cell.glimpse_net.see
    # A pixel's three windows, then the next pixel's. By powers of two nothing
    # is rounded.
    gains = np.float32([1, 2, 4] * 9)[:, None]
    see.kernel.assign(see.kernel * gains)
    images = RNG.integers(0, 256, [5, 9, 9, 1], np.uint8)
    _assert_same(bright(images), plain(images))


def test_glimpse_net_has_the_sizes_of_the_paper():
    net = GlimpseNet()
    net.build((None, 8, 8, 1), (None, 2))
    sizes = [(64 + 1) * 128, (2 + 1) * 128, (128 + 1) * 256, 128 * 256]
    assert net.count_params() == sum(sizes)


def test_glimpse_net_keeps_the_location_in_float32():
    # Between 0.9 and 0.901 there is no bfloat16.
    net = GlimpseNet(2, 1, 1, dtype="mixed_bfloat16")
    net.build((None, 1, 1, 1), (None, 2))
    net.place.set_weights([np.float32([[1024], [0]]), np.float32([-921.6])])
    net.where.set_weights([np.float32([[1]])])
    net.what.set_weights([np.zeros([2, 1], "f"), np.zeros([1], "f")])
    out = net(np.zeros([2, 1, 1, 1], "f"), np.float32([[0.9, 0], [0.901, 0]]))
    assert out.dtype == tf.bfloat16
    np.testing.assert_allclose(tf.cast(out, "float32")[:, 0], [0, 1.024], 0.01)


def _policy(std=0.2, location_range=0.5):
    policy = LocationPolicy(std, location_range)
    policy.build((None, 2))
    policy.dense.set_weights(
        [np.float32([[0.5, 0], [0, -0.25]]), np.float32([0, 0.1])]
    )
    return policy


def test_location_policy_mean():
    mean = _policy()(np.float32([[1, 2]]))
    # tanh(0.5) = 0.46211716, tanh(-0.4) = -0.37994896; the range is 0.5.
    np.testing.assert_allclose(mean, [[0.23105858, -0.18997448]], rtol=1e-6)


def test_location_policy_stays_in_range():
    mean = _policy()(np.float32([[1e6, -1e6]]))
    np.testing.assert_array_equal(mean, [[0.5, 0.5]])


def test_location_policy_log_prob():
    distribution = _policy(std=0.2).distribution(tf.constant([[0.1, -0.3]]))
    # Deviations of 1 and 2 standard deviations.
    log_prob = distribution.log_prob([[0.3, -0.7]])
    expected = -(1 + 4) / 2 - 2 * np.log(0.2 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(log_prob, [expected], rtol=1e-6)


def test_location_policy_sample_and_mode():
    policy, mean = _policy(std=0.2), tf.constant([[0.1, -0.3]])
    sample = policy.sample(mean, tf.constant([[-1.0, 2.0]]))
    np.testing.assert_allclose(sample, [[-0.1, 0.1]], rtol=1e-6)
    np.testing.assert_array_equal(policy.mode(mean), mean)


def test_samples_are_not_clipped():
    sample = _policy().sample(tf.constant([[0.4, 0.4]]), tf.fill([1, 2], 10.0))
    np.testing.assert_allclose(sample, [[2.4, 2.4]], rtol=1e-6)


def test_classifier_is_linear():
    classifier = Classifier(2)
    classifier.build((None, 2))
    classifier.set_weights([np.float32([[1, 2], [3, 4]]), np.float32([5, 6])])
    np.testing.assert_array_equal(classifier(np.float32([[1, -1]])), [[3, 4]])


def test_baseline_trains_itself_alone():
    baseline = Baseline()
    baseline.build((None, 2))
    baseline.set_weights([np.float32([[3], [-1]]), np.float32([0.5])])
    features = tf.constant([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        tape.watch(features)
        value = baseline(features)
    np.testing.assert_array_equal(value, [1.5])
    kernel, to_features = tape.gradient(value, [baseline.kernel, features])
    np.testing.assert_array_equal(kernel, [[1], [2]])
    assert to_features is None


@pytest.mark.parametrize("head", [Classifier(2), Baseline()])
def test_heads_stay_float32(head):
    assert head(tf.ones([1, 3], tf.bfloat16)).dtype == tf.float32


def test_heads_take_all_steps_at_once():
    features = _normal(2, 3, 4)
    assert Classifier(5)(features).shape == (2, 3, 5)
    assert Baseline()(features).shape == (2, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GlimpseNet(units=0), "`units` must be a positive.*units=0"),
        (lambda: GlimpseNet(gains=[1, 0]), "`gains` must be a positive.*=0"),
        (
            lambda: GlimpseNet(gains=[1, 2]).build((None, 3, 3, 3), (None, 2)),
            "`gains` must have one for each.*2 gains.*depth 3",
        ),
        (
            lambda: RecurrentAttentionModel(scale_gain=0),
            "`scale_gain` must be a positive.*=0",
        ),
        (lambda: GlimpseNet(glimpse_units=True), "glimpse_units=True"),
        (lambda: GlimpseNet(location_units=-3), "location_units=-3"),
        (lambda: LocationPolicy(std=0), "`std` must be a positive.*std=0"),
        (lambda: LocationPolicy(std=float("nan")), "std=nan"),
        (lambda: LocationPolicy(gain=0), "`gain` must be a positive.*gain=0"),
        (lambda: LocationPolicy(location_range=-1.0), "location_range=-1.0"),
        (lambda: LocationPolicy(std=float("inf")), "positive finite.*std=inf"),
        (lambda: Classifier(0), "`num_classes` must be a pos.*num_classes=0"),
        (lambda: RecurrentAttentionModel(-1), "num_classes=-1"),
        (lambda: RecurrentAttentionModel(0), "num_classes=0"),
        (lambda: RecurrentAttentionModel(glimpses=0), "glimpses=0"),
        (lambda: RecurrentAttentionModel(core="gru"), "must be one of.*'gru'"),
        (lambda: RecurrentAttentionModel(core_units=0), "core_units=0"),
        (
            lambda: RecurrentAttentionModel(first_fixation="left"),
            "`first_fixation` must be one of.*'left'",
        ),
        (
            lambda: RecurrentAttentionModel(location_unit=0.0),
            "`location_unit` must be a positive.*location_unit=0.0",
        ),
        (
            lambda: RecurrentAttentionModel(sensor="crop"),
            "`implementation` must be one of.*'crop'",
        ),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_little_gain_starts_paths_near_the_centre():
    features = keras.random.normal([50, 256], seed=1)
    keras.utils.set_random_seed(1)
    usual, small = LocationPolicy(), LocationPolicy(gain=0.01)
    usual(features)
    means = small(features).numpy()
    # Glorot's bound for 256 inputs and 2 outputs.
    limit = np.sqrt(6 / (256 + 2))
    kernel = np.abs(usual.dense.kernel.numpy())
    assert 0.95 * limit < kernel.max() <= limit
    kernel = np.abs(small.dense.kernel.numpy())
    assert 0.0095 * limit < kernel.max() <= 0.01 * limit
    assert 0 < np.abs(means).max() < 0.1
    assert LocationPolicy.from_config(small.get_config()).gain == 0.01
