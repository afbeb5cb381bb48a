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
SQUARES = SIZE // 2
# Windows that it does not choose from.
FINEST = 2


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


def _glimpse(scales=4, side=60, pixels=((30.5, 30.5), (3.5, 56.5)), change=0):
    """What a sensor shows of noise, a little of which is outside."""
    rng = np.random.default_rng(0)
    shape = [len(pixels), side, side, 3]
    images = tf.constant(rng.integers(50, 150, shape, "uint8") + change)
    images = tf.cast(images, tf.uint8)
    pixels = np.float32(pixels)
    offsets = tf.constant(np.float32(2 * pixels / side - 1))
    sensor = GlimpseSensor(SIZE, scales, "pyramid")
    sides = tf.constant([side, side], tf.float32)
    windows = sensor(images, offsets)
    return Glimpse(
        windows,
        sensor.places(images, offsets),
        tf.constant(pixels),
        sides,
        sides / 2,
        sensor.contrast(images, offsets, windows),
    )


def _expected_shown(glimpse):
    """Window by window, in float64."""
    places = glimpse.places.numpy()
    rows, scales = places.shape[:2]
    found = []
    for values, little in ((glimpse.windows, 1e-3), (glimpse.contrast, 1e-4)):
        windows = values.numpy().astype("f8")
        windows = windows.reshape(rows, SIZE, SIZE, scales, 3)
        shown = np.zeros([rows, scales, SIZE, SIZE, 3])
        for n, s in np.ndindex(rows, scales):
            inside = [
                (places[n, s, :, axis] >= 0)
                & (places[n, s, :, axis] < glimpse.sides.numpy()[axis])
                for axis in (0, 1)
            ]
            cells = np.ix_(*inside)
            window = windows[n, :, :, s]
            apart = window[cells] - window[cells].mean((0, 1))
            shown[n, s][cells] = apart / np.sqrt((apart**2).mean() + little)
        found.append(shown)
    return np.concatenate(found, -1)


def test_what_cells_show_by_the_definition():
    glimpse = _glimpse()
    outside = glimpse.windows.numpy()[1, ..., -1] == 0
    assert outside.any()
    shown = cell_features.shown(glimpse)
    assert shown.shape == [2, 4, SIZE, SIZE, 6]
    np.testing.assert_allclose(shown, _expected_shown(glimpse), atol=2e-4)
    assert not shown.numpy()[1, -1][outside].any()
    contrast = shown.numpy()[..., 3:]
    assert not contrast[:, :3].any()
    assert contrast[:, 3].any()


def test_brightness_tells_nothing():
    dark, light = _glimpse(), _glimpse(change=100)
    np.testing.assert_allclose(
        cell_features.shown(dark)[..., :3],
        cell_features.shown(light)[..., :3],
        atol=1e-4,
    )


def _convolved(image, kernel, bias, stride):
    """ReLU of a convolution of [h, w, c], zeros around it, cell by cell."""
    side, count = kernel.shape[0], kernel.shape[-1]
    room = (side - stride) // 2, side - stride - (side - stride) // 2
    image = np.pad(image, [room, room, (0, 0)])
    size = (len(image) - side) // stride + 1
    found = np.zeros([size, size, count])
    for i, j in np.ndindex(size, size):
        y, x = i * stride, j * stride
        seen = image[y : y + side, x : x + side]
        found[i, j] = np.tensordot(seen, kernel, 3) + bias
    return np.maximum(found, 0)


def test_logits_square_by_square():
    policy, glimpse = _policy(4), _glimpse()
    state = policy.next_state(policy.get_initial_state(2), glimpse)
    features = tf.constant(
        np.random.default_rng(1).normal(size=[2, UNITS]).astype("f")
    )
    common, own, query, scale_kernel, scale_bias, *learnt = (
        w.astype("f8") for w in policy.get_weights()
    )
    assert [w.shape for w in learnt] == [
        *[(4, 4, 6, 2), (2,)],
        *[(3, 3, 2, FILTERS), (FILTERS,)],
        *[(3, 3, FILTERS, FILTERS), (FILTERS,)],
    ]
    rows = _rows(glimpse)
    looked = [
        np.broadcast_to(values, [2, 2, SQUARES, SQUARES])
        for values in cell_features.left(tf.constant(rows), state[0], 8, SIZE)
    ]
    shown = _expected_shown(glimpse)[:, FINEST:]
    expected = np.zeros([2, 2, SQUARES, SQUARES])
    for n, s in np.ndindex(2, 2):
        seen = shown[n, s]
        for number, stride in enumerate((2, 1, 1)):
            kernel, bias = learnt[2 * number : 2 * number + 2]
            seen = _convolved(seen, kernel, bias, stride)
        seen = np.concatenate(
            [*(values[n, s][..., None] for values in looked), seen], -1
        )
        h = features[n].numpy().astype("f8")
        expected[n, s] = (
            10 * seen @ (common + own[s] + h @ query)
            + h @ scale_kernel[:, s]
            + scale_bias[s]
        )
    logits = policy(features, glimpse, state)
    np.testing.assert_allclose(
        logits, expected.reshape(2, -1), rtol=2e-3, atol=2e-3
    )


def _rows(glimpse):
    """The middles of squares, [N, S - 2, g / 2, 2]."""
    places = glimpse.places.numpy()[:, FINEST:]
    return places.reshape(2, -1, SQUARES, 2, 2).mean(3)


def test_where_squares_are():
    """By hand: window 2 is the first, of six cells of 4 pixels from pixel 20.

    Its squares have 8 pixels, and their middles are 24, 32 and 40. Those of
    window 3 have 16, and begin at pixel 8.
    """
    policy, glimpse = _policy(4), _glimpse()
    np.testing.assert_array_equal(
        glimpse.places.numpy()[0, FINEST:, 0, 0], [22, 12]
    )
    pixels = [
        (policy.locate(tf.constant([choice, 0]), glimpse)[0].numpy() + 1) * 30
        for choice in (0, 5, 8, 9, 17)
    ]
    np.testing.assert_allclose(
        pixels,
        [[24.5] * 2, [32.5, 40.5], [40.5] * 2, [16.5] * 2, [48.5] * 2],
        atol=1e-4,
    )


def test_a_target_that_squares_show():
    """By hand: a square is near within half its side, or what the target says.

    Of window 2 the squares about 24 and 32 are 4 from (28, 28): four are near.
    Of window 3 those about 16, 32 and 48 are 12, 4 and 20 from it: one is.
    """
    policy, glimpse = _policy(4), _glimpse()
    logits = tf.zeros([2, 2 * SQUARES**2])
    chances = [
        policy.target_log_prob(logits, glimpse, tf.constant([[28, 28, r]] * 2))
        for r in (0.5, 12.0)
    ]
    expected = np.log([5 / 18, (9 + 4) / 18])
    np.testing.assert_allclose([c[0] for c in chances], expected, atol=1e-5)


def test_windows_share_the_convolutions():
    """What is seen in a window is judged alike in any, by the same weights."""
    policy = _policy()
    shown = cell_features.shown(_glimpse())[:, :1]
    found = policy._learnt(tf.repeat(shown, 12, axis=1)).numpy()
    assert found.shape == (2, 12, SQUARES**2, FILTERS)
    assert found.max() > 0.1
    for scale in range(12):
        np.testing.assert_allclose(found[:, scale], found[:, 0], atol=1e-6)
    assert _policy(5).count_params() - _policy(3).count_params() == 2 * (
        4 + FILTERS + UNITS + 1
    )


def test_where_it_is_and_what_it_has_left():
    """By hand, of a window of four squares of 8 pixels.

    The eye is at (4, 4), where it has been before, and was at (20, 20) and at
    (10, 4); this counts 6 of 8 pixels away as three quarters.
    """
    middles = np.arange(4, dtype="f") * 8 + 4
    places = tf.constant(np.stack([middles, middles], -1)[None, None])
    fixations = [[4.0, 4, 4, 4, 20, 20, 10, 4, -(2.0**20), -(2.0**20)]]
    radius, here, left, wide = cell_features.left(
        places, tf.constant(fixations), 8, 8
    )
    np.testing.assert_allclose(radius[0, 0, 0], [0.75] * 4)
    expected = np.zeros([4, 4])
    expected[0, 0] = 1
    np.testing.assert_allclose(here[0, 0], expected)
    # (10, 4) is 6 from the first row's square, and 2 from the second row's.
    expected = np.zeros([4, 4])
    expected[2, 2] = 1
    expected[:2, 0] = np.array([2 / 8, 6 / 8]) * 0.75
    np.testing.assert_allclose(left[0, 0], expected, atol=1e-6)
    # Within four times as much: 16 of 32 pixels along both axes; and 6 of 32.
    np.testing.assert_allclose(
        wide[0, 0, 0, 0], 0.25 + 0.75 * 26 / 32, atol=1e-6
    )


def test_at_first_it_does_not_go_back():
    """The place that it has left is the least likely of all."""
    policy, size = ColourCellPolicy(1, FILTERS), 8
    policy.build((None, UNITS), (None, size, size, 9), (None, 3, size, 2))
    grey = tf.fill([1, 256, 256, 3], 0.5)
    sensor = GlimpseSensor(size, 3, "pyramid")
    sides = tf.constant([256.0, 256.0])
    state = policy.get_initial_state(1)
    for pixel in (132.5, 124.5):
        fixation = tf.fill([1, 2], pixel)
        offset = fixation / 128 - 1
        windows = sensor(grey, offset)
        glimpse = Glimpse(
            windows,
            sensor.places(grey, offset),
            fixation,
            sides,
            sides / 2,
            sensor.contrast(grey, offset, windows),
        )
        state = policy.next_state(state, glimpse)
    logits = policy(tf.zeros([1, UNITS]), glimpse, state)
    least = policy.locate(tf.argmin(logits, -1, tf.int32), glimpse)
    apart = np.abs((least[0].numpy() + 1) * 128 - 132.5)
    assert apart.max() <= 4


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


def _images(side=90, count=4):
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
        """Of the gradients of the convolutions."""
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
            for weight in model.cell.location_policy.weights[-6:]
        ]

    assert min(largest(1.0)) > 1e-5
    assert largest(0.0) == [0] * 6


def test_a_saved_model_and_its_graph_are_the_same(tmp_path):
    model = _model()
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    expected = model(_images())
    found = tf.function(again, jit_compile=True)(_images())
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=2e-5)
    assert len(np.unique(expected["locations"].numpy().round(4))) > 4


def test_tflite_answers_as_it_does():
    model, images = _model(), _images()
    expected = model(images)["probabilities"]
    flat = flatbuffer.write(tflite.convert(model, 90)["float32"])
    classify = Interpreter(model_content=flat).get_signature_runner("classify")
    for image, probabilities in zip(images, expected, strict=True):
        answer = classify(image=image[None])
        np.testing.assert_allclose(
            answer["probabilities_by_glimpse"][0], probabilities, atol=1e-5
        )


def test_filters_there_must_be():
    with pytest.raises(ValueError, match=r"`filters` must be a positive.*=0"):
        ColourCellPolicy(filters=0)


def test_it_takes_an_even_retina():
    with pytest.raises(ValueError, match=r"`glimpse_size`.*even.*: 7"):
        _model(glimpse_size=7)


def test_it_takes_a_pyramid():
    with pytest.raises(ValueError, match=r"sensor `pyramid`.*'gather'"):
        _model(sensor="gather")


def test_it_takes_three_windows():
    with pytest.raises(ValueError, match=r"`scales` must.*at least 3.*: 2"):
        _model(scales=2)


def test_filters_begin_without_a_bias():
    policy = ColourCellPolicy(3, FILTERS)
    policy.build((None, UNITS), (None, SIZE, SIZE, 9), (None, 3, SIZE, 2))
    assert len(policy.biases) == len(policy.kernels) > 0
    for kernel, bias in zip(policy.kernels, policy.biases, strict=True):
        assert np.any(kernel.numpy())
        assert not np.any(bias.numpy())
