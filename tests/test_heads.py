"""The answer and the baseline."""

import numpy as np
import pytest
import tensorflow as tf

from ram_tf.heads import Baseline, Classifier


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
