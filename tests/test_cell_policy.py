"""The policy over the cells of the retina, by hand and by an oracle."""

import keras
import noise_glimpses
import numpy as np
import pytest
import tensorflow as tf

from ram_tf import (
    Glimpse,
    GlimpseSensor,
    RecurrentAttentionModel,
    ReinforceAgent,
    UserError,
)
from ram_tf.episodes.environments.still_image import StillImage
from ram_tf.episodes.unroll import unroll
from ram_tf.layers.cell_policy import CellPolicy

NOWHERE = -(2.0**20)
SIZE, SCALES, UNITS = 4, 3, 5


def _policy(scales=SCALES, filters=0, seed=0):
    policy = CellPolicy(scales, filters)
    policy.build(
        (None, UNITS),
        (None, SIZE, SIZE, SCALES),
        (None, SCALES, SIZE, 2),
    )
    rng = np.random.default_rng(seed)
    policy.set_weights(
        [rng.normal(0, 0.3, w.shape).astype("f") for w in policy.get_weights()]
    )
    return policy


def _glimpse(scales=SCALES, **settings):
    return noise_glimpses.make(SIZE, scales, **settings)


def _memory(glimpse, policy, before=()):
    """After fixations, and then that of the glimpse."""
    state = policy.get_initial_state(glimpse.fixation.shape[0])
    for fixation in before:
        state = policy.next_state(state, glimpse._replace(fixation=fixation))
    return policy.next_state(state, glimpse)


def _features(rows=6):
    return tf.constant(
        np.random.default_rng(3).normal(size=[rows, UNITS]).astype("f")
    )


def _oracle(policy, features, glimpse, fixations):
    """Logits [N, S * g * g], cell by cell, in float64."""
    common, own, query, scale_kernel, scale_bias, *learnt = (
        w.astype("f8") for w in policy.get_weights()
    )
    windows, places = glimpse.windows.numpy(), glimpse.places.numpy()
    rows, size, _, depth = windows.shape
    scales = places.shape[1]
    windows = windows.reshape(rows, size, size, scales, depth // scales)
    logits = np.zeros([rows, scales, size, size])
    for n, s in np.ndindex(rows, scales):
        known = min(s, policy.scales - 1)
        window = windows[n, :, :, s].mean(-1)
        ink = np.sqrt(np.maximum(window - window.mean(), 0)) * 2**s / 8
        h = features[n].numpy().astype("f8")
        weights = 10 * (common + own[known] + h @ query)
        at_scale = h @ scale_kernel[:, known] + scale_bias[known]
        for i, j in np.ndindex(size, size):
            around = [
                sum(
                    ink[y, x]
                    for y in range(max(i - r, 0), min(i + r + 1, size))
                    for x in range(max(j - r, 0), min(j + r + 1, size))
                )
                / (2 * r + 1) ** 2
                for r in (1, 2)
            ]
            middle = (size - 1) / 2
            radius = max(abs(i - middle), abs(j - middle)) / (size / 2)
            y, x = places[n, s, i, 0], places[n, s, j, 1]
            visited = [
                sum(
                    max(1 - abs(y - p[n][0]) / wide, 0)
                    * max(1 - abs(x - p[n][1]) / wide, 0)
                    for p in fixations
                )
                for wide in (max(2**s, size), 4 * max(2**s, size))
            ]
            seen = [ink[i, j], *around, radius, *visited]
            usual = np.sqrt((ink**2).mean() + 0.01)
            seen += [value / usual for value in seen[:3]]
            if learnt:
                padded = np.pad(ink, 2)
                field = padded[i : i + 5, j : j + 5].ravel()
                seen += list(np.maximum(field @ learnt[0] + learnt[1], 0))
            logits[n, s, i, j] = weights @ seen + at_scale
    return logits.reshape(rows, -1)


@pytest.mark.parametrize("filters", [0, 1, 2])
@pytest.mark.parametrize("channels", [1, 3])
def test_logits_are_the_oracle(filters, channels):
    policy = _policy(filters=filters)
    glimpse = _glimpse(channels=channels)
    before = [glimpse.fixation + 3.0, glimpse.fixation * 0.5]
    memory = _memory(glimpse, policy, before)
    logits = policy(_features(), glimpse, memory)
    fixations = [f.numpy() for f in (*before, glimpse.fixation)]
    expected = _oracle(policy, _features(), glimpse, fixations)
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-5)
    assert logits.shape[-1] == SCALES * SIZE * SIZE


def test_wider_windows_have_the_weights_of_the_last():
    policy, glimpse = _policy(scales=2), _glimpse(scales=5)
    memory = _memory(glimpse, policy)
    logits = policy(_features(), glimpse, memory)
    expected = _oracle(policy, _features(), glimpse, [glimpse.fixation.numpy()])
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-5)


def test_windows_wider_than_the_image_are_never_chosen():
    # Sides of 40: 1.5 * 40 = 60 pixels are seen by 4, 8, 16, 32, 64.
    policy, glimpse = _policy(), _glimpse(scales=7)
    memory = _memory(glimpse, policy)
    logits = policy(_features(), glimpse, memory)
    chances = policy.distribution(logits).probs_parameter()
    chances = chances.numpy().reshape(6, 7, -1)
    assert (chances[:, 5:] == 0).all()
    assert (logits.numpy().reshape(6, 7, -1)[:, :5] > -1e8).all()
    fewer = _glimpse(scales=5)
    same = policy.distribution(policy(_features(), fewer, memory))
    same = same.probs_parameter().numpy().reshape(6, 5, -1)
    np.testing.assert_allclose(chances[:, :5], same, rtol=1e-4)


def test_a_fresh_policy_looks_at_ink_and_not_where_it_is():
    policy = CellPolicy()
    images = np.zeros([1, 40, 40, 1], np.uint8)
    images[0, 30:34, 8:12] = 255
    sensor = GlimpseSensor(12, None, "pyramid")
    offsets, sides = tf.zeros([1, 2]), tf.constant([40.0, 40.0])
    glimpse = Glimpse(
        sensor(images, offsets),
        sensor.places(images, offsets),
        tf.constant([[20.0, 20.0]]),
        sides,
        sides / 2,
    )
    features = tf.zeros([1, UNITS])
    policy.build((None, UNITS), (None, 12, 12, 4), glimpse.places.shape)
    logits = policy(features, glimpse, _memory(glimpse, policy))
    location = policy.locate(policy.mode(logits), glimpse)
    pixel = (location.numpy()[0] + 1) * 20
    assert 29 <= pixel[0] <= 35
    assert 7 <= pixel[1] <= 13


def test_choices_lead_to_the_middles_of_pixels():
    policy, glimpse = _policy(), _glimpse()
    places = glimpse.places.numpy()
    for cell in range(SCALES * SIZE * SIZE):
        window, (row, column) = (
            cell // SIZE**2,
            divmod(cell % SIZE**2, SIZE),
        )
        location = policy.locate(tf.fill([6], cell), glimpse).numpy()
        pixels = (location + 1) * 20
        centre = np.stack(
            [places[:, window, row, 0], places[:, window, column, 1]], -1
        )
        expected = np.clip(np.floor(centre) + 0.5, 0.5, 39.5)
        np.testing.assert_allclose(pixels, expected, atol=1e-4)


def test_log_prob_and_entropy_are_exact():
    policy = _policy()
    logits = tf.constant([[0.0, np.log(2.0), np.log(5.0)]])
    chosen = policy.log_prob(logits, tf.constant([2]))
    np.testing.assert_allclose(chosen, [np.log(5 / 8)], rtol=1e-6)
    entropy = policy.distribution(logits).entropy()
    chances = np.array([1, 2, 5]) / 8
    expected = -(chances * np.log(chances)).sum()
    np.testing.assert_allclose(entropy, [expected], rtol=1e-6)
    assert policy.mode(logits).numpy().tolist() == [2]


def test_samples_have_the_chances_of_the_softmax():
    policy, draws = _policy(), 40_000
    rng = np.random.default_rng(5)
    logits = rng.normal(0, 1.5, [1, 48]).astype("f")
    noise = policy.noise(tf.constant([1, 2]), draws, 1)[:, 0]
    chosen = policy.sample(tf.constant(logits.repeat(draws, 0)), noise)
    counts = np.bincount(chosen.numpy(), minlength=48)
    chances = np.exp(logits[0]) / np.exp(logits[0]).sum()
    spread = np.sqrt(draws * chances * (1 - chances))
    assert (np.abs(counts - draws * chances) < 4.5 * spread + 1).all()


def test_a_sample_by_hand():
    policy = _policy()
    # Two blocks of 16 have chances 1/4 and 3/4; the last cell of each has half.
    chances = np.full([1, 32], 0.5 / 15)
    chances[0, 15] = chances[0, 31] = 0.5
    chances[0, :16] *= 0.25
    chances[0, 16:] *= 0.75
    logits = tf.constant(np.log(chances).astype("f"))
    for first, second, cell in [
        (0.2, 0.01, 0),
        (0.2, 0.6, 15),
        (0.3, 0.01, 16),
        (0.99, 0.49, 30),
        (0.99, 0.51, 31),
    ]:
        noise = tf.constant([[2 * first - 1, 2 * second - 1]], tf.float32)
        assert policy.sample(logits, noise).numpy().tolist() == [cell]


def test_memory_is_bounded_and_newest_first():
    policy, glimpse = _policy(), _glimpse(rows=1)
    state = policy.get_initial_state(1)
    assert [len(t[0]) for t in state] == list(policy.state_sizes.values())
    assert (state[0].numpy() == NOWHERE).all()
    for number in range(15):
        fixation = tf.constant([[number + 0.5, 2.0 * number]])
        state = policy.next_state(state, glimpse._replace(fixation=fixation))
    expected = [[n + 0.5, 2 * n] for n in range(14, 2, -1)]
    np.testing.assert_array_equal(state[0], [np.ravel(expected)])
    assert policy.meanings.keys() == policy.state_sizes.keys()


def test_the_encoder_is_told_the_last_move():
    policy, glimpse = _policy(), _glimpse(rows=1)
    there = glimpse._replace(fixation=tf.constant([[30.5, 8.5]]))
    state = policy.get_initial_state(1)
    np.testing.assert_array_equal(policy.place(None, there, state), [[0, 0, 1]])
    before = glimpse._replace(fixation=tf.constant([[22.5, 500.5]]))
    state = policy.next_state(state, before)
    # 8 pixels down are half a unit; 492 to the left more than ten.
    np.testing.assert_array_equal(
        policy.place(None, there, state), [[0.5, -10, 0]]
    )


def _model(**changes):
    keras.utils.set_random_seed(0)
    model = RecurrentAttentionModel(
        **{
            "num_classes": 3,
            "glimpses": 4,
            "glimpse_size": 6,
            "scales": None,
            "core_units": 16,
            "glimpse_units": 16,
            "location_units": 8,
            "units": 16,
            "sensor": "pyramid",
            "location_policy": "cells",
            "first_fixation": "centre",
            "encoder_scales": 2,
            "policy_scales": 3,
        }
        | changes
    )
    model.build((None, None, None, 1))
    return model


def _images(side=40, count=3):
    """A few bright blocks on black."""
    rng = np.random.default_rng(side)
    images = np.zeros([count, side, side, 1], np.uint8)
    for image in images:
        for y, x in rng.integers(0, max(side - 4, 1), [5, 2]):
            image[y : y + 5, x : x + 4] = rng.integers(100, 256)
    return images


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ["dense", "conv"])
@pytest.mark.parametrize("sensor", ["pyramid", "gather", "integral"])
def test_eager_and_xla_look_at_the_same(sensor, encoder):
    model = _model(sensor=sensor, glimpse_encoder=encoder, policy_filters=2)
    eager = model(_images())
    compiled = tf.function(model, jit_compile=True)(_images())
    for name, values in eager.items():
        np.testing.assert_allclose(compiled[name], values, atol=2e-5)
    assert len(np.unique(eager["locations"].numpy().round(4))) > 6


@pytest.mark.slow
@pytest.mark.parametrize("side", [1, 13, 40, 300])
def test_one_graph_answers_images_of_any_size(side):
    model = _model()
    any_size = tf.function(
        model, input_signature=[tf.TensorSpec([None] * 3 + [1], tf.uint8)]
    )
    expected, found = model(_images(side)), any_size(_images(side))
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-5)


def test_a_saved_model_is_the_same(tmp_path):
    model = _model(glimpse_encoder="conv", policy_filters=2)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        again(_images())["logits"], model(_images())["logits"]
    )
    assert again.get_config() == model.get_config()


def test_weights_for_more_windows():
    narrow, wide = _policy(scales=2), _policy(scales=4, seed=1)
    wide.set_weights(narrow.weights_for(wide))
    glimpse = _glimpse(scales=4)
    memory = _memory(glimpse, narrow)
    np.testing.assert_array_equal(
        wide(_features(), glimpse, memory),
        narrow(_features(), glimpse, memory),
    )


CELLS = 2 * 2 * 2
PAID = np.random.default_rng(0).normal(1, 1, [2, CELLS]).astype("f")
BATCHES, COPIES, ROLLOUTS = 40, 300, 4


class PaidCells(StillImage):
    """Pays PAID[t - 1] for the cell that fixation t > 0 was chosen as."""

    def __init__(self):
        images = tf.repeat(_images(8, 1), COPIES, axis=0)
        super().__init__(images, steps=3, rollouts=ROLLOUTS)

    def step(self, state, action):
        _, time_step = super().step(state, action)
        if state == 0:
            return 1, time_step
        paid = tf.gather(PAID[state - 1], action["choice"])
        return state + 1, time_step._replace(reward=paid)


def _paid_model():
    model = _model(
        num_classes=None,
        glimpses=3,
        glimpse_size=2,
        scales=2,
        core_units=3,
        units=4,
        glimpse_units=4,
        encoder_scales=None,
        policy_scales=2,
    )
    rng = np.random.default_rng(4)
    for weight in model.trainable_variables:
        weight.assign(rng.uniform(-0.05, 0.2, weight.shape))
    return model


def _expected_pay(model):
    """Over all pairs of choices, each with its chance."""
    cell, image = model.cell, _images(8, 1)
    policy = cell.location_policy
    start = cell.get_initial_policy_state(1)
    _, first = cell.look(image, start.cell[-1], start.cell)
    choices = tf.range(CELLS)
    glimpse = first.glimpse.map(lambda values: tf.repeat(values, CELLS, axis=0))
    states = [tf.repeat(state, CELLS, axis=0) for state in first.cell]
    _, second = cell.look(image, policy.locate(choices, glimpse), states)
    later = tf.nn.softmax(second.parameters) @ PAID[1][:, None]
    return tf.nn.softmax(first.parameters) @ (PAID[0][:, None] + later)


@pytest.mark.slow
@pytest.mark.parametrize("into_core", [True, False])
def test_reinforce_estimates_the_gradient_of_the_expected_pay(into_core):
    """Within four standard errors in every component."""
    model = _paid_model()
    variables = [
        *model.cell.location_policy.trainable_variables,
        *([model.cell.core.bias] if into_core else []),
    ]
    with tf.GradientTape() as tape:
        pay = _expected_pay(model)
    exact = -_flat(tape.gradient(pay, variables)).numpy()
    agent = ReinforceAgent(
        model,
        keras.optimizers.SGD(),
        rollouts=ROLLOUTS,
        baseline="leave_one_out",
        reinforce_into_core=into_core,
    )
    environment = PaidCells()

    @tf.function
    def estimate(seed):
        policy = agent.collect_policy(seed, environment)
        with tf.GradientTape() as tape:
            loss = agent.loss(unroll(policy, environment)).loss
        return _flat(tape.gradient(loss, variables))

    found = np.stack([estimate(tf.constant([9, b])) for b in range(BATCHES)])
    error = found.mean(axis=0) - exact
    standard_error = found.std(axis=0, ddof=1) / np.sqrt(BATCHES)
    known = standard_error > 1e-9
    assert known.mean() > 0.6
    assert np.median(np.abs(exact) / standard_error.clip(1e-9)) > 5
    assert (np.abs(error) <= 4 * standard_error + 1e-6).all()


def _flat(gradients):
    return tf.concat([tf.reshape(g, [-1]) for g in gradients], axis=0)


def test_bad_arguments():
    with pytest.raises(UserError, match=r"scales.*positive.*scales=0"):
        CellPolicy(0)
    with pytest.raises(UserError, match=r"filters.*at least 0.*filters=-1"):
        CellPolicy(filters=-1)
    with pytest.raises(UserError, match=r"`filters` must be an int.*=0\.5"):
        CellPolicy(filters=0.5)
    with pytest.raises(UserError, match=r"first_fixation.*'learned'"):
        _model(first_fixation="learned")
    with pytest.raises(UserError, match=r"location_unit.*None.*50"):
        _model(location_unit=50)
    with pytest.raises(UserError, match=r"encoder_scales.*must not be None"):
        _model(encoder_scales=None)
    with pytest.raises(UserError, match=r"encoder_scales.*at most.*3.*4"):
        _model(encoder_scales=4)
