"""Sequences of symbols: the environment, the answers read, their errors."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ram_tf import ReinforceAgent, SupervisedAgent, losses
from ram_tf.comparators import Comparator
from ram_tf.episodes.environments.symbol_sequence import SymbolSequence
from ram_tf.episodes.policies import SamplingPolicy
from ram_tf.episodes.unroll import unroll
from ram_tf.evaluation import sequences
from ram_tf.evaluation.images import ClassifierEvaluator, evaluate

END = 2
# One symbol, two, none; what is behind the end does not matter.
LABELS = np.int32([[1, 2, 0], [0, 1, 2], [2, 2, 2]])
DUE = [
    [0, 1, 0, 1, 0, 0],
    [0, 1, 0, 1, 0, 1],
    [0, 1, 0, 0, 0, 0],
]
VALID = [
    [1, 1, 1, 1, 0, 0],
    [1, 1, 1, 1, 1, 1],
    [1, 1, 0, 0, 0, 0],
]


@pytest.fixture
def three(images):
    return images[:3]


def _sequence(images, glimpses=2, **settings):
    return SymbolSequence(
        images, LABELS, glimpses=glimpses, end=END, **settings
    )


def _logits(answers, classes=3):
    """Scores [N, T, K] whose highest is the answer's."""
    return tf.one_hot(tf.constant(answers), classes) * 5.0


def test_the_symbol_and_its_weight_at_each_step(three):
    environment = _sequence(three)
    assert (environment.rows, environment.steps) == (3, 6)
    np.testing.assert_array_equal(
        environment.label,
        [[1, 1, 2, 2, 0, 0], [0, 0, 1, 1, 2, 2], [2, 2, 2, 2, 2, 2]],
    )
    np.testing.assert_array_equal(environment.label_weight, DUE)


def test_rollouts_of_an_image_are_beside_each_other(three):
    environment = _sequence(three, rollouts=2)
    assert environment.rows == 6
    np.testing.assert_array_equal(
        environment.label_weight, np.repeat(DUE, 2, axis=0)
    )
    np.testing.assert_array_equal(environment.label[2], environment.label[3])


def test_other_answers_have_the_intermediate_weight(three):
    environment = _sequence(three, intermediate_weight=0.25)
    expected = np.where(np.array(DUE) == 1, 1, 0.25) * VALID
    np.testing.assert_array_equal(environment.label_weight, expected)


def test_an_episode_ends_with_the_end_symbol(three, make_model):
    model = make_model(glimpses=6)
    environment = _sequence(three)
    noise = model.cell.noise(tf.constant([0, 1]), 3, 6)
    trajectory = unroll(SamplingPolicy(model.cell, noise), environment)
    np.testing.assert_array_equal(trajectory.valid, VALID)
    np.testing.assert_array_equal(trajectory.answer_due, DUE)
    paid = trajectory.reward != 0
    assert not np.any(paid & ~(np.array(DUE) == 1))


def test_a_look_is_credited_with_all_later_symbols(three):
    environment = _sequence(three)
    # The second sequence: its first symbol is right, its second is not, its
    # end is.
    answers = [[1, 1, 2, 2, 0, 0], [2, 0, 0, 0, 0, 2], [0, 2, 0, 0, 0, 0]]
    valid = tf.constant(VALID, tf.float32)
    reward = environment.answer_reward(_logits(answers), valid)
    np.testing.assert_array_equal(
        reward,
        [[0, 1, 0, 1, 0, 0], [0, 1, 0, 0, 0, 1], [0, 1, 0, 0, 0, 0]],
    )
    np.testing.assert_array_equal(
        losses.returns(reward, valid)[1], [2, 2, 1, 1, 1, 1]
    )


def test_the_log_likelihood_of_each_symbol(three):
    environment = _sequence(three, reward="log_likelihood")
    logits = np.random.default_rng(0).normal(size=[3, 6, 3])
    valid = tf.constant(VALID, tf.float32)
    reward = environment.answer_reward(tf.constant(logits, tf.float32), valid)
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    expected = np.take_along_axis(
        log_p, np.array(environment.label)[..., None], axis=-1
    )[..., 0]
    np.testing.assert_allclose(reward, expected * DUE, rtol=1e-5)


def test_all_symbols_of_a_sequence_must_be_right(three):
    environment = _sequence(three)
    right = np.array(environment.label)
    one_wrong = right.copy()
    one_wrong[1, 3] = 0  # The second symbol of the second sequence.
    unasked = right.copy()
    unasked[0, 5] = 1  # Behind the end.
    unasked[1, 2] = 0  # Before the last glimpse.
    valid = tf.constant(VALID, tf.float32)
    due = environment.answers_due(valid)
    for answers, expected in ((right, 1), (unasked, 1), (one_wrong, 2 / 3)):
        found = losses.accuracy(_logits(answers), environment.label, valid, due)
        assert float(found) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS[0], r"integers of shape \[B, L\]"),
        (LABELS * 1.0, r"integers of shape \[B, L\]"),
        (LABELS[:2], "as many labels as images"),
        (np.int32([[1, 2], [0, 1], [2, 0]]), r"must end.*2.*\[0, 1\]"),
    ],
)
def test_bad_labels(three, labels, message):
    with pytest.raises(ValueError, match=message):
        SymbolSequence(three, labels, glimpses=2, end=END)


def test_no_glimpses(three):
    with pytest.raises(ValueError, match="`glimpses` must be a positive"):
        _sequence(three, glimpses=0)


def test_the_loss_of_what_is_behind_the_end_is_nothing(three, make_model):
    """Other labels behind the end train exactly the same."""
    other = LABELS.copy()
    other[0, 2], other[2, 1:] = 1, [0, 1]
    weights = []
    for labels in (LABELS, other):
        model = make_model(glimpses=6)
        agent = ReinforceAgent(
            model,
            keras.optimizers.SGD(0.1),
            rollouts=2,
            baseline="leave_one_out",
        )
        environment = SymbolSequence(
            three, labels, glimpses=2, end=END, rollouts=2
        )
        before = model.get_weights()
        agent.train(environment, tf.constant([3, 4]))
        weights.append(model.get_weights())
    for one, two in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, two)
    assert any(np.any(b != a) for b, a in zip(before, weights[0], strict=True))


def test_lengths_and_what_is_read():
    answers = np.array([[0, 1, 0, 2, 0, 0], [0, 0, 0, 0, 0, 1]])
    read = sequences.read(answers, 3)
    np.testing.assert_array_equal(read, [[1, 2, 0], [0, 0, 1]])
    assert sequences.lengths(read, END).tolist() == [1, 3]
    assert sequences.lengths(LABELS, END).tolist() == [1, 2, 0]


def test_which_sequences_are_wrong():
    labels = np.array([[1, 2, 0], [1, 2, 0], [0, 1, 2], [0, 1, 2]])
    answers = np.array([[1, 2, 1], [1, 1, 2], [0, 1, 2], [0, 1, 1]])
    wrong = sequences.wrong(answers, labels, END)
    # Right up to the end; no end; right; a symbol too many.
    assert wrong.tolist() == [False, True, False, True]


def _comparator(images, answers=3):
    keras.utils.set_random_seed(1)
    model = Comparator([5], num_classes=3, answers=answers)
    model.build(images.shape)
    return model


def test_a_network_with_an_answer_for_each_symbol(three):
    model = _comparator(three)
    outputs = model(three)
    assert outputs["logits"].shape == (3, 3, 3)
    flat = np.float32(three.reshape(3, -1)) / 255
    for stage in model.stages[1:]:
        flat = flat @ stage.kernel.numpy() + stage.bias.numpy()
        if stage is not model.stages[-1]:
            flat = np.maximum(flat, 0)
    np.testing.assert_allclose(
        outputs["logits"], flat.reshape(3, 3, 3), rtol=1e-4, atol=1e-5
    )


def test_it_learns_sequences(three):
    model = _comparator(three)
    agent = SupervisedAgent(model, keras.optimizers.Adam(0.02))
    environment = model.environment(three, LABELS)
    assert environment.steps == 3
    for _ in range(60):
        info = agent.train(environment, tf.constant([0, 0]))
    assert info.extra["accuracy"] == 1
    evaluator = ClassifierEvaluator(model, {"image": three, "label": LABELS})
    assert evaluate(evaluator)["error"] == 0


def test_it_is_saved_with_its_answers(three, tmp_path):
    model = _comparator(three)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        loaded(three)["logits"], model(three)["logits"]
    )


def test_the_network_has_as_many_answers_as_there_are_symbols(three):
    agent = SupervisedAgent(_comparator(three, 2), keras.optimizers.SGD())
    with pytest.raises(ValueError, match=r"each of its 2 answers.*steps=3"):
        agent.train(_sequence(three, glimpses=1), tf.constant([0, 0]))


def test_errors_of_whole_sequences_and_by_length(three):
    evaluator = ClassifierEvaluator(
        _comparator(three), {"image": three, "label": LABELS}
    )
    # The first is wrong in its end, the third in its only symbol.
    answers = [[1, 1, 2], [0, 1, 2], [0, 2, 2]]
    probabilities = np.array(tf.nn.softmax(_logits(answers)))
    assert evaluator.error(probabilities) == [pytest.approx(66.6667)]
    assert evaluator.by_length(probabilities) == {
        "error_by_length": [100, 0],
        "cases_by_length": [1, 1],
    }
    only = evaluator.on({"image": three, "label": LABELS[[0, 0, 0]]})
    assert only.by_length(probabilities) == {
        "error_by_length": [100, None],
        "cases_by_length": [3, 0],
    }
