"""The unroll: policies, trajectories, rollouts."""

import numpy as np
import pytest
import tensorflow as tf

from ram_tf.episodes.environments.still_image import StillImage
from ram_tf.episodes.environments.video import RecordedEpisode
from ram_tf.episodes.policies import (
    CentreFixations,
    Policy,
    RandomFixations,
    ReplayPolicy,
    SamplingPolicy,
)
from ram_tf.episodes.unroll import replay, unroll
from ram_tf.types import TimeStep

STEPS, STD = 3, 0.2
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def _noise(cell, rows, steps=STEPS):
    return cell.noise(tf.constant([1, 2]), rows, steps)


def _environment(images, **kwargs):
    return StillImage(images, [0, 1, 2, 0], steps=STEPS, **kwargs)


def _sampled(cell, environment):
    noise = _noise(cell, environment.rows)
    return unroll(SamplingPolicy(cell, noise), environment), noise


def _means(cell, images, locations):
    """The mean before each step, by calling the cell step by step."""
    states = cell.get_initial_state(locations.shape[0])
    means = []
    for t in range(STEPS):
        means.append(states[-1])
        _, states = cell(images, [*states[:-1], locations[:, t]])
    return np.stack(means, axis=1)


def test_shapes(make_model, images):
    cell = make_model().cell
    trajectory, _ = _sampled(cell, _environment(images, rollouts=2))
    shapes = {
        name: tuple(field.shape)
        for name, field in trajectory._asdict().items()
        if name != "action"
    }
    assert trajectory.action["location"].shape == (8, 3, 2)
    assert shapes.pop("logits") == (8, 3, 3)
    assert set(shapes.values()) == {(8, 3)}
    np.testing.assert_array_equal(trajectory.valid, np.ones([8, 3]))


def test_the_deterministic_policy_looks_at_the_mean(make_model, images):
    cell = make_model().cell
    trajectory = unroll(Policy(cell), _environment(images))
    locations = trajectory.action["location"]
    np.testing.assert_allclose(
        locations, _means(cell, images, locations), **CLOSE
    )
    np.testing.assert_array_equal(trajectory.log_prob, np.zeros([4, 3]))


def test_a_sample_is_the_mean_and_the_noise(make_model, images):
    cell = make_model().cell
    trajectory, noise = _sampled(cell, _environment(images))
    locations = trajectory.action["location"]
    means = _means(cell, images, locations)
    np.testing.assert_allclose(locations, means + STD * noise.location, **CLOSE)


def test_log_prob_is_the_density_of_the_noise(make_model, images):
    trajectory, noise = _sampled(make_model().cell, _environment(images))
    density = -np.sum(np.square(noise.location), -1) / 2
    density -= 2 * np.log(STD * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(trajectory.log_prob, density, rtol=1e-4)


def test_a_learned_first_fixation_is_sampled(make_model, images):
    trajectory, noise = _sampled(make_model().cell, _environment(images))
    expected = np.tanh([0.3, -0.2]) + STD * noise.location[:, 0]
    first = trajectory.action["location"][:, 0]
    np.testing.assert_allclose(first, expected, rtol=1e-5)
    assert np.all(trajectory.log_prob[:, 0] != 0)


def test_a_central_first_fixation_is_not_sampled(make_model, images):
    cell = make_model(first_fixation="centre").cell
    trajectory, _ = _sampled(cell, _environment(images))
    first = trajectory.action["location"][:, 0]
    np.testing.assert_array_equal(first, np.zeros([4, 2]))
    np.testing.assert_array_equal(trajectory.log_prob[:, 0], np.zeros(4))
    assert np.all(trajectory.log_prob[:, 1:] != 0)


def test_a_random_first_fixation_is_uniform_over_the_range(make_model, images):
    cell = make_model(first_fixation="random", location_range=0.5).cell
    trajectory, noise = _sampled(cell, _environment(images))
    first = trajectory.action["location"][:, 0]
    np.testing.assert_array_equal(first, 0.5 * noise.first)
    np.testing.assert_array_equal(trajectory.log_prob[:, 0], np.zeros(4))
    assert np.all(trajectory.log_prob[:, 1:] != 0)
    deterministic = unroll(Policy(cell), _environment(images))
    np.testing.assert_array_equal(
        deterministic.action["location"][:, 0], np.zeros([4, 2])
    )


@pytest.mark.parametrize("first", ["learned", "centre", "random"])
def test_replay_repeats_an_episode(make_model, images, first):
    cell = make_model(first_fixation=first).cell
    environment = _environment(images, rollouts=2)
    played, _ = _sampled(cell, environment)
    replayed = unroll(ReplayPolicy(cell, played.action), environment)
    tf.nest.map_structure(np.testing.assert_array_equal, replayed, played)


def test_random_fixations(make_model, images):
    cell = make_model(location_range=0.5).cell
    uniform = tf.random.stateless_uniform([4, 3, 2], [1, 2], -1, 1)
    trajectory = unroll(RandomFixations(cell, uniform), _environment(images))
    locations = trajectory.action["location"]
    np.testing.assert_array_equal(locations, 0.5 * uniform)
    np.testing.assert_array_equal(trajectory.log_prob, np.zeros([4, 3]))


def test_centre_fixations(make_model, images):
    cell = make_model().cell
    trajectory = unroll(CentreFixations(cell), _environment(images))
    locations = trajectory.action["location"]
    np.testing.assert_array_equal(locations, np.zeros([4, 3, 2]))
    np.testing.assert_array_equal(trajectory.log_prob, np.zeros([4, 3]))


@pytest.mark.parametrize("core", ["rnn", "lstm"])
def test_rollouts_equal_tiled_images(make_model, images, core):
    cell = make_model(core=core).cell
    shared, _ = _sampled(cell, _environment(images, rollouts=2))
    labels = np.repeat([0, 1, 2, 0], 2)
    tiled, _ = _sampled(
        cell, StillImage(np.repeat(images, 2, 0), labels, steps=STEPS)
    )
    tf.nest.map_structure(np.testing.assert_array_equal, shared, tiled)


def test_answers_are_read_after_each_glimpse(make_model, images):
    cell = make_model().cell
    trajectory, _ = _sampled(cell, _environment(images))
    states = cell.get_initial_state(4)
    for t in range(STEPS):
        location = trajectory.action["location"][:, t]
        output, states = cell(images, [*states[:-1], location])
        logits = cell.split(output).logits
        np.testing.assert_allclose(trajectory.logits[:, t], logits, **CLOSE)


def test_the_baseline_is_known_before_the_action(make_model, images):
    cell = make_model().cell
    noise = _noise(cell, 4)
    other = noise.location.numpy()
    other[:, 1] += 3
    first, second = (
        unroll(SamplingPolicy(cell, n), _environment(images)).baseline
        for n in (noise, noise._replace(location=tf.constant(other)))
    )
    np.testing.assert_array_equal(first[:, 0], np.full(4, 0.4, "f"))
    np.testing.assert_array_equal(first[:, :2], second[:, :2])
    assert np.all(first[:, 2] != second[:, 2])


class Countdown(StillImage):
    """Row r ends after lengths[r] steps; step t pays t + 1."""

    def __init__(self, images, lengths):
        super().__init__(images, steps=STEPS)
        self._lengths = tf.constant(lengths)

    def _time_step(self, t):
        return TimeStep(
            observation=self._frame(t),
            reward=tf.fill([self.rows], float(t)),
            is_last=self._lengths <= t,
        )


def test_rewards_end_with_the_episode(make_model, images):
    cell = make_model().cell
    trajectory = unroll(Policy(cell), Countdown(images, [1, 2, 3, 9]))
    valid = [[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 1, 1]]
    np.testing.assert_array_equal(trajectory.valid, valid)
    np.testing.assert_array_equal(
        trajectory.reward, np.array(valid) * [1, 2, 3]
    )


def test_without_classes(make_model, images):
    cell = make_model(num_classes=None).cell
    trajectory = unroll(Policy(cell), StillImage(images, steps=STEPS))
    assert trajectory.logits is None
    assert trajectory.label is None
    np.testing.assert_array_equal(trajectory.reward, np.zeros([4, 3]))


def test_jit_equals_eager(make_model, images):
    cell = make_model().cell

    def play(images, noise):
        environment = _environment(images, rollouts=2)
        return unroll(SamplingPolicy(cell, noise), environment)

    noise = _noise(cell, 8)
    tf.nest.map_structure(
        lambda a, b: np.testing.assert_allclose(a, b, **CLOSE),
        tf.function(play, jit_compile=True)(tf.constant(images), noise),
        play(images, noise),
    )


def test_noise_is_the_same_under_xla(make_model):
    cell = make_model(num_actions=3, stop=True).cell
    # The seed is an argument: a constant would be folded before XLA sees it.
    compiled = tf.function(cell.noise, jit_compile=True)
    tf.nest.map_structure(
        lambda a, b: np.testing.assert_allclose(a, b, **CLOSE),
        compiled(tf.constant([1, 2]), 5, 2),
        cell.noise(tf.constant([1, 2]), 5, 2),
    )


def test_noise_is_a_function_of_the_seed(make_model):
    cell, seed = make_model().cell, tf.constant([3, 4])
    noise = cell.noise(seed, 5, 2)
    again = cell.noise(seed, 5, 2)
    other = cell.noise(seed + 1, 5, 2)
    tf.nest.map_structure(np.testing.assert_array_equal, noise, again)
    assert np.all(noise.location != other.location)
    assert np.all(noise.first != other.first)


def test_noise_has_its_moments_and_shares_nothing(make_model):
    noise = make_model().cell.noise(tf.constant([5, 6]), 10_000, 1)
    normal, first = noise.location[:, 0].numpy(), noise.first.numpy()
    for moment, expected in [
        (normal.mean(), 0),
        (np.square(normal).mean(), 1),
        (first.mean(), 0),
        (np.square(first).mean(), 1 / 3),
        # Box and Muller's radius would give away a shared random number.
        (np.corrcoef(np.abs(normal).sum(-1), first[:, 0])[0, 1], 0),
        (np.corrcoef(normal[:, 0], first[:, 0])[0, 1], 0),
    ]:
        assert abs(moment - expected) < 0.05
    assert np.abs(first).max() <= 1


@pytest.mark.parametrize("core", ["rnn", "lstm"])
@pytest.mark.parametrize("compiled", [False, True])
def test_a_replay_is_an_unroll(make_model, core, compiled):
    cell = make_model(core=core, num_actions=2, stop=True).cell
    random = np.random.default_rng(5)
    rewards = random.normal(size=[4, STEPS]).astype(np.float32)
    valid = np.float32([[1, 1, 1], [1, 0, 0], [1, 1, 0], [1, 1, 1]])
    action = {
        "location": random.uniform(-1, 1, [4, STEPS, 2]).astype(np.float32),
        "action": random.integers(0, 2, [4, STEPS]).astype(np.int32),
        "stop": np.array([[False, False, True]] * 4),
    }

    def play(how, frames):
        label = tf.constant([[0] * STEPS, [1] * STEPS] * 2)
        episode = RecordedEpisode(frames, rewards, valid, label, valid)
        return how(ReplayPolicy(cell, action), episode)

    frames = tf.constant(random.integers(0, 256, [4, STEPS, 9, 11, 1]))
    frames = tf.cast(frames, tf.uint8)
    expected = play(unroll, frames)._asdict()
    if compiled:
        play = tf.function(play, jit_compile=True, autograph=False)
    found = play(replay, frames)._asdict()
    np.testing.assert_array_equal(found["valid"], valid)
    for name in expected.keys() - {"action"}:
        np.testing.assert_allclose(
            found[name], expected[name], **CLOSE, err_msg=name
        )
