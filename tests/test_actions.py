"""Acting beside looking: the head, the policies, the agent's loss."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ram_tf import ActionPolicy, ReinforceAgent
from ram_tf.episodes.environments.catch import Catch, draw_games
from ram_tf.episodes.environments.catch_rules import CatchRules
from ram_tf.episodes.environments.video import RecordedEpisode
from ram_tf.episodes.policies import CentreFixations, Policy, SamplingPolicy
from ram_tf.episodes.unroll import unroll

SEED = tf.constant([1, 2])
RULES = CatchRules(height=5, width=6)
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def _environment(rollouts=1, count=4):
    return Catch(RULES, draw_games(RULES, SEED, count), rollouts)


def _agent(model, **settings):
    optimizer = keras.optimizers.SGD(0.1)
    return ReinforceAgent(model, optimizer, **settings)


def _logits(cell, environment, action):
    """Of each step, by calling the cell step by step on what was done."""
    state, time_step = environment.reset()
    states = cell.get_initial_state(environment.rows)
    found = []
    for t in range(environment.steps):
        location = action["location"][:, t]
        output, states = cell(time_step.observation, [*states[:-1], location])
        found.append(cell.split(output).action_logits)
        done = {"action": action["action"][:, t]}
        state, time_step = environment.step(state, done)
    return np.stack(found, axis=1)


def test_an_action_is_chosen_after_the_look(make_player):
    cell, environment = make_player().cell, _environment()
    trajectory = unroll(Policy(cell), environment)
    logits = _logits(cell, environment, trajectory.action)
    np.testing.assert_array_equal(
        trajectory.action["action"], logits.argmax(-1)
    )
    np.testing.assert_array_equal(trajectory.log_prob, np.zeros([4, 4]))
    assert trajectory.action["action"].dtype == tf.int32


def test_log_prob_and_entropy(make_player):
    cell, environment = make_player().cell, _environment(rollouts=2)
    noise = cell.noise(SEED, 8, 4)
    trajectory = unroll(SamplingPolicy(cell, noise), environment)
    logits = _logits(cell, environment, trajectory.action)
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    action = trajectory.action["action"].numpy()
    chosen = np.argmax(logits + noise.heads["action"].numpy(), axis=-1)
    np.testing.assert_array_equal(action, chosen)
    done = np.take_along_axis(log_p, action[..., None], -1)[..., 0]
    np.testing.assert_allclose(trajectory.action_log_prob, done, **CLOSE)
    density = -np.square(noise.location).sum(-1) / 2
    density -= 2 * np.log(0.2 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(trajectory.log_prob, done + density, **CLOSE)
    entropy = -(np.exp(log_p) * log_p).sum(-1)
    np.testing.assert_allclose(trajectory.entropy, entropy, **CLOSE)


def test_a_policy_step_says_what_the_trajectory_says(make_player):
    cell, environment = make_player().cell, _environment()
    policy = SamplingPolicy(cell, cell.noise(SEED, 4, 4))
    trajectory = unroll(policy, environment)
    _, time_step = environment.reset()
    step = policy.action(time_step, policy.get_initial_state(4))
    np.testing.assert_allclose(
        step.log_prob, trajectory.log_prob[:, 0], **CLOSE
    )


def test_samples_have_their_probabilities():
    logits = tf.math.log([0.2, 0.5, 0.3])
    head = ActionPolicy(3)
    noise = head.noise(SEED, 20_000, 1)
    actions = head.sample(logits, noise)[:, 0]
    counts = np.bincount(actions, minlength=3)
    np.testing.assert_allclose(counts / 20_000, [0.2, 0.5, 0.3], atol=0.012)


@pytest.mark.slow
def test_jit_equals_eager(make_player):
    cell = make_player().cell

    def play(seed):
        policy = SamplingPolicy(cell, cell.noise(seed, 8, 4))
        return unroll(policy, _environment(rollouts=2))._asdict()

    compiled, eager = tf.function(play, jit_compile=True)(SEED), play(SEED)
    for name in ("action", "log_prob", "reward", "baseline", "entropy"):
        tf.nest.map_structure(
            lambda a, b: np.testing.assert_allclose(a, b, **CLOSE),
            compiled[name],
            eager[name],
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"rollouts": 2, "baseline": "leave_one_out"},
        {"entropy_weight": 0.1, "location_weight": 0.3, "trace_decay": 0.9},
        {"baseline_into_core": True, "reinforce_into_core": False},
        {"fixations": "random"},
    ],
)
def test_training_on_a_record_is_training_live(make_player, settings):
    live, replay = (_agent(make_player(), **settings) for _ in range(2))
    environment = _environment(live.rollouts)
    played = unroll(live.collect_policy(SEED, environment), environment)
    state, time_step = environment.reset()
    frames = []
    for t in range(environment.steps):
        frames.append(time_step.observation)
        action = {"action": played.action["action"][:, t]}
        state, time_step = environment.step(state, action)
    episode = RecordedEpisode(
        tf.stack(frames, axis=1),
        played.reward,
        played.valid,
        rollouts=live.rollouts,
    )
    info = live.train(environment, SEED)
    again = replay.train_on_recorded(episode, played.action)
    keras.tree.map_structure(
        lambda a, b: np.testing.assert_allclose(a, b, **CLOSE), again, info
    )
    for one, other in zip(
        replay.model.get_weights(), live.model.get_weights(), strict=True
    ):
        np.testing.assert_allclose(one, other, **CLOSE)


def test_the_loss_is_the_sum_of_its_parts(make_player):
    agent = _agent(make_player(), entropy_weight=0.5, baseline_weight=2.0)
    info = agent.train(_environment(), SEED)
    assert set(info.extra) == set(agent.metric_names)
    expected = (
        info.extra["policy_gradient_loss"]
        + 2.0 * info.extra["baseline_loss"]
        - 0.5 * RULES.steps * info.extra["entropy"]
    )
    np.testing.assert_allclose(info.loss, expected, rtol=1e-5)


def test_the_baseline_trains_the_core_if_it_may(make_player):
    for into_core in (False, True):
        cell = make_player().cell
        policy = Policy(cell, baseline_into_core=into_core)
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(unroll(policy, _environment()).baseline)
        kernel = cell.core.trainable_variables[0].value
        assert (tape.gradient(value, kernel) is not None) == into_core


@pytest.mark.parametrize("fixations", ["random", "centre"])
def test_controls_learn_to_act_only(make_player, fixations):
    agent = _agent(make_player(), fixations=fixations)
    environment = _environment()
    trajectory = unroll(agent.collect_policy(SEED, environment), environment)
    np.testing.assert_array_equal(
        trajectory.log_prob, trajectory.action_log_prob
    )
    assert np.all(trajectory.log_prob < 0)
    centred = not np.any(trajectory.action["location"])
    assert centred == (fixations == "centre")
    before = agent.model.cell.location_policy.dense.get_weights()
    agent.train(environment, SEED)
    for one, other in zip(
        before,
        agent.model.cell.location_policy.dense.get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_it_learns_to_catch(make_player):
    """A ball that falls straight, seen whole: the paddle has to be moved."""
    rules = CatchRules(height=4, width=4, angles=(90.0, 90.0), paddle_width=1)
    model = make_player(
        glimpse_size=8,
        scales=1,
        core_units=16,
        units=16,
        glimpse_units=16,
        pooling="max",
    )
    agent = ReinforceAgent(
        model,
        keras.optimizers.Adam(0.01),
        rollouts=2,
        fixations="centre",
        entropy_weight=0.01,
        baseline_into_core=True,
    )

    @tf.function(jit_compile=True)
    def train(seed):
        environment = Catch(rules, draw_games(rules, seed, 32), rollouts=2)
        return agent.train(environment, seed).extra["return"]

    for t in range(300):
        train(tf.constant([7, t]))
    environment = Catch(rules, draw_games(rules, SEED, 200))
    played = unroll(CentreFixations(model.cell), environment)
    assert np.mean(played.reward[:, -1]) > 0.9


def test_a_model_that_acts_is_saved_and_loaded(make_player, tmp_path):
    model = make_player()
    model.save(tmp_path / "player.keras")
    loaded = keras.saving.load_model(tmp_path / "player.keras")
    one, other = (
        unroll(Policy(m.cell), _environment()).action for m in (model, loaded)
    )
    tf.nest.map_structure(np.testing.assert_array_equal, one, other)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"entropy_weight": -1}, "`entropy_weight` must be.*-1"),
        ({"fixations": "left"}, "`fixations` must be one of.*'left'"),
        ({"trace_decay": 1.5}, r"`trace_decay` must lie in \[0, 1\].*1.5"),
        (
            {"trace_decay": 0.5, "rollouts": 2, "baseline": "leave_one_out"},
            "needs `baseline=.learned.`",
        ),
    ],
)
def test_bad_arguments(make_player, settings, message):
    with pytest.raises(ValueError, match=message):
        _agent(make_player(), **settings)


def test_no_actions():
    with pytest.raises(ValueError, match="`num_actions` must be a positive"):
        ActionPolicy(0)
