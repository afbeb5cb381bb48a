"""The decision to stop: episodes, returns, gradients, and what is exported."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ram_tf import ReinforceAgent, StopAgent, StopPolicy, losses
from ram_tf.episodes.environments.still_image import StillImage
from ram_tf.episodes.environments.video import RecordedEpisode
from ram_tf.episodes.policies import Policy, ReplayPolicy, SamplingPolicy
from ram_tf.episodes.unroll import unroll
from ram_tf.evaluation.images import Evaluator, Rollouts, evaluate
from ram_tf.export import flatbuffer, tflite
from ram_tf.layers.stop_policy import certainty
from ram_tf.pictures import paths as viz
from ram_tf.served import signatures
from ram_tf_runs.records import image_results
from ram_tf_runs.settings.kinds.classify import ClassifySettings

LABELS = [0, 1, 2, 0]
SEED = tf.constant([1, 2])
COST = 0.25
# After which of three looks each of four rows stops; True beyond is ignored.
STOPS = np.array([[0, 1, 0], [1, 0, 1], [0, 0, 0], [0, 0, 1]], dtype=bool)
VALID = [[1, 1, 0], [1, 0, 0], [1, 1, 1], [1, 1, 1]]
LAST = [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 1]]


@pytest.fixture
def model(make_model, images):
    """It stops at two of the four images after the first look."""
    model = make_model(stop=True)
    kernel, bias = model.cell.stop_policy.dense.weights
    kernel.assign(np.linspace(-3, 3, 7)[:, None])
    bias.assign([0.0])
    output, _ = model.cell(images, model.cell.get_initial_state(4))
    logit = model.cell.split(output).stop_logit
    bias.assign([-np.median(logit)])
    return model


def _environment(images, **kwargs):
    settings = {"steps": 3, "glimpse_cost": COST, **kwargs}
    return StillImage(images, LABELS, **settings)


def _replayed(model, images, **kwargs):
    locations = tf.random.stateless_uniform([4, 3, 2], SEED, -0.5, 0.5)
    action = {"location": locations, "stop": tf.constant(STOPS)}
    return unroll(
        ReplayPolicy(model.cell, action), _environment(images, **kwargs)
    )


def _sampled(model, environment, seed=SEED):
    noise = model.cell.noise(seed, environment.rows, environment.steps)
    return unroll(SamplingPolicy(model.cell, noise), environment), noise


def test_an_episode_ends_where_it_stops(model, images):
    played = _replayed(model, images, intermediate_weight=0.5)
    np.testing.assert_array_equal(played.valid, VALID)
    np.testing.assert_array_equal(
        played.label_weight,
        [[0.5, 1, 0], [1, 0, 0], [0.5, 0.5, 1], [0.5, 0.5, 1]],
    )


def test_rewards_and_returns(model, images):
    played = _replayed(model, images)
    np.testing.assert_array_equal(played.label_weight, LAST)
    label = np.array(LABELS)[:, None]
    right = played.logits.numpy().argmax(-1) == label
    reward = np.array(LAST) * right - COST * np.array(VALID)
    np.testing.assert_allclose(played.reward, reward, atol=1e-6)
    earned = (np.array(LAST) * right).sum(1)
    returns = losses.returns(played.reward, played.valid)
    for row, length in enumerate([2, 1, 3, 3]):
        ahead = [max(length - t, 0) for t in range(3)]
        expected = [earned[row] - COST * n if n else 0.0 for n in ahead]
        np.testing.assert_allclose(returns[row], expected, atol=1e-6)


def test_log_prob_is_bernoulli_but_after_the_last_look(model, images):
    environment = _environment(images)
    played, noise = _sampled(model, environment)
    logit = _logits(model, images, played)
    chance = 1 / (1 + np.exp(-logit))
    stop = played.action["stop"].numpy()
    np.testing.assert_array_equal(stop, logit + noise.heads["stop"] > 0)
    expected = np.log(np.where(stop, chance, 1 - chance))
    expected[:, -1] = 0
    np.testing.assert_allclose(
        played.action_log_prob, expected, rtol=1e-4, atol=1e-6
    )
    assert len(np.unique(stop)) == 2


def _logits(model, images, played):
    """Logits of stopping [N, T], by calling the cell step by step."""
    cell, states = model.cell, model.cell.get_initial_state(4)
    logits = []
    for t in range(3):
        location = played.action["location"][:, t]
        output, states = cell(images, [*states[:-1], location])
        logits.append(cell.split(output).stop_logit[:, 0])
    return np.stack(logits, axis=1)


def test_a_policy_step_says_what_the_trajectory_says(model, images):
    environment = _environment(images)
    played, noise = _sampled(model, environment)
    policy, state = SamplingPolicy(model.cell, noise), None
    env_state, time_step = environment.reset()
    state = policy.get_initial_state(4)
    for t in range(3):
        step = policy.action(time_step, state, t)
        np.testing.assert_allclose(
            step.log_prob, played.log_prob[:, t], rtol=1e-4, atol=1e-5
        )
        env_state, time_step = environment.step(env_state, step.action)
        state = step.state
    assert np.all(time_step.is_last)


def test_certainty_is_the_log_odds_of_the_best():
    chances = np.float32([[0.7, 0.2, 0.1], [0.01, 0.98, 0.01], [0.5, 0.5, 0]])
    logits = tf.math.log(chances) + 3.0
    np.testing.assert_allclose(
        certainty(logits), np.log([7 / 3, 49, 1]), rtol=1e-4, atol=1e-6
    )


def test_it_begins_as_a_threshold_on_the_certainty():
    head = StopPolicy()
    features = tf.constant([[9.0, -7, 4.9], [9, 8, 5.1], [0, 0, 5]])
    np.testing.assert_allclose(head(features), [-0.1, 0.1, 0], atol=1e-6)
    blind = StopPolicy(certain=False)
    np.testing.assert_array_equal(blind(features), [-5, -5, -5])
    again = StopPolicy.from_config(blind.get_config())
    np.testing.assert_array_equal(again(features), [-5, -5, -5])


def test_samples_have_their_probability():
    head = StopPolicy()
    head.build((None, 2))
    logit = tf.fill([20_000, 1], -0.7)
    noise = head.noise(SEED, 20_000, 1)
    share = np.mean(head.sample(logit, noise))
    assert share == pytest.approx(1 / (1 + np.exp(0.7)), abs=0.015)


def test_frozen_rows_have_no_gradient(model, images):
    # With equal weights the two log-probabilities would cancel.
    optimizer = keras.optimizers.SGD(0.1)
    agent = ReinforceAgent(model, optimizer, location_weight=0.5)
    played = _replayed(model, images)
    parts = {
        name: getattr(played, name)
        for name in ("logits", "log_prob", "action_log_prob", "baseline")
    }
    with tf.GradientTape() as tape:
        tape.watch(parts)
        loss = agent.loss(played._replace(**parts)).loss
    gradients = tape.gradient(loss, parts)
    frozen = np.array(VALID) == 0
    for name, gradient in gradients.items():
        gradient = gradient.numpy()
        assert np.all(gradient[frozen] == 0), name
        assert np.any(gradient[~frozen] != 0), name


def test_an_ended_rollout_counts_with_its_last_step():
    # One image, three rollouts, three steps; the first two end earlier.
    return_t = tf.constant([[0.5, 0.75, 0], [-0.25, 0, 0], [0.25, 0.5, 0.75]])
    valid = tf.constant([[1.0, 1, 0], [1, 0, 0], [1, 1, 1]])
    held = np.array([[0.5, 0.75, 0.75], [-0.25] * 3, [0.25, 0.5, 0.75]])
    expected = (held.sum(0) - held) / 2
    np.testing.assert_allclose(
        losses.leave_one_out(return_t, 3, valid), expected
    )


def test_training_on_a_record_is_training_live(make_model, images):
    live, again = (make_model(stop=True) for _ in range(2))
    agents = [
        ReinforceAgent(m, keras.optimizers.SGD(0.1)) for m in (live, again)
    ]
    environment = _environment(images)
    played, _ = _sampled(live, environment)
    agents[0].train(environment, SEED)
    record = RecordedEpisode(
        np.repeat(images[:, None], 3, axis=1),
        played.reward,
        played.valid,
        played.label,
        played.label_weight,
    )
    agents[1].train_on_recorded(record, played.action)
    for a, b in zip(live.weights, again.weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_stop_probabilities():
    go_on = np.log(np.float32([[0.5, 0.25, 1], [1, 1, 0.3], [0.25, 0.5, 1]]))
    np.testing.assert_allclose(
        losses.stop_probabilities(go_on),
        [[0.5, 0.375, 0.125], [0, 0, 1], [0.75, 0.125, 0.125]],
        atol=1e-6,
    )


def test_the_loss_is_the_expected_return_over_all_stops(model, images):
    agent = StopAgent(model, keras.optimizers.SGD(0.1))
    environment = _environment(images, intermediate_weight=0.5, may_stop=True)
    info = agent.loss(environment)
    assert set(info.extra) == set(agent.metric_names)
    outputs = model(images)
    right = outputs["probabilities"].numpy().argmax(-1) == np.c_[LABELS]
    state, expected, looks = signatures.initial_state(model, 4), 0.0, 0.0
    reached = np.ones(4)
    for t in range(3):
        step = signatures.step(model, images, state)
        state = {name: step[name] for name in state}
        stop = step["stop_probability"].numpy() if t < 2 else np.ones(4)
        expected += reached * stop * (right[:, t] - COST * (t + 1))
        looks += reached * stop * (t + 1)
        reached = reached * (1 - stop)
    np.testing.assert_allclose(-info.loss, expected.mean(), rtol=1e-5)
    np.testing.assert_allclose(info.extra["glimpses"], looks.mean(), rtol=1e-5)


def test_reinforce_estimates_the_gradient_of_the_same_loss(model, images):
    """Of the bias of the head, over many sampled stops."""
    head = model.cell.stop_policy.dense
    agent = StopAgent(model, keras.optimizers.SGD(0.1))
    with tf.GradientTape() as tape:
        loss = agent.loss(_environment(images)).loss
    exact = tape.gradient(loss, head.bias.value)
    many, total = 4000, 0.0
    environment = _environment(images, rollouts=many)
    noise = model.cell.noise(SEED, environment.rows, 3).heads
    with tf.GradientTape() as tape:
        played = unroll(Policy(model.cell, noise), environment)
        returns = losses.returns(played.reward, played.valid)
        total = losses.policy_gradient_loss(
            played.action_log_prob, returns, played.valid
        )
    sampled = tape.gradient(total, head.bias.value)
    np.testing.assert_allclose(sampled, exact, atol=0.02)
    assert abs(float(exact[0])) > 0.05


def test_only_the_stop_head_is_trained(model, images):
    before = {w.path: w.numpy() for w in model.weights}
    agent = StopAgent(model, keras.optimizers.SGD(0.1))
    info = agent.train(_environment(images), SEED)
    assert 1 <= info.extra["glimpses"] <= 3
    for weight in model.weights:
        same = np.array_equal(before[weight.path], weight.numpy())
        assert same == ("stop_policy" not in weight.path), weight.path


def test_a_price_teaches_it_to_stop(make_model, images):
    """Where answers are all worth the same, each look only costs."""
    model = make_model(stop=True)
    agent = StopAgent(model, keras.optimizers.Adam(0.1))
    environment = _environment(images, glimpse_cost=1.0)
    assert np.all(model(images)["glimpses_used"] == 3)
    train = tf.function(agent.train, jit_compile=True, autograph=False)
    for step in range(30):
        train(environment, tf.constant([3, step]))
    assert np.all(model(images)["glimpses_used"] == 1)


@pytest.mark.slow
def test_stops_that_are_sampled_learn_a_price_too(make_model, images):
    model = make_model(stop=True)
    # Enough stops for samples to learn from.
    model.cell.stop_policy.dense.bias.assign([-2.0])
    agent = ReinforceAgent(
        model,
        keras.optimizers.Adam(0.1),
        baseline="leave_one_out",
        rollouts=8,
    )
    environment = _environment(images, rollouts=8, glimpse_cost=1.0)
    train = tf.function(agent.train, jit_compile=True, autograph=False)
    for step in range(30):
        train(environment, tf.constant([3, step]))
    assert np.all(model(images)["glimpses_used"] == 1)


def test_outputs_say_when_it_stopped(model, images):
    played = unroll(Policy(model.cell), _environment(images))
    outputs = model(images)
    used, answer = outputs["glimpses_used"].numpy(), outputs["answer"]
    expected = played.valid.numpy().sum(1)
    np.testing.assert_array_equal(used, expected)
    assert len(set(used)) > 1
    for row, count in enumerate(used):
        np.testing.assert_array_equal(
            answer[row], outputs["probabilities"][row, count - 1]
        )
    plain = Rollouts(outputs["probabilities"].numpy())
    np.testing.assert_array_equal(plain.answers, plain.probabilities[:, -1])


def test_a_model_without_a_stop_says_nothing_of_it(make_model, images):
    model = make_model()
    assert not {"glimpses_used", "answer"} & set(model(images))
    assert (
        "stop"
        not in unroll(Policy(model.cell), model.environment(images)).action
    )


@pytest.mark.slow
def test_evaluation(model, images):
    data = {"image": images, "label": np.array(LABELS)}
    rollouts = Evaluator(model, data).rollouts()
    wrong = rollouts.answers.argmax(-1) != LABELS
    mean = rollouts.glimpses_used.mean()
    measured = evaluate(Evaluator(model, data))
    assert measured["error"] == pytest.approx(100 * wrong.mean())
    assert measured["mean_glimpses"] == pytest.approx(mean)
    assert len(measured["error_by_glimpse"]) == 3
    validated = Evaluator(model, data, glimpse_cost=0.02).validate()
    assert validated.error == pytest.approx(measured["error"] + 2 * mean)
    assert validated.metrics["validation_error_at_stop"] == measured["error"]


def test_the_headline_is_the_error_at_the_stop(model, images):
    """Not that after the last look, nor that after any other."""
    answers = np.array([[0, 1, 1], [1, 1, 0], [2, 0, 0], [1, 1, 1]])
    rollouts = Rollouts(
        np.eye(3, dtype=np.float32)[answers],
        np.zeros([4, 3, 2], np.float32),
        np.array([1, 2, 3, 3], np.int32),
    )
    evaluator = Evaluator(model, {"image": images, "label": np.array(LABELS)})
    evaluator.rollouts = lambda *how: rollouts
    measured = evaluate(evaluator)
    assert measured["error_by_glimpse"] == [25.0, 75.0, 100.0]
    assert measured["error"] == 50.0
    assert measured["mean_glimpses"] == 2.25
    assert evaluator.answer_error(rollouts) == 50.0
    validated = evaluator.validate()
    assert validated.error == 50.0
    assert validated.metrics["validation_error_at_stop"] == 50.0
    settings = ClassifySettings.build({"stop": True})
    result = image_results.measure(evaluator, settings)
    assert result["test_error"] == 50.0
    assert result["mean_glimpses"] == 2.25
    line = image_results.table(result).splitlines()[1]
    assert line.endswith(" 50.00 at the stop, after 2.25 glimpses")
    # Without a stop it is that after the last look.
    evaluator.rollouts = lambda *how: rollouts._replace(glimpses_used=None)
    assert evaluate(evaluator)["error"] == 100.0
    assert evaluator.validate().error == 100.0


def test_saving(model, images, tmp_path):
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    expected = model(images)
    for name, value in loaded(images).items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


def test_the_cell_alone_is_saved_with_its_stop(model):
    cell = type(model.cell).from_config(model.cell.get_config())
    assert cell.stop_policy
    assert cell.output_size == model.cell.output_size == 3 + 1 + 2 + 1


def test_a_client_of_step_may_break_off(model, images):
    outputs = signatures.classify(model, images)
    used = outputs["glimpses_used"].numpy()
    state = signatures.initial_state(model, 4)
    stopped = np.zeros(4, bool)
    for t in range(3):
        step = signatures.step(model, images, state)
        state = {name: step[name] for name in state}
        now = ~stopped & ((step["stop_probability"].numpy() > 0.5) | (t == 2))
        np.testing.assert_array_equal(used[now], t + 1)
        for row in np.flatnonzero(now):
            np.testing.assert_allclose(
                outputs["probabilities"][row],
                step["probabilities"][row],
                atol=1e-6,
            )
        stopped |= now


@pytest.mark.slow
def test_tflite_says_when_it_stopped(model, images):
    from ai_edge_litert.interpreter import Interpreter

    square = images[:, :9, :9]
    outputs = model(square)
    flats = tflite.convert(model, 9)
    content = flatbuffer.write(flats["float32"])
    run = Interpreter(model_content=content).get_signature_runner("classify")
    for row in range(4):
        answer = run(image=square[row : row + 1])
        assert answer["glimpses_used"] == outputs["glimpses_used"][row]
        np.testing.assert_allclose(
            answer["probabilities"][0], outputs["answer"][row], atol=1e-5
        )


def test_a_picture_ends_at_the_stop(model, images):
    outputs = dict(model(images)) | {"glimpses_used": np.array([1, 2, 3, 3])}
    figure = viz.draw_paths(images, outputs, model.cell.sensor)
    rows = np.reshape(figure.axes, [4, 4])
    shown = [[bool(view.get_images()) for view in row[1:]] for row in rows]
    np.testing.assert_array_equal(
        shown, [[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 1, 1]]
    )
    assert rows[1, 3].texts[0].get_text() == "stopped"
    first = outputs["probabilities"][0, 0].numpy()
    said = f"predicted {first.argmax()} ({first.max():.0%})"
    assert rows[0, 0].get_title("left") == said


@pytest.mark.parametrize("used", [[0, 1, 1, 1], [1, 1, 1, 4], [1, 1]])
def test_pictures_of_impossible_stops(model, images, used):
    outputs = dict(model(images)) | {"glimpses_used": np.array(used)}
    with pytest.raises(ValueError, match="glimpses_used"):
        viz.draw_paths(images, outputs, model.cell.sensor)


def test_bad_arguments(make_model, images):
    with pytest.raises(ValueError, match=r"`glimpse_cost`.*-1"):
        _environment(images, glimpse_cost=-1)
    with pytest.raises(ValueError, match="`model` must have `stop=True`"):
        StopAgent(make_model(), keras.optimizers.SGD())
