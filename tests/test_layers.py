"""Every layer: build, config, saving, bad arguments."""

import inspect

import keras
import numpy as np
import pytest

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
from ram_tf.layers.heads import Baseline, Classifier
from ram_tf.layers.windows import Windows

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
            lambda: RecurrentAttentionModel(scales=None, scale_gain=2.0),
            "`encoder_scales` must say.*scale_gain=2.0, scales=None",
        ),
        (
            lambda: RecurrentAttentionModel(policy_filters=1.5),
            r"`policy_filters` must be an int.*=1\.5",
        ),
        (
            lambda: RecurrentAttentionModel(policy_scales=0),
            "`policy_scales` must be a positive.*policy_scales=0",
        ),
        (
            lambda: RecurrentAttentionModel(sensor="crop"),
            "`sensor` must be one of.*sensor='crop'",
        ),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
