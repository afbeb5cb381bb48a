"""The policy over cells in every kind of episode."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ram_tf import (
    GlimpseSensor,
    RAMCell,
    RecurrentAttentionModel,
    ReinforceAgent,
    StopAgent,
)
from ram_tf.episodes.environments.catch import Catch, draw_games
from ram_tf.episodes.environments.catch_rules import CatchRules
from ram_tf.episodes.environments.symbol_sequence import SymbolSequence
from ram_tf.episodes.environments.video import RecordedEpisode
from ram_tf.episodes.policies import ReplayPolicy, SamplingPolicy
from ram_tf.episodes.unroll import replay, unroll
from ram_tf.training.optimizers import make_optimizer

SEED = tf.constant([3, 4])
ROLLOUTS = 2


def _model(**changes):
    keras.utils.set_random_seed(0)
    model = RecurrentAttentionModel(
        **{
            "num_classes": 3,
            "glimpses": 4,
            "glimpse_size": 4,
            "scales": 3,
            "core_units": 12,
            "glimpse_units": 12,
            "location_units": 6,
            "units": 12,
            "sensor": "pyramid",
            "location_policy": "cells",
            "first_fixation": "random",
            "policy_scales": 2,
        }
        | changes
    )
    model.build((None, None, None, 1))
    policy = model.cell.location_policy
    # Undecided at first, so that rollouts differ.
    policy.common.assign(0.1 * policy.common)
    return model


def _images(frames=()):
    rng = np.random.default_rng(1)
    images = np.zeros([4, *frames, 24, 20, 1], np.uint8)
    for index in np.ndindex(*images.shape[:-3]):
        for y, x in rng.integers(0, 16, [3, 2]):
            images[index][y : y + 4, x : x + 3] = rng.integers(90, 256)
    return images


def _agent(model, **settings):
    return ReinforceAgent(
        model,
        make_optimizer("adam", 0.01, 100),
        rollouts=ROLLOUTS,
        baseline="leave_one_out",
        **settings,
    )


def _still(model):
    return model.environment(
        _images(), tf.constant([0, 1, 2, 0]), rollouts=ROLLOUTS
    )


def _video(model):
    labels = tf.constant([0, 1, 2, 0])
    return model.environment(_images((3,)), labels, rollouts=ROLLOUTS)


def _numbers(model):
    del model
    labels = tf.constant([[0, 1, 2], [1, 2, 2], [2, 2, 2], [0, 0, 2]])
    return SymbolSequence(
        _images(),
        labels,
        glimpses=2,
        end=2,
        rollouts=ROLLOUTS,
        reward="log_likelihood",
    )


def _catch(model):
    del model
    rules = CatchRules()
    return Catch(rules, draw_games(rules, SEED, 40), rollouts=ROLLOUTS)


KINDS = {
    "still": (_still, {}),
    "stop": (_still, {"stop": True}),
    "video": (_video, {}),
    "numbers": (_numbers, {}),
    "catch": (_catch, {"num_classes": None, "num_actions": 3}),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_trained_in_every_kind_of_episode(kind):
    make, changes = KINDS[kind]
    model = _model(**changes)
    agent, environment = _agent(model), make(model)
    policy = model.cell.location_policy
    before = [weight.numpy() for weight in policy.weights]
    step = tf.function(agent.train, jit_compile=True, autograph=False)
    losses = [float(step(environment, SEED).loss) for _ in range(3)]
    assert np.isfinite(losses).all()
    changed = [
        np.any(weight.numpy() != old)
        for weight, old in zip(policy.weights, before, strict=True)
    ]
    assert all(changed)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_noise_plays_the_same_in_eager_mode_and_xla(kind):
    make, changes = KINDS[kind]
    model = _model(**changes)
    environment = make(model)
    noise = model.cell.noise(SEED, environment.rows, environment.steps)

    def play():
        return unroll(SamplingPolicy(model.cell, noise), environment)

    eager = play()
    compiled = tf.function(play, jit_compile=True, autograph=False)()
    for name, values in eager.action.items():
        np.testing.assert_allclose(compiled.action[name], values, atol=1e-6)
    np.testing.assert_allclose(compiled.log_prob, eager.log_prob, atol=1e-4)
    # Each row has looked at places of its own.
    paths = eager.action["location"].numpy().reshape(environment.rows, -1)
    assert len(np.unique(paths.round(4), axis=0)) == environment.rows


@pytest.mark.parametrize("into_core", [True, False])
def test_a_recorded_episode_is_trained_on_alike(into_core):
    """Played, and replayed from what was recorded of it: one update."""
    updates = []
    for recorded in (False, True):
        model = _model(first_fixation="centre")
        agent = _agent(model, reinforce_into_core=into_core)
        videos = _images((3,)).repeat(ROLLOUTS, axis=0)
        environment = model.environment(
            _images((3,)), tf.constant([0, 1, 2, 0]), rollouts=ROLLOUTS
        )
        policy = agent.collect_policy(SEED, environment)
        trajectory = unroll(policy, environment)
        if recorded:
            episode = RecordedEpisode(
                tf.constant(videos),
                trajectory.reward * 0,
                trajectory.valid,
                trajectory.label,
                trajectory.label_weight,
            )
            found = replay(
                ReplayPolicy(
                    model.cell,
                    trajectory.action,
                    reinforce_into_core=into_core,
                ),
                episode,
            )
        else:
            found = unroll(
                ReplayPolicy(
                    model.cell,
                    trajectory.action,
                    reinforce_into_core=into_core,
                ),
                environment,
            )
        updates.append(found)
    for name in ("logits", "log_prob", "baseline"):
        one, other = (getattr(found, name) for found in updates)
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    assert np.ptp(updates[0].log_prob) > 0.1


@pytest.mark.parametrize("into_core", [True, False])
def test_kept_parameters_are_those_computed_again(into_core):
    """The two ways of REINFORCE's gradient agree where both are right."""
    model = _model(first_fixation="centre")
    agent = _agent(model, reinforce_into_core=into_core)
    environment = _still(model)
    variables = model.trainable_variables
    gradients = []
    for forget in (False, True):
        policy = agent.collect_policy(SEED, environment)
        if forget:
            read = policy._read_log_prob
            policy._read_log_prob = lambda looks, choice, read=read: read(
                looks._replace(parameters=None), choice
            )
        with tf.GradientTape() as tape:
            loss = agent.loss(unroll(policy, environment)).loss
        gradients.append(tape.gradient(loss, variables))
    for one, other in zip(*gradients, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_only_the_stop_is_trained():
    model = _model(stop=True)
    agent = StopAgent(model, make_optimizer("adam", 0.01, 100))
    environment = model.environment(_images(), tf.constant([0, 1, 2, 0]))
    before = model.cell.location_policy.query.numpy()
    agent.train(environment, SEED)
    np.testing.assert_array_equal(model.cell.location_policy.query, before)


def test_keras_runs_the_cell_over_videos():
    model = _model(first_fixation="centre")
    cell = RAMCell.from_config(model.cell.get_config())
    videos = _images((3,))
    inputs = keras.Input(videos.shape[1:], dtype="uint8")
    outputs = keras.layers.RNN(cell, return_sequences=True)(inputs)
    whole = keras.Model(inputs, outputs)
    cell.set_weights(model.cell.get_weights())
    logits = cell.split(whole(videos)).logits
    np.testing.assert_allclose(logits, model(videos)["logits"], atol=1e-5)


@pytest.mark.parametrize(
    "sensor", ["extract_glimpse", "gather", "integral", "crop_and_resize"]
)
def test_every_sensor_shows_it_the_same(sensor):
    looked = []
    for name in (sensor, "gather"):
        model = _model(sensor=name, first_fixation="centre")
        looked.append(model(_images())["locations"].numpy())
    np.testing.assert_array_equal(*looked)


def test_first_fixations_are_anywhere_on_the_canvas():
    model = _model()
    environment = model.environment(
        np.zeros([1, 24, 20, 1], np.uint8), rollouts=500
    )
    noise = model.cell.noise(SEED, 500, 4)
    played = unroll(SamplingPolicy(model.cell, noise), environment)
    first = played.action["location"].numpy()[:, 0]
    assert np.abs(first).max() <= 1
    assert first.min() < -0.9
    assert first.max() > 0.9
    assert GlimpseSensor(4, 3, "pyramid").scales == model.scales
