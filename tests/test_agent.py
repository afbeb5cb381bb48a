"""ReinforceAgent: one step of training, live and from a record."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ram_tf import ReinforceAgent, losses
from ram_tf.episodes.environments.still_image import StillImage
from ram_tf.episodes.environments.video import RecordedEpisode
from ram_tf.episodes.policies import Policy, SamplingPolicy
from ram_tf.episodes.unroll import unroll

SEED = tf.constant([1, 2])
LABELS = [0, 1, 2, 0]
PAPER = {"rollouts": 1, "baseline": "learned"}
SETTINGS = [
    (PAPER, "accuracy"),
    ({"rollouts": 3, "baseline": "leave_one_out"}, "log_likelihood"),
    ({"rollouts": 2, "reinforce_into_core": False}, "log_likelihood"),
]


def _agent(model, **settings):
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    return ReinforceAgent(model, optimizer, **{**PAPER, **settings})


def _environment(images, agent, reward="log_likelihood"):
    return StillImage(
        images, LABELS, steps=3, rollouts=agent.rollouts, reward=reward
    )


def _assert_close(first, second):
    keras.tree.map_structure(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6),
        first,
        second,
    )


def _record(agent, environment):
    """An episode as a world outside the graph would record it."""
    played = unroll(agent.collect_policy(SEED, environment), environment)
    frames = environment.reset()[1].observation
    frames = np.repeat(frames, agent.rollouts, axis=0)
    episode = RecordedEpisode(
        np.stack([frames] * environment.steps, axis=1),
        played.reward,
        played.valid,
        played.label,
        played.label_weight,
        agent.rollouts,
    )
    return episode, played.action


@pytest.mark.parametrize(("settings", "reward"), SETTINGS)
@pytest.mark.parametrize("again", ["recorded", "still image"])
def test_training_on_a_record_is_training_live(
    make_model, images, settings, reward, again
):
    live, replay = (_agent(make_model(), **settings) for _ in range(2))
    environment = _environment(images, live, reward)
    episode, action = _record(live, environment)
    if again == "still image":
        episode = environment
    info = live.train(environment, SEED)
    replayed = replay.train_on_recorded(episode, action)
    _assert_close(replayed.loss, info.loss)
    _assert_close(replayed.extra, info.extra)
    _assert_close(replay.model.get_weights(), live.model.get_weights())
    for before, after in zip(
        make_model().weights, live.model.weights, strict=True
    ):
        others = settings.get("baseline") == "leave_one_out"
        unused = others and "baseline" in after.path
        assert np.any(before.numpy() != after.numpy()) != unused, after.path


@pytest.mark.parametrize(("settings", "reward"), SETTINGS[:2])
def test_a_compiled_step_is_an_eager_step(make_model, images, settings, reward):
    eager, compiled = (_agent(make_model(), **settings) for _ in range(2))
    environment = _environment(images, eager, reward)
    _, action = _record(eager, environment)

    @tf.function(jit_compile=True)
    def train(images, action):
        environment = _environment(images, compiled, reward)
        return compiled.train_on_recorded(environment, action)

    info = eager.train_on_recorded(environment, action)
    _assert_close(train(tf.constant(images), action), info)
    _assert_close(compiled.model.get_weights(), eager.model.get_weights())


def test_the_loss_is_the_sum_of_its_parts(make_model, images):
    agent = _agent(make_model(), policy_weight=0.5, baseline_weight=3.0)
    info = agent.train(_environment(images, agent), SEED)
    parts = info.extra
    assert set(parts) == set(agent.metric_names)
    expected = (
        parts["cross_entropy"]
        + 0.5 * parts["policy_gradient_loss"]
        + 3.0 * parts["baseline_loss"]
    )
    np.testing.assert_allclose(info.loss, expected, rtol=1e-6)
    # The return is the log-likelihood of the last answer.
    np.testing.assert_allclose(parts["return"], -parts["cross_entropy"], 1e-6)


def test_the_mean_answer_of_the_rollouts_teaches(make_model, images):
    plain, taught = (
        _agent(make_model(), rollouts=2, teaching_weight=weight)
        for weight in (0.0, 0.5)
    )
    environment = _environment(images, plain)
    policy = plain.collect_policy(SEED, environment)
    trajectory = unroll(policy, environment)
    teaching = losses.teaching_loss(
        trajectory.logits, 2, trajectory.label_weight, trajectory.valid
    )
    assert float(teaching) > 0
    np.testing.assert_allclose(
        taught.loss(trajectory).loss,
        plain.loss(trajectory).loss + 0.5 * teaching,
        rtol=1e-6,
    )


@pytest.mark.parametrize("decay", [0.0, 0.6, 1.0])
def test_the_baseline_is_to_be_what_it_was_and_its_advantage(
    make_model, images, decay
):
    agent = _agent(make_model(), trace_decay=decay)
    environment = _environment(images, agent)
    played = unroll(agent.collect_policy(SEED, environment), environment)
    valid = np.float32([[1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 1, 1]])
    reward = np.float32([[1, 0, 2], [0, 3, 9], [4, 9, 9], [0, 0, -1]])
    baseline = np.float32([[3, 1, 4], [1, 5, 9], [2, 6, 5], [3, 5, 8]])
    played = played._replace(
        valid=tf.constant(valid),
        reward=tf.constant(reward),
        baseline=tf.constant(baseline),
    )
    # Backwards: what a step earned and promises, and a share of what follows.
    advantage, following, traced = np.zeros([4, 3]), 0.0, 0.0
    for t in (2, 1, 0):
        value = baseline[:, t] * valid[:, t]
        error = reward[:, t] * valid[:, t] + following - value
        traced = error + decay * traced
        advantage[:, t], following = traced, value
    parts = agent.loss(played).extra
    squares = (np.square(advantage) * valid).sum() / valid.sum()
    np.testing.assert_allclose(parts["baseline_loss"], squares, rtol=1e-5)
    gained = (-played.log_prob * advantage * valid).numpy().sum(1).mean()
    np.testing.assert_allclose(parts["policy_gradient_loss"], gained, rtol=1e-4)


def test_a_step_depends_on_the_seed_alone(make_model, images):
    weights = []
    for seed in (SEED, SEED, SEED + 1):
        agent = _agent(make_model())
        agent.train(_environment(images, agent), seed)
        weights.append(agent.model.cell.location_policy.dense.kernel.numpy())
    np.testing.assert_array_equal(weights[0], weights[1])
    assert np.any(weights[0] != weights[2])


@pytest.mark.parametrize("settings", [PAPER, SETTINGS[1][0]])
def test_a_step_is_its_gradients_and_their_update(make_model, images, settings):
    whole, parted = (_agent(make_model(), **settings) for _ in range(2))
    environment = _environment(images, whole)
    info = whole.train(environment, SEED)
    gradients, same = parted.gradients(environment, SEED)
    for weight, start in zip(
        parted.model.weights, make_model().weights, strict=True
    ):
        np.testing.assert_array_equal(weight, start)
    parted.update(gradients)
    _assert_close(same, info)
    _assert_close(parted.model.get_weights(), whole.model.get_weights())
    # What has no part in the loss has a gradient all the same: zero.
    sizes = [w.shape for w in parted.model.trainable_variables]
    assert [tuple(g.shape) for g in gradients] == sizes


def test_steps_are_counted(make_model, images):
    agent = _agent(make_model())
    environment = _environment(images, agent)
    assert agent.train_step_counter == 0
    agent.train(environment, SEED)
    agent.train_on_recorded(*_record(agent, environment))
    assert agent.train_step_counter == 2


def test_policies(make_model, images):
    agent = _agent(make_model(), rollouts=2)
    environment = _environment(images, agent)
    collect = agent.collect_policy(SEED, environment)
    assert type(agent.policy) is Policy
    assert type(collect) is SamplingPolicy
    assert unroll(collect, environment).valid.shape == (8, 3)


def test_it_learns(make_model, images):
    """Four images of three classes are learned by heart."""
    agent = ReinforceAgent(
        make_model(core_units=16, units=16, glimpse_units=16),
        keras.optimizers.Adam(0.01),
        rollouts=4,
        baseline="leave_one_out",
    )

    @tf.function(jit_compile=True)
    def train(seed):
        environment = _environment(tf.constant(images), agent)
        return agent.train(environment, seed).extra["cross_entropy"]

    losses = [float(train(tf.constant([7, t]))) for t in range(300)]
    assert np.mean(losses[:5]) > 0.9
    assert np.mean(losses[-5:]) < 0.3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rollouts": 0}, "`rollouts` must be a positive.*rollouts=0"),
        ({"baseline": "mean"}, "`baseline` must be one of.*'mean'"),
        ({"policy_weight": -1}, "`policy_weight` must be.*policy_weight=-1"),
        ({"baseline_weight": float("nan")}, "baseline_weight=nan"),
        ({"teaching_weight": -1.0}, "teaching_weight=-1"),
        ({"teaching_weight": 1.0}, "at least two rollouts.*rollouts=1"),
        (
            {"baseline": "leave_one_out"},
            "at least two rollouts.*rollouts=1",
        ),
    ],
)
def test_bad_arguments(make_model, settings, message):
    with pytest.raises(ValueError, match=message):
        _agent(make_model(), **settings)


def test_rollouts_must_be_the_environments(make_model, images):
    agent = _agent(make_model(), rollouts=4, baseline="leave_one_out")
    environment = StillImage(images, LABELS, steps=3, rollouts=2)
    with pytest.raises(ValueError, match=r"rollouts, 4\..*: 2"):
        agent.train(environment, SEED)


@pytest.mark.parametrize("label", [-1, 3])
def test_labels_outside_the_classes(make_model, images, label):
    agent = _agent(make_model())
    message = rf"must lie in \[0, 3\).*{label}"
    with pytest.raises(ValueError, match=message):
        agent.train(agent.model.environment(images, [0, 1, 2, label]), SEED)


def test_images_of_other_channels(make_model, images):
    model = make_model(channels=3)
    with pytest.raises(ValueError, match=r"have 3 channels.*\(4, 9, 11, 1\)"):
        model(images)
