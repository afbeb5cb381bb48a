"""A policy over locations that reads glimpses, written outside the library."""

import keras
import numpy as np
import pytest
import seeker
import tensorflow as tf
from seeker import STEPS, make_model

from ram_tf import ReinforceAgent, UserError
from ram_tf.episodes.environments.catch import Catch, draw_games
from ram_tf.episodes.environments.catch_rules import CatchRules
from ram_tf.episodes.environments.gymnasium_episodes import GymnasiumEpisodes
from ram_tf.episodes.environments.gymnasium_players import PolicyPlayer
from ram_tf.episodes.environments.still_image import StillImage
from ram_tf.episodes.environments.video import RecordedEpisode, Video
from ram_tf.episodes.policies import Policy, ReplayPolicy, SamplingPolicy
from ram_tf.episodes.unroll import replay, unroll
from ram_tf.evaluation.images import Evaluator, evaluate

SEED = tf.constant([1, 2])
CLOSE = {"rtol": 1e-4, "atol": 1e-5}
LABELS = [0, 1, 2, 0]


def _environment(images, **kwargs):
    return StillImage(images, LABELS, steps=STEPS, **kwargs)


def _sampled(cell, environment, seed=SEED):
    noise = cell.noise(seed, environment.rows, environment.steps)
    return unroll(SamplingPolicy(cell, noise), environment)


def _assert_close(one, other):
    tf.nest.map_structure(
        lambda a, b: np.testing.assert_allclose(a, b, **CLOSE), one, other
    )


def _step_by_step(cell, images, locations):
    """By calling the cell: the likeliest next locations, and logits."""
    states = cell.get_initial_state(len(locations))
    nexts, logits = [states[-1]], []
    for t in range(STEPS):
        output, states = cell(images, [*states[:-1], locations[:, t]])
        nexts.append(states[-1])
        logits.append(cell.split(output).logits)
    return np.stack(nexts[:-1], axis=1), np.stack(logits, axis=1)


def test_the_state_has_its_memory_by_name():
    cell = make_model(core="lstm").cell
    assert cell.state_names == [
        "core",
        "core_memory",
        "mean_fixation",
        "last_fixation",
        "looks",
        "location",
    ]
    assert cell.state_size == [6, 6, 2, 2, 1, 2]


def test_the_unroll_is_the_cell_step_by_step(images):
    cell = make_model().cell
    played = unroll(Policy(cell), _environment(images))
    locations = played.action["location"]
    nexts, logits = _step_by_step(cell, images, locations)
    np.testing.assert_allclose(locations, nexts, **CLOSE)
    np.testing.assert_allclose(played.logits, logits, **CLOSE)
    np.testing.assert_array_equal(played.log_prob, np.zeros([4, STEPS]))
    # It goes somewhere, and not to the same place again.
    assert len(np.unique(locations.numpy().round(3), axis=1)) > 1


def test_it_looks_where_a_cell_was(images):
    """The fixation is the centre of the chosen cell, on the canvas."""
    cell = make_model().cell
    played = _sampled(cell, _environment(images))
    pixels = (played.action["location"].numpy() + 1) / 2 * [9, 11]
    for row in range(4):
        for t in range(1, STEPS):
            places = cell.sensor.places(
                images, played.action["location"][:, t - 1]
            )[row].numpy()
            scale, cell_of = divmod(int(played.action["choice"][row, t]), 16)
            centre = [places[scale, cell_of // 4, 0]]
            centre += [places[scale, cell_of % 4, 1]]
            aimed = np.clip(np.add(centre, 0.25), 0, [8.75, 10.75])
            np.testing.assert_allclose(pixels[row, t], aimed, atol=1e-4)


def test_log_prob_by_hand(images):
    cell = make_model().cell
    environment = _environment(images, rollouts=2)
    played = _sampled(cell, environment)
    assert played.log_prob.shape == (8, STEPS)
    np.testing.assert_array_equal(played.log_prob[:, 0], np.zeros(8))
    assert played.action["choice"].dtype == tf.int32
    features = _features(cell, images, played.action["location"])
    offsets = played.action["location"]
    pixels = (offsets.numpy() + 1) / 2 * [9, 11]
    for row in range(8):
        for t in range(1, STEPS):
            here = offsets[row : row + 1, t - 1]
            image = images[row // 2][None]
            logits = seeker.logits_by_hand(
                cell.location_policy,
                features[t - 1][row],
                cell.sensor(image, here)[0].numpy(),
                pixels[row, :t],
                cell.sensor.places(image, here)[0].numpy(),
            )
            log_p = logits - np.log(np.exp(logits - logits.max()).sum())
            log_p -= logits.max()
            chosen = int(played.action["choice"][row, t])
            np.testing.assert_allclose(
                played.log_prob[row, t], log_p[chosen], **CLOSE
            )


def _features(cell, images, locations):
    """After each look, T times [N, D]."""
    states, features = cell.get_initial_state(len(locations)), []
    for t in range(STEPS):
        _, states = cell(images, [*states[:-1], locations[:, t]])
        features.append(states[0].numpy())
    return features


def test_a_policy_step_says_what_the_trajectory_says(images):
    cell, environment = make_model().cell, _environment(images)
    policy = SamplingPolicy(cell, cell.noise(SEED, 4, STEPS))
    played = unroll(policy, environment)
    _, time_step = environment.reset()
    state = policy.get_initial_state(4)
    for t in range(STEPS):
        step = policy.action(time_step, state, t)
        state = step.state
        np.testing.assert_allclose(
            step.log_prob, played.log_prob[:, t], **CLOSE
        )


def test_a_random_first_fixation_is_all_over_the_canvas(images):
    cell = make_model(first_fixation="random").cell
    environment = _environment(images, rollouts=50)
    noise = cell.noise(SEED, environment.rows, STEPS)
    played = unroll(SamplingPolicy(cell, noise), environment)
    first = played.action["location"][:, 0].numpy()
    np.testing.assert_array_equal(first, noise.first)
    assert np.abs(first).max() > 0.9
    np.testing.assert_array_equal(played.log_prob[:, 0], np.zeros(200))


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("core", ["rnn", "lstm"])
def test_a_replay_is_an_unroll(core, compiled):
    model = make_model(core=core, num_actions=2)
    cell, random = model.cell, np.random.default_rng(5)
    frames = random.integers(0, 256, [4, STEPS, 9, 11, 1], np.uint8)
    played = _sampled(cell, Video(frames, LABELS))
    rewards = random.normal(size=[4, STEPS]).astype("f")
    valid = np.float32([[1, 1, 1], [1, 0, 0], [1, 1, 0], [1, 1, 1]])

    def play(how, frames):
        label = tf.repeat(tf.constant(LABELS)[:, None], STEPS, axis=1)
        episode = RecordedEpisode(frames, rewards, valid, label, valid)
        return how(ReplayPolicy(cell, played.action), episode)

    expected = play(unroll, frames)
    if compiled:
        play = tf.function(play, jit_compile=True, autograph=False)
    _assert_close(play(replay, tf.constant(frames)), expected)
    np.testing.assert_allclose(expected.log_prob, played.log_prob, **CLOSE)


@pytest.mark.slow
def test_jit_equals_eager(images):
    cell = make_model().cell
    choices = _sampled(cell, _environment(images, rollouts=2)).action

    def play(images):
        environment = _environment(images, rollouts=2)
        return unroll(ReplayPolicy(cell, choices), environment)

    compiled = tf.function(play, jit_compile=True)(tf.constant(images))
    _assert_close(compiled, play(images))

    def seek(images):
        return unroll(Policy(cell), _environment(images))

    compiled = tf.function(seek, jit_compile=True)(tf.constant(images))
    _assert_close(compiled, seek(images))


@pytest.mark.parametrize(
    "settings",
    [{}, {"rollouts": 2, "baseline": "leave_one_out"}, {"fixations": "random"}],
)
def test_training_on_a_record_is_training_live(images, settings):
    live, again = (
        ReinforceAgent(make_model(), keras.optimizers.SGD(0.1), **settings)
        for _ in range(2)
    )
    environment = _environment(images, rollouts=live.rollouts)
    played = unroll(live.collect_policy(SEED, environment), environment)
    frames = np.repeat(images, live.rollouts, axis=0)
    episode = RecordedEpisode(
        np.stack([frames] * STEPS, axis=1),
        played.reward,
        played.valid,
        played.label,
        played.label_weight,
        live.rollouts,
    )
    kernel = live.model.cell.location_policy.kernel.numpy()
    info = live.train(environment, SEED)
    _assert_close(again.train_on_recorded(episode, played.action), info)
    _assert_close(again.model.get_weights(), live.model.get_weights())
    learned = "fixations" not in settings
    moved = np.any(live.model.cell.location_policy.kernel != kernel)
    assert moved == learned


def test_without_choices_a_record_is_refused(images):
    agent = ReinforceAgent(make_model(), keras.optimizers.SGD(0.1))
    played = _sampled(agent.model.cell, _environment(images))
    del played.action["choice"]
    with pytest.raises(UserError, match=r'action\["choice"\].*\[4, 3\]'):
        agent.train_on_recorded(_environment(images), played.action)


# The tiny problem: two looks of one pixel and 2 x 2 windows of one scale; the
# second falls on one of four cells, which pay differently. Nothing is left to
# chance but the cell, so that the expected pay is a sum.
PAY = tf.constant([1.0, -2.0, 0.5, 3.0])
ROWS = 20_000


class Cells(StillImage):
    """Pays for the cell that the second look is at."""

    def step(self, state, action):
        _, time_step = super().step(state, action)
        earned = tf.gather(PAY, action["choice"]) * tf.cast(
            state == 1, tf.float32
        )
        return state + 1, time_step._replace(reward=earned)


@pytest.mark.slow
def test_reinforce_estimates_the_gradient_of_the_expected_return():
    model = make_model(
        num_classes=None, glimpses=2, glimpse_size=2, scales=1, core_units=3
    )
    image = np.random.default_rng(1).integers(0, 256, [1, 9, 11, 1], np.uint8)
    cell = model.cell
    variables = [
        *cell.location_policy.trainable_variables,
        *cell.core.trainable_variables,
    ]
    with tf.GradientTape() as tape:
        state = cell.get_initial_state(1)
        _, after = cell.look(image, state[-1], state)
        chance = tf.nn.softmax(after.parameters)
        loss = -tf.reduce_sum(chance * PAY)
    exact = _gradient(tape, loss, variables)
    agent = ReinforceAgent(
        model,
        keras.optimizers.SGD(),
        rollouts=ROWS,
        baseline="leave_one_out",
        baseline_weight=0.0,
    )
    environment = Cells(image, steps=2, rollouts=ROWS)

    @tf.function(jit_compile=True)
    def estimate(seed):
        policy = agent.collect_policy(seed, environment)
        with tf.GradientTape() as tape:
            loss = agent.loss(unroll(policy, environment)).loss
        return _gradient(tape, loss, variables)

    estimates = np.stack([estimate(tf.constant([3, i])) for i in range(20)])
    error = estimates.std(axis=0, ddof=1) / np.sqrt(20)
    assert np.abs(exact).max() > 20 * error.max()
    assert (np.abs(estimates.mean(axis=0) - exact) <= 4 * error + 1e-6).all()


def _gradient(tape, loss, variables):
    gradients = tape.gradient(loss, variables, unconnected_gradients="zero")
    return tf.concat([tf.reshape(g, [-1]) for g in gradients], axis=0)


@pytest.mark.slow
def test_it_learns_to_find_a_bright_pixel():
    """Paid by the brightness under the last look."""

    class Bright(StillImage):
        def step(self, state, action):
            _, time_step = super().step(state, action)
            pixel = (action["location"] + 1) / 2 * tf.constant([9.0, 11.0])
            seen = tf.gather_nd(
                self._images[..., 0], tf.cast(pixel, tf.int32), batch_dims=1
            )
            return state + 1, time_step._replace(
                reward=tf.cast(seen, tf.float32) / 255
            )

    model = make_model(num_classes=None, glimpses=2, glimpse_size=6)
    model.cell.location_policy.weights_of_a_cell.assign([0.0, 0.0])
    agent = ReinforceAgent(model, keras.optimizers.Adam(0.05))

    @tf.function(jit_compile=True)
    def train(seed):
        place = tf.random.stateless_uniform([32], seed, 0, 25, tf.int32)
        images = tf.one_hot(place, 25, on_value=255)
        images = tf.pad(
            tf.reshape(images, [32, 5, 5, 1]), [[0, 0], [2, 2], [3, 3], [0, 0]]
        )
        environment = Bright(tf.cast(images, tf.uint8), steps=2)
        return agent.train(environment, seed).extra["return"]

    earned = [float(train(tf.constant([1, t]))) for t in range(120)]
    assert np.mean(earned[:10]) < 0.2
    assert np.mean(earned[-10:]) > 0.6


@pytest.mark.slow
def test_it_is_evaluated_with_its_controls(images):
    data = {"image": images, "label": np.array(LABELS)}
    found = evaluate(Evaluator(make_model(stop=True), data))
    assert {"error", "error_random_fixations", "error_centre_only"} <= set(
        found
    )


@pytest.mark.slow
@pytest.mark.parametrize("first", ["centre", "random"])
def test_it_plays(first):
    """Frames that change, and a seed for each step."""
    settings = {"num_classes": None, "num_actions": 3, "core": "lstm"}
    model = make_model(first_fixation=first, **settings)
    agent = ReinforceAgent(model, keras.optimizers.SGD(0.1))
    rules = CatchRules(height=9, width=11)
    environment = Catch(rules, draw_games(rules, SEED, 4))
    trained = agent.train(environment, SEED)
    assert np.isfinite(trained.loss)
    episodes = GymnasiumEpisodes("ram_tf/Catch-v0", rows=4, steps=23)
    played = episodes.play(PolicyPlayer(agent.collect_policy), (4, 5))
    assert played.action["choice"].shape == (4, 23)
    assert len(np.unique(played.action["choice"][:, 1:])) > 4
    episode = RecordedEpisode(played.observation, played.reward, played.valid)
    live = unroll(ReplayPolicy(model.cell, played.action), episode)
    # What the player was told after each look led to what it chose.
    np.testing.assert_allclose(
        live.action["location"], played.action["location"]
    )
    info = agent.train_on_recorded(episode, played.action)
    assert np.isfinite(info.loss)


@pytest.mark.parametrize("unit", [None, 3.0])
def test_saving(images, tmp_path, unit):
    model = make_model(location_unit=unit)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    _assert_close(loaded(images), model(images))


def test_in_a_keras_rnn_it_is_the_deterministic_unroll():
    cell = make_model().cell
    rng = np.random.default_rng(0)
    video = rng.integers(0, 256, [2, 5, 9, 11, 1], np.uint8)
    rnn = keras.layers.RNN(cell, return_sequences=True, return_state=True)
    outputs, *states = rnn(video)
    output, played = cell.split(outputs), unroll(Policy(cell), Video(video))
    np.testing.assert_allclose(output.logits, played.logits, **CLOSE)
    looked = played.action["location"]
    np.testing.assert_allclose(output.location[:, :-1], looked[:, 1:], **CLOSE)
    np.testing.assert_array_equal(states[3], np.full([2, 1], 5))


def test_it_must_not_begin_where_it_likes():
    with pytest.raises(UserError, match='must be "centre" or "random"'):
        make_model(first_fixation="learned")


class Forgetful(seeker.Seeker):
    state_sizes = {"core": 2}  # noqa: RUF012


class Blind(seeker.Seeker):
    reads_glimpse = False


@pytest.mark.parametrize("policy", [Forgetful, Blind])
def test_memories_have_names_of_their_own_and_a_reader(policy):
    cell = make_model().cell
    config = {"first_fixation": "centre", "num_classes": 3}
    with pytest.raises(UserError, match=r"reads_glimpse=True.*by other names"):
        type(cell)(cell.sensor, cell.glimpse_net, cell.core, policy(), **config)
