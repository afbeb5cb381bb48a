"""Where to look, told in training: by hand, by an oracle, and what it does."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ram_tf import RecurrentAttentionModel, ReinforceAgent, losses
from ram_tf.comparators import make_comparator
from ram_tf.episodes.environments.still_image import StillImage
from ram_tf.episodes.unroll import unroll
from ram_tf.layers.cell_policy import CellPolicy
from ram_tf.types import Glimpse
from ram_tf_data.hidden_batches import HiddenBatches
from ram_tf_data.hidden_signs import HiddenSign, Scenery, draw_signs
from ram_tf_runs.settings.kinds.find import FindSettings
from ram_tf_runs.settings.model import Model
from ram_tf_runs.tasks.kinds.find import FindTask

SEED = tf.constant([1, 2])
NEVER = -1e9
# Middles and reaches, in pixels of canvases of 32 x 32.
TARGETS = np.float32([[6.5, 25.5, 3], [28, 3, 2], [16, 16, 6]])


@pytest.fixture(scope="module")
def model():
    """The one that all tests build on; none changes its weights."""
    return _model()


def _model():
    keras.utils.set_random_seed(0)
    model = RecurrentAttentionModel(
        num_classes=3,
        glimpses=4,
        glimpse_size=4,
        scales=None,
        encoder_scales=1,
        sensor="pyramid",
        location_policy="cells",
        first_fixation="centre",
        core_units=16,
        glimpse_units=16,
        location_units=8,
    )
    model.build((None, 32, 32, 1))
    return model


def _images():
    """Noise, with a spot on each target and a brighter one elsewhere."""
    images = np.random.default_rng(0).integers(0, 60, [3, 32, 32, 1], "uint8")
    for image, (y, x, _), (other_y, other_x) in zip(
        images, TARGETS.astype(int), [(24, 8), (4, 26), (4, 4)], strict=True
    ):
        image[y - 1 : y + 2, x - 1 : x + 2] = 160
        image[other_y - 1 : other_y + 2, other_x - 1 : other_x + 2] = 255
    return images


def _agent(model, weight=1.0, **settings):
    optimizer = keras.optimizers.Adam(0.01)
    return ReinforceAgent(
        model, optimizer, rollouts=2, guidance_weight=weight, **settings
    )


def _environment(model, target=TARGETS):
    return model.environment(_images(), [0, 1, 2], rollouts=2, target=target)


def _glimpse(places):
    return Glimpse(tf.zeros([]), tf.constant(places, tf.float32))


def test_the_loss_by_hand():
    log_prob = tf.constant([[0.0, -1.0, -2.0], [0.0, -4.0, -8.0]])
    valid = tf.constant([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]])
    assert float(losses.guidance_loss(log_prob, valid)) == (3 + 4) / 2


def test_the_chance_of_a_target_by_hand():
    """Two windows of 2 x 2 cells, of 1 and of 2 pixels, about (10, 10)."""
    places = [[[[9.5, 9.5], [10.5, 10.5]], [[9, 9], [11, 11]]]]
    chances = np.float32([1, 2, 3, 4, 5, 6, 7, 8]) / 36
    target = [[9.5, 10.5, 0.25]]  # A cell of the first; of the second, (0, 1).
    found = CellPolicy(2).target_log_prob(
        tf.math.log([chances]), _glimpse(places), tf.constant(target)
    )
    np.testing.assert_allclose(np.exp(found), [(2 + 6) / 36], rtol=1e-6)
    # One that reaches farther has the upper row of the first, but no more
    # of the second, whose other centres are 1.5 away.
    target = [[9.5, 10, 0.5]]
    found = CellPolicy(2).target_log_prob(
        tf.math.log([chances]), _glimpse(places), tf.constant(target)
    )
    np.testing.assert_allclose(np.exp(found), [(3 + 11) / 36], rtol=1e-6)


def test_the_chance_of_a_target_by_an_oracle(model):
    policy = model.cell.location_policy
    environment = _environment(model)
    played = unroll(
        _agent(model).collect_policy(SEED, environment), environment
    )
    location = played.action["location"].numpy()
    chance = np.exp(played.target_log_prob.numpy())
    assert chance.shape == (6, 4)
    np.testing.assert_array_equal(chance[:, 0], 1.0)
    state = model.cell.get_initial_policy_state(6).cell
    for t in range(3):
        _, after = model.cell.look(
            tf.constant(_images()), tf.constant(location[:, t]), state
        )
        places = after.glimpse.places.numpy()
        softmax = tf.nn.softmax(after.parameters).numpy()
        scales = places.shape[1]
        softmax = softmax.reshape([6, scales, 4, 4])
        for row in range(6):
            y, x, reach = TARGETS[row // 2]
            total = 0.0
            for s in range(scales):
                near = np.abs(places[row, s] - [y, x]) <= max(reach, 2**s / 2)
                total += softmax[row, s][np.ix_(near[:, 0], near[:, 1])].sum()
            assert chance[row, t + 1] == pytest.approx(total, rel=1e-4)
        state = after.cell
    assert policy.can_be_guided


def test_what_no_cell_shows_teaches_nothing():
    parameters = tf.Variable([[1.0, 2.0, 3.0, NEVER]])
    places = [[[[9.5, 9.5], [10.5, 10.5]]]]
    for target in ([[30.0, 30.0, 2.0]], [[10.5, 10.5, 0.1]]):
        with tf.GradientTape() as tape:
            found = CellPolicy(1).target_log_prob(
                parameters, _glimpse(places), tf.constant(target)
            )
        assert float(found[0]) == 0
        gradient = tape.gradient(found, parameters).numpy()
        np.testing.assert_array_equal(gradient, 0)


def test_it_is_a_part_of_the_loss(model):
    environment = _environment(model)
    policy = _agent(model).collect_policy(SEED, environment)
    trajectory = unroll(policy, environment)
    guidance = losses.guidance_loss(
        trajectory.target_log_prob, trajectory.valid
    )
    assert float(guidance) > 0
    guided, plain = _agent(model, 0.5), _agent(model, 0.0)
    info = guided.loss(trajectory)
    np.testing.assert_allclose(info.extra["guidance_loss"], guidance)
    np.testing.assert_allclose(
        info.loss, plain.loss(trajectory).loss + 0.5 * guidance, rtol=1e-6
    )
    assert set(info.extra) == set(guided.metric_names)
    assert "guidance_loss" not in plain.metric_names


@pytest.mark.parametrize("into_core", [True, False])
def test_whether_it_trains_the_core(model, into_core):
    agent = _agent(model, reinforce_into_core=into_core)
    environment = _environment(model)
    policy = agent.collect_policy(SEED, environment)
    cell = model.cell
    with tf.GradientTape() as tape:
        loss = losses.guidance_loss(
            unroll(policy, environment).target_log_prob, tf.ones([6, 4])
        )
    core, query = tape.gradient(
        loss,
        [
            cell.core.trainable_variables[0].value,
            cell.location_policy.query.value,
        ],
    )
    assert np.any(query)
    assert (core is not None and np.any(core)) == into_core


@pytest.mark.slow
def test_an_eye_learns_to_look_there():
    """By guidance alone, though something else is brighter."""
    model = _model()
    agent = _agent(model, policy_weight=0.0)
    environment = _environment(model)

    def chance():
        played = unroll(agent.policy, environment)
        return np.exp(played.target_log_prob[::2, -1])

    assert chance().mean() < 0.3
    train = tf.function(
        lambda seed: agent.train(environment, seed), jit_compile=True
    )
    for t in range(100):
        train(tf.constant([3, t]))
    assert chance().min() > 0.9


def test_targets_are_of_images():
    images, labels = np.zeros([2, 8, 8, 1], np.uint8), [0, 1]
    environment = StillImage(
        images, labels, steps=2, rollouts=2, target=TARGETS[:2]
    )
    np.testing.assert_array_equal(environment.target, TARGETS[[0, 0, 1, 1]])
    with pytest.raises(ValueError, match=r"`target`.*\[2, 3\].*\(3, 3\)"):
        StillImage(images, labels, steps=2, target=TARGETS)


@pytest.mark.parametrize("rows", [None, slice(2, 4)])
def test_targets_are_where_signs_were_put(rows):
    batches, hidden = _batches()
    indices = tf.constant([3, 1, 0, 2])
    batch = batches.make(indices, tf.constant(5), rows)
    drawn = draw_signs(
        hidden,
        batches._scenery,
        indices,
        tf.constant([7, 5]),
        tf.constant(5),
    )
    place, size = drawn.place.numpy()[:, -1], drawn.size.numpy()[:, -1:]
    expected = np.concatenate([place + size / 2, size / 4], axis=1)
    np.testing.assert_array_equal(batch["target"], expected[rows or slice(4)])
    assert len(batch["image"]) == len(batch["target"])


def _batches():
    from tests.test_hidden_signs import GREY, _photographs, _signs

    hidden = HiddenSign(90, 2)
    batches = HiddenBatches(_signs(4), hidden, _photographs(GREY), 4, 7)
    assert isinstance(batches._scenery, Scenery)
    return batches, hidden


def test_a_network_on_whole_images_is_not_guided(model):
    """find.flags has guidance; other networks ignore what only eyes need."""
    task = FindTask(
        FindSettings().replace(
            location_policy="cells",
            first_fixation="centre",
            guidance_weight=0.3,
            rollouts=2,
        )
    )
    batch = {
        "image": tf.constant(_images()),
        "label": tf.constant([0, 1, 2]),
        "target": tf.constant(TARGETS),
    }
    network = make_comparator("conv_128", 32, 1, 3, 1, None)
    assert task.environment_maker(network)(batch).target is None
    assert task.environment_maker(model)(batch).target.shape == (6, 3)


def test_bad_arguments(model, make_model):
    with pytest.raises(ValueError, match=r"guidance_weight=-1"):
        _agent(model, -1)
    with pytest.raises(ValueError, match=r"among cells.*0\.5.*'gaussian'"):
        _agent(make_model(), 0.5)
    agent = _agent(model)
    with pytest.raises(ValueError, match=r"needs an environment with targets"):
        agent.train(_environment(model, None), SEED)


def test_settings_refuse_the_papers_policy():
    with pytest.raises(ValueError, match=r"--guidance_weight=0\.3.*gaussian"):
        FindSettings().replace(guidance_weight=0.3)
    assert Model().location_policy == "gaussian"
