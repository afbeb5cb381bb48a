"""The policy over cells of photographs: what it learns to look for."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from ram_tf import (
    ColourCellPolicy,
    Glimpse,
    GlimpseSensor,
    RecurrentAttentionModel,
    ReinforceAgent,
)
from ram_tf.export import flatbuffer, tflite
from ram_tf.layers import cell_features

SIZE, UNITS, FILTERS = 6, 5, 3


def _policy(scales=3, channels=3):
    policy = ColourCellPolicy(scales, FILTERS)
    policy.build(
        (None, UNITS),
        (None, SIZE, SIZE, scales * channels),
        (None, scales, SIZE, 2),
    )
    rng = np.random.default_rng(0)
    policy.set_weights(
        [rng.normal(0, 0.3, w.shape).astype("f") for w in policy.get_weights()]
    )
    return policy


def _glimpse(scales=3, side=40, pixels=((20.5, 20.5), (3.5, 36.5)), change=0):
    """What a sensor shows of noise, a little of which is outside."""
    rng = np.random.default_rng(0)
    shape = [len(pixels), side, side, 3]
    images = tf.constant(rng.integers(50, 150, shape, "uint8") + change)
    images = tf.cast(images, tf.uint8)
    pixels = np.float32(pixels)
    offsets = tf.constant(np.float32(2 * pixels / side - 1))
    sensor = GlimpseSensor(SIZE, scales, "pyramid")
    sides = tf.constant([side, side], tf.float32)
    return Glimpse(
        sensor(images, offsets),
        sensor.places(images, offsets),
        tf.constant(pixels),
        sides,
        sides / 2,
    )


def _expected_colours(glimpse):
    """Window by window, in float64."""
    windows, places = glimpse.windows.numpy(), glimpse.places.numpy()
    rows, scales = places.shape[:2]
    windows = windows.reshape(rows, SIZE, SIZE, scales, 3).astype("f8")
    found = np.zeros([rows, scales, SIZE, SIZE, 3])
    for n, s in np.ndindex(rows, scales):
        inside = [
            (places[n, s, :, axis] >= 0)
            & (places[n, s, :, axis] < glimpse.sides.numpy()[axis])
            for axis in (0, 1)
        ]
        cells = np.ix_(*inside)
        window = windows[n, :, :, s]
        apart = window[cells] - window[cells].mean((0, 1))
        found[n, s][cells] = apart / np.sqrt((apart**2).mean() + 0.001)
    return found


def test_colours_by_the_definition():
    glimpse = _glimpse()
    outside = glimpse.windows.numpy()[1, ..., -1] == 0
    assert outside.any()
    colours = cell_features.colours(glimpse)
    assert colours.shape == [2, 3, SIZE, SIZE, 3]
    np.testing.assert_allclose(colours, _expected_colours(glimpse), atol=1e-4)
    assert not colours.numpy()[1, -1][outside].any()


def test_brightness_tells_nothing():
    dark, light = _glimpse(), _glimpse(change=100)
    np.testing.assert_allclose(
        cell_features.colours(dark), cell_features.colours(light), atol=1e-4
    )


def test_logits_cell_by_cell():
    policy, glimpse = _policy(), _glimpse()
    state = policy.next_state(policy.get_initial_state(2), glimpse)
    features = tf.constant(
        np.random.default_rng(1).normal(size=[2, UNITS]).astype("f")
    )
    common, own, query, scale_kernel, scale_bias, kernel, bias = (
        w.astype("f8") for w in policy.get_weights()
    )
    assert kernel.shape == (5 * 5 * 3, FILTERS)
    looked = [
        np.broadcast_to(values, [2, 3, SIZE, SIZE])
        for values in cell_features.looked_at(glimpse, state[0])
    ]
    colours = np.pad(
        _expected_colours(glimpse), [(0, 0), (0, 0), (2, 2), (2, 2), (0, 0)]
    )
    expected = np.zeros([2, 3, SIZE, SIZE])
    for n, s, i, j in np.ndindex(*expected.shape):
        h = features[n].numpy().astype("f8")
        field = colours[n, s, i : i + 5, j : j + 5].ravel()
        learnt = np.maximum(field @ kernel + bias, 0)
        seen = [*(values[n, s, i, j] for values in looked), *learnt]
        expected[n, s, i, j] = (
            10 * (common + own[s] + h @ query) @ seen
            + h @ scale_kernel[:, s]
            + scale_bias[s]
        )
    logits = policy(features, glimpse, state)
    np.testing.assert_allclose(
        logits, expected.reshape(2, -1), rtol=1e-3, atol=1e-3
    )


def test_filters_of_what_stands_out():
    """By hand: a red cell on grey, for centres of a cell and of 3 x 3."""
    kernel = cell_features.salient(3, 16)
    assert kernel.shape == (75, 10)
    field = np.full([5, 5, 3], 0.5)
    np.testing.assert_allclose(field.ravel() @ kernel, 0, atol=1e-6)
    field[2, 2] = [1.5, 0.5, 0.5]
    # Red, blue, yellow, light and dark; the centre counts 1, and then a ninth.
    answers = np.array([1, -0.5, 0.5, 1 / 3, -1 / 3])
    expected = [*answers, *answers / 9]
    np.testing.assert_allclose(field.ravel() @ kernel, expected, atol=1e-6)
    # Beside the centre it tells against; a 24th, and then a 16th within 3 x 3.
    field[2, 2], field[0, 0] = 0.5, [1.5, 0.5, 0.5]
    expected = [*-answers / 24, *-answers / 16]
    np.testing.assert_allclose(field.ravel() @ kernel, expected, atol=1e-6)
    assert cell_features.salient(1, 16).shape == (25, 4)
    np.testing.assert_array_equal(cell_features.salient(3, 7), kernel[:, :7])


@pytest.mark.parametrize("channels", [1, 3])
def test_the_eye_first_goes_where_something_stands_out(channels):
    policy = ColourCellPolicy(1, 16)
    size = 12
    policy.build(
        (None, UNITS), (None, size, size, channels), (None, 1, size, 2)
    )
    window = np.random.default_rng(0).normal(0.4, 0.02, [1, size, size, 3])
    window[0, 8, 3] = [0.9, 0.2, 0.2]
    window = tf.constant(window[..., :channels], tf.float32)
    middles = np.arange(size, dtype="f") + 0.5
    places = tf.constant(np.stack([middles, middles], -1)[None, None])
    sides = tf.constant([size, size], tf.float32)
    middle = tf.constant([[6.0, 6.0]])
    glimpse = Glimpse(window, places, middle, sides, sides / 2)
    state = policy.next_state(policy.get_initial_state(1), glimpse)
    logits = policy(tf.zeros([1, UNITS]), glimpse, state)
    row, column = divmod(int(policy.mode(logits)[0]), size)
    assert abs(row - 8) <= 1
    assert abs(column - 3) <= 1


def test_twelve_windows_share_the_filters():
    """What is seen in a window is judged alike in any, by the same weights."""
    few, many = _glimpse(scales=3), _glimpse(scales=12)
    kernel, bias = _policy().get_weights()[-2:]
    found = [
        cell_features.learnt(cell_features.colours(g), kernel, bias).numpy()
        for g in (few, many)
    ]
    assert found[1].shape == (2, 12, SIZE**2, FILTERS)
    np.testing.assert_allclose(found[1][:, :3], found[0], atol=1e-5)
    # The same colours in a window twelve times, at twelve scales.
    colours = tf.repeat(cell_features.colours(few)[:, :1], 12, axis=1)
    same = cell_features.learnt(colours, kernel, bias).numpy()
    assert same.max() > 0.1
    for scale in range(12):
        np.testing.assert_array_equal(same[:, scale], same[:, 0])
    assert _policy(3).count_params() - _policy(1).count_params() == 2 * (
        3 + FILTERS + UNITS + 1
    )


def _model(**changes):
    keras.utils.set_random_seed(0)
    model = RecurrentAttentionModel(
        **{
            "num_classes": 3,
            "glimpses": 3,
            "glimpse_size": SIZE,
            "scales": None,
            "core_units": 16,
            "glimpse_units": 16,
            "location_units": 8,
            "units": 16,
            "sensor": "pyramid",
            "location_policy": "colour_cells",
            "first_fixation": "centre",
            "encoder_scales": 2,
            "policy_scales": 3,
            "policy_filters": FILTERS,
        }
        | changes
    )
    model.build((None, None, None, 3))
    return model


def _images(side=40, count=4):
    rng = np.random.default_rng(side)
    small = rng.integers(0, 256, [count, 5, 5, 3], np.uint8)
    large = small.repeat(side // 5 + 1, 1).repeat(side // 5 + 1, 2)
    return np.ascontiguousarray(large[:, :side, :side])


def test_reinforce_trains_the_filters_and_nothing_else_does():
    model = _model(glimpses=2)
    environment = model.environment(
        tf.constant(_images()),
        tf.constant([0, 1, 2, 0]),
        rollouts=4,
        reward="log_likelihood",
    )

    def largest(policy_weight):
        """Of the gradient of the filters' kernel and bias."""
        agent = ReinforceAgent(
            model,
            keras.optimizers.SGD(0.01),
            rollouts=4,
            baseline="leave_one_out",
            policy_weight=policy_weight,
        )
        gradients, _ = agent.gradients(environment, tf.constant([0, 1]))
        paths = [variable.path for variable in agent.variables]
        return [
            np.abs(gradients[paths.index(weight.path)]).max()
            for weight in model.cell.location_policy.weights[-2:]
        ]

    assert min(largest(1.0)) > 1e-5
    assert largest(0.0) == [0, 0]


def test_a_saved_model_and_its_graph_are_the_same(tmp_path):
    model = _model()
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    expected = model(_images())
    found = tf.function(again, jit_compile=True)(_images())
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=2e-5)
    assert len(np.unique(expected["locations"].numpy().round(4))) > 6


def test_tflite_answers_as_it_does():
    model, images = _model(), _images()
    expected = model(images)["probabilities"]
    flat = flatbuffer.write(tflite.convert(model, 40)["float32"])
    classify = Interpreter(model_content=flat).get_signature_runner("classify")
    for image, probabilities in zip(images, expected, strict=True):
        answer = classify(image=image[None])
        np.testing.assert_allclose(
            answer["probabilities_by_glimpse"][0], probabilities, atol=1e-5
        )


def test_filters_there_must_be():
    with pytest.raises(ValueError, match=r"`filters` must be a positive.*=0"):
        ColourCellPolicy(filters=0)
