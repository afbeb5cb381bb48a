"""Where gradients go, and that REINFORCE's is that of the expected return."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import norm

from ram_tf import RecurrentAttentionModel, ReinforceAgent
from ram_tf.episodes.environments.still_image import StillImage
from ram_tf.episodes.unroll import unroll

SEED = tf.constant([1, 2])


def _agent(model, **settings):
    return ReinforceAgent(model, keras.optimizers.SGD(), **settings)


def _environment(images, **kwargs):
    settings = {"steps": 3, "rollouts": 2, "reward": "log_likelihood"}
    return StillImage(images, [0, 1, 2, 0], **settings, **kwargs)


def _gradient(agent, environment, variables, part=None):
    """Gradient of the loss, or of one part of it."""
    with tf.GradientTape() as tape:
        policy = agent.collect_policy(SEED, environment)
        info = agent.loss(unroll(policy, environment))
        target = info.extra[part] if part else info.loss
    return tape.gradient(target, variables)


def _flows(gradients):
    """Whether each gradient is there and not zero."""
    return [g is not None and bool(tf.reduce_any(g != 0)) for g in gradients]


def _location_variables(model):
    return model.cell.location_policy.trainable_variables


def _core_variables(model):
    cell = model.cell
    return cell.core.trainable_variables + cell.glimpse_net.trainable_variables


@pytest.mark.parametrize("baseline", ["learned", "leave_one_out"])
def test_the_location_network_is_trained(make_model, images, baseline):
    agent = _agent(make_model(), rollouts=2, baseline=baseline)
    gradients = _gradient(
        agent, _environment(images), _location_variables(agent.model)
    )
    assert _flows(gradients) == [True, True]


def test_it_is_trained_by_reinforce_alone(make_model, images):
    agent = _agent(make_model(), rollouts=2)
    variables = _location_variables(agent.model)
    for part in ("cross_entropy", "baseline_loss"):
        gradients = _gradient(agent, _environment(images), variables, part)
        assert gradients == [None, None]


class Wage(StillImage):
    """Every step pays: the same to all rows, or more to later rows."""

    slope = 0.0

    def _time_step(self, t):
        reward = 2.0 + self.slope * tf.range(self.rows, dtype=tf.float32)
        return super()._time_step(t)._replace(reward=reward)


class RisingWage(Wage):
    slope = 1.0


@pytest.mark.parametrize(("wage", "flows"), [(Wage, False), (RisingWage, True)])
def test_no_advantage_no_gradient(make_model, images, wage, flows):
    model = make_model(num_classes=None)
    agent = _agent(model, rollouts=2, baseline="leave_one_out")
    gradients = _gradient(
        agent, wage(images, steps=3, rollouts=2), _location_variables(model)
    )
    assert all(gradient is not None for gradient in gradients)
    assert _flows(gradients) == [flows, flows]


def test_the_sample_carries_no_gradient(make_model, images):
    model, environment = make_model(), _environment(images)
    with tf.GradientTape() as tape:
        policy = _agent(model).collect_policy(SEED, environment)
        location = unroll(policy, environment).action["location"]
    gradients = tape.gradient(location, model.trainable_variables)
    assert gradients == [None] * len(model.trainable_variables)


def test_log_prob_has_the_score_as_its_gradient(make_model, images):
    """Were the sample to move with the mean, it would be zero."""
    model, environment = make_model(), _environment(images)
    bias = model.cell.location_policy.dense.bias
    with tf.GradientTape() as tape:
        policy = _agent(model).collect_policy(SEED, environment)
        trajectory = unroll(policy, environment)
        first = tf.reduce_sum(trajectory.log_prob[:, 0])
    mean = np.tanh([0.3, -0.2])
    deviation = trajectory.action["location"][:, 0] - mean
    score = np.sum(deviation, axis=0) / 0.2**2
    np.testing.assert_allclose(
        tape.gradient(first, bias), score * (1 - mean**2), rtol=1e-4
    )


@pytest.mark.parametrize("into_core", [True, False])
def test_reinforce_reaches_the_core_if_it_may(make_model, images, into_core):
    agent = _agent(make_model(), rollouts=2, reinforce_into_core=into_core)
    part = "policy_gradient_loss"
    gradients = _gradient(
        agent, _environment(images), _core_variables(agent.model), part
    )
    assert _flows(gradients) == [into_core] * len(gradients)
    gradients = _gradient(
        agent, _environment(images), _location_variables(agent.model), part
    )
    assert _flows(gradients) == [True, True]


def test_the_answer_trains_the_core_anyway(make_model, images):
    agent = _agent(make_model(), rollouts=2, reinforce_into_core=False)
    gradients = _gradient(
        agent, _environment(images), _core_variables(agent.model)
    )
    assert all(_flows(gradients))


# The tiny problem: a blank image of 4 x 4 pixels, two fixations, each paid by
# the pixel it falls on (beyond the edge, by the nearest pixel). Nothing is
# seen and the place is not told to the core, so that both means are fixed.
STD = 0.4
EDGES = np.array([-np.inf, -0.5, 0, 0.5, np.inf])
TABLE = np.random.default_rng(0).normal(1, 1, [2, 4, 4]).astype("f")
BATCHES, IMAGES, ROLLOUTS = 50, 500, 4  # 1e5 samples.


class Bins(StillImage):
    """Pays TABLE[t] at the pixel that fixation t falls on."""

    def __init__(self):
        images = tf.zeros([IMAGES, 4, 4, 1])
        super().__init__(images, steps=2, rollouts=ROLLOUTS)

    def step(self, state, action):
        pixel = tf.floor((action["location"] + 1) / 2 * 4)
        pixel = tf.cast(tf.clip_by_value(pixel, 0, 3), tf.int32)
        reward = tf.gather_nd(TABLE[state], pixel)
        _, time_step = super().step(state, action)
        return state + 1, time_step._replace(reward=reward)


def _tiny_model():
    keras.utils.set_random_seed(1)
    model = RecurrentAttentionModel(
        num_classes=None,
        glimpses=2,
        glimpse_size=1,
        core_units=3,
        glimpse_units=2,
        location_units=2,
        units=3,
        location_std=STD,
        sensor="gather",
    )
    model.build((None, 4, 4, 1))
    rng = np.random.default_rng(2)
    for variable in model.trainable_variables:
        variable.assign(rng.uniform(0.1, 0.6, variable.shape))
    model.cell.location_policy.dense.bias.assign([0.3, -0.5])
    model.cell.glimpse_net.where.kernel.assign(tf.zeros([2, 3]))
    return model


def _tiny_variables(model):
    """What the two means depend on: the location network and the core."""
    core = model.cell.core
    return [*_location_variables(model), core.kernel, core.bias]


def _return_gradient(table, mean):
    """Of the expected pay with respect to the mean (y, x)."""
    edges = (EDGES[:, None] - mean) / STD
    chance = np.diff(norm.cdf(edges), axis=0)
    slope = -np.diff(norm.pdf(edges), axis=0) / STD
    return [
        slope[:, 0] @ table @ chance[:, 1],
        chance[:, 0] @ table @ slope[:, 1],
    ]


def _exact_gradient(model):
    """Minus the gradient of the expected return, as of a loss."""
    cell, frame = model.cell, tf.zeros([1, 4, 4, 1])
    variables = _tiny_variables(model)
    with tf.GradientTape() as tape:
        first = cell.get_initial_state(1)
        _, second = cell(frame, first)
        means = tf.concat([first[-1], second[-1]], axis=0)
    slopes = [
        _return_gradient(table, mean)
        for table, mean in zip(TABLE, means.numpy(), strict=True)
    ]
    return tape.gradient(means, variables, tf.constant(slopes, tf.float32) * -1)


def _estimates(model, baseline):
    """BATCHES independent estimates of it, flat."""
    agent = _agent(
        model, rollouts=ROLLOUTS, baseline=baseline, baseline_weight=0.0
    )
    environment = Bins()

    @tf.function
    def estimate(seed):
        policy = agent.collect_policy(seed, environment)
        with tf.GradientTape() as tape:
            loss = agent.loss(unroll(policy, environment)).loss
        return _flat(tape.gradient(loss, _tiny_variables(model)))

    return np.stack([estimate(tf.constant([9, b])) for b in range(BATCHES)])


def _flat(gradients):
    return tf.concat([tf.reshape(g, [-1]) for g in gradients], axis=0)


@pytest.mark.parametrize("baseline", ["learned", "leave_one_out"])
def test_reinforce_estimates_the_gradient_of_the_expected_return(baseline):
    """Within four standard errors in every component."""
    model = _tiny_model()
    exact = _flat(_exact_gradient(model)).numpy()
    estimates = _estimates(model, baseline)
    error = estimates.mean(axis=0) - exact
    standard_error = estimates.std(axis=0, ddof=1) / np.sqrt(BATCHES)
    # The test has teeth: the gradient stands far above its error.
    assert np.median(np.abs(exact) / standard_error) > 10
    assert np.all(np.abs(error) <= 4 * standard_error)
