"""The answer and the baseline."""

import numpy as np
import pytest
import tensorflow as tf

from ram_tf import ActionPolicy, StopPolicy
from ram_tf.layers.heads import Baseline, Classifier


def test_classifier_is_linear():
    classifier = Classifier(2)
    classifier.build((None, 2))
    classifier.set_weights([np.float32([[1, 2], [3, 4]]), np.float32([5, 6])])
    np.testing.assert_array_equal(classifier(np.float32([[1, -1]])), [[3, 4]])


def test_baseline_trains_itself_alone():
    baseline = Baseline()
    baseline.build((None, 2))
    baseline.set_weights([np.float32([[3], [-1]]), np.float32([0.5])])
    features = tf.constant([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        tape.watch(features)
        value = baseline(features)
    np.testing.assert_array_equal(value, [1.5])
    kernel, to_features = tape.gradient(value, [baseline.kernel, features])
    np.testing.assert_array_equal(kernel, [[1], [2]])
    assert to_features is None


@pytest.mark.parametrize("head", [Classifier(2), Baseline()])
def test_heads_stay_float32(head):
    assert head(tf.ones([1, 3], tf.bfloat16)).dtype == tf.float32


def test_heads_take_all_steps_at_once():
    features = tf.zeros([2, 3, 4])
    assert Classifier(5)(features).shape == (2, 3, 5)
    assert Baseline()(features).shape == (2, 3)


def _noise(head):
    return head.noise(tf.constant([1, 2]), 4, 3).numpy()


def test_heads_by_name(make_model):
    cell = make_model(num_actions=2, stop=True).cell
    assert list(cell.heads) == ["answer", "action", "stop"]
    assert [head.acts for head in cell.heads.values()] == [False, True, True]
    assert cell.heads["stop"].reads == ("answer",)
    with pytest.raises(TypeError):
        cell.heads["answer"] = None
    assert not make_model(num_classes=None).cell.heads


def test_each_head_has_noise_of_its_own():
    answer, action = _noise(Classifier(2)), _noise(ActionPolicy(2))
    assert answer.shape == action.shape == (4, 3, 2)
    assert np.all(answer != action)
    stop = _noise(StopPolicy())
    assert stop.shape == (4, 3)
    assert not np.isin(stop, [answer, action]).any()


def test_an_answer_is_sampled_with_its_probabilities():
    head, logits = Classifier(3), tf.math.log([0.2, 0.5, 0.3])
    noise = head.noise(tf.constant([1, 2]), 20_000, 1)
    counts = np.bincount(head.sample(logits, noise)[:, 0], minlength=3)
    np.testing.assert_allclose(counts / 20_000, [0.2, 0.5, 0.3], atol=0.012)
    log_prob = head.distribution(logits).log_prob(1)
    np.testing.assert_allclose(log_prob, np.log(0.5), rtol=1e-6)


def test_when_there_is_something_to_decide():
    assert ActionPolicy(2).decides(3).tolist() == [True, True, True]
    assert StopPolicy().decides(3).tolist() == [True, True, False]
