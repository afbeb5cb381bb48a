"""The location policy, by hand."""

import keras
import numpy as np
import tensorflow as tf

from ram_tf import LocationPolicy


def _policy(std=0.2, location_range=0.5):
    policy = LocationPolicy(std, location_range)
    policy.build((None, 2))
    policy.dense.set_weights(
        [np.float32([[0.5, 0], [0, -0.25]]), np.float32([0, 0.1])]
    )
    return policy


def test_location_policy_mean():
    mean = _policy()(np.float32([[1, 2]]))
    # tanh(0.5) = 0.46211716, tanh(-0.4) = -0.37994896; the range is 0.5.
    np.testing.assert_allclose(mean, [[0.23105858, -0.18997448]], rtol=1e-6)


def test_location_policy_stays_in_range():
    mean = _policy()(np.float32([[1e6, -1e6]]))
    np.testing.assert_array_equal(mean, [[0.5, 0.5]])


def test_location_policy_log_prob():
    distribution = _policy(std=0.2).distribution(tf.constant([[0.1, -0.3]]))
    # Deviations of 1 and 2 standard deviations.
    log_prob = distribution.log_prob([[0.3, -0.7]])
    expected = -(1 + 4) / 2 - 2 * np.log(0.2 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(log_prob, [expected], rtol=1e-6)


def test_location_policy_sample_and_mode():
    policy, mean = _policy(std=0.2), tf.constant([[0.1, -0.3]])
    sample = policy.sample(mean, tf.constant([[-1.0, 2.0]]))
    np.testing.assert_allclose(sample, [[-0.1, 0.1]], rtol=1e-6)
    np.testing.assert_array_equal(policy.mode(mean), mean)


def test_samples_are_not_clipped():
    sample = _policy().sample(tf.constant([[0.4, 0.4]]), tf.fill([1, 2], 10.0))
    np.testing.assert_allclose(sample, [[2.4, 2.4]], rtol=1e-6)


def test_a_little_gain_starts_paths_near_the_centre():
    features = keras.random.normal([50, 256], seed=1)
    keras.utils.set_random_seed(1)
    usual, small = LocationPolicy(), LocationPolicy(gain=0.01)
    usual(features)
    means = small(features).numpy()
    # Glorot's bound for 256 inputs and 2 outputs.
    limit = np.sqrt(6 / (256 + 2))
    kernel = np.abs(usual.dense.kernel.numpy())
    assert 0.95 * limit < kernel.max() <= limit
    kernel = np.abs(small.dense.kernel.numpy())
    assert 0.0095 * limit < kernel.max() <= 0.01 * limit
    assert 0 < np.abs(means).max() < 0.1
    assert LocationPolicy.from_config(small.get_config()).gain == 0.01
