"""Losses and returns against numbers worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from ram_tf import losses

# Three steps; the second episode ends after its second.
VALID = tf.constant([[1.0, 1, 1], [1, 1, 0]])
# Of two classes. With scores (0, ln 3) the second has probability 3/4.
SURE = float(np.log(3))
LOGITS = tf.constant(
    [
        [[0.0, SURE], [SURE, 0.0], [0.0, SURE]],
        [[SURE, 0.0], [0.0, SURE], [SURE, 0.0]],
    ]
)
LABEL = tf.constant([[1, 1, 1], [1, 1, 1]])


def test_last_valid():
    last = losses.last_valid(VALID)
    np.testing.assert_array_equal(last, [[0, 0, 1], [0, 1, 0]])


def test_last_valid_of_a_single_step():
    last = losses.last_valid(tf.constant([[1.0], [0]]))
    np.testing.assert_array_equal(last, [[1], [0]])


def test_returns():
    reward = tf.constant([[1.0, 0, 2], [4, -1, 100]])
    return_t = losses.returns(reward, VALID)
    np.testing.assert_array_equal(return_t, [[3, 2, 2], [3, -1, 0]])


def test_traced_advantage():
    reward = tf.constant([[0.0, 0, 1]])
    baseline = tf.constant([[0.5, 0.2, 0.6]])
    advantage = losses.traced_advantage(reward, baseline, tf.ones([1, 3]), 0.5)
    # Errors of single steps: -0.3, 0.4, 0.4.
    np.testing.assert_allclose(advantage, [[0.0, 0.6, 0.4]], atol=1e-6)
    full = losses.traced_advantage(reward, baseline, tf.ones([1, 3]), 1.0)
    np.testing.assert_allclose(full, [[0.5, 0.8, 0.4]], atol=1e-6)
    ended = losses.traced_advantage(
        reward, baseline, tf.constant([[1.0, 1, 0]]), 0.5
    )
    np.testing.assert_allclose(ended, [[-0.4, -0.2, 0.0]], atol=1e-6)


def test_leave_one_out():
    # Two images with three rollouts each, two steps.
    return_t = tf.constant([[1.0, 0], [2, 0], [6, 3], [5, 5], [5, 5], [5, 5]])
    np.testing.assert_array_equal(
        losses.leave_one_out(return_t, 3, tf.ones([6, 2])),
        [[4, 1.5], [3.5, 1.5], [1.5, 0], [5, 5], [5, 5], [5, 5]],
    )


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [("accuracy", 1, 0), ("log_likelihood", np.log(0.75), np.log(0.25))],
)
def test_answer_reward(kind, right, wrong):
    with tf.GradientTape() as tape:
        tape.watch(LOGITS)
        reward = losses.answer_reward(LOGITS, LABEL, kind)
    np.testing.assert_allclose(
        reward, [[right, wrong, right], [wrong, right, wrong]], rtol=1e-6
    )
    assert tape.gradient(reward, LOGITS) is None


def test_accuracy_is_of_the_last_valid_answer():
    assert losses.accuracy(LOGITS, LABEL, VALID) == 1
    assert losses.accuracy(LOGITS, LABEL, tf.ones([2, 3])) == 0.5
    assert losses.accuracy(LOGITS, 1 - LABEL, VALID) == 0


def test_cross_entropy_loss():
    weight = tf.constant([[0.5, 0, 1], [0.5, 2, 7]])
    loss = losses.cross_entropy_loss(LOGITS, LABEL, weight, VALID)
    right, wrong = -np.log(0.75), -np.log(0.25)
    episodes = [0.5 * right + right, 0.5 * wrong + 2 * right]
    np.testing.assert_allclose(loss, np.mean(episodes), rtol=1e-6)


def test_cross_entropy_gradient():
    weight = tf.constant([[0.0, 0, 1], [0, 1, 1]])
    with tf.GradientTape() as tape:
        tape.watch(LOGITS)
        loss = losses.cross_entropy_loss(LOGITS, LABEL, weight, VALID)
    # Softmax minus the right answer, over two episodes, where weight is.
    expected = np.zeros([2, 3, 2])
    expected[0, 2] = expected[1, 1] = [0.25 / 2, -0.25 / 2]
    gradient = tape.gradient(loss, LOGITS)
    np.testing.assert_allclose(gradient, expected, atol=1e-7)


def test_rollouts_are_taught_by_their_mean():
    # Two rollouts of one image, two steps, two classes; odds by hand.
    chances = np.array([[[0.5, 0.5], [0.9, 0.1]], [[0.5, 0.5], [0.5, 0.5]]])
    logits = tf.constant(np.log(chances), tf.float32)
    weight = tf.constant([[0.3, 1.0], [0.3, 1.0]])
    valid = tf.constant([[1.0, 1.0], [1.0, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = losses.teaching_loss(logits, 2, weight, valid)
    # At the last step the mean is (0.7, 0.3); the second does not count there.
    first = 0.3 * np.log(2) - 0.7 * np.log(0.9) - 0.3 * np.log(0.1)
    assert float(loss) == pytest.approx((first + 0.3 * np.log(2)) / 2, rel=1e-5)
    # That of cross-entropy: chances minus target; none flows through the mean.
    gradient = tape.gradient(loss, logits).numpy()
    np.testing.assert_allclose(gradient[0, 1], [0.1, -0.1], atol=1e-6)
    np.testing.assert_allclose(gradient[1], np.zeros([2, 2]), atol=1e-6)


def test_images_do_not_teach_each_other():
    logits = tf.random.stateless_normal([6, 3, 4], [1, 2])
    ones = tf.ones([6, 3])
    whole = losses.teaching_loss(logits, 2, ones, ones)
    parts = [
        losses.teaching_loss(logits[i : i + 2], 2, ones[:2], ones[:2])
        for i in (0, 2, 4)
    ]
    assert float(whole) == pytest.approx(float(sum(parts)) / 3, rel=1e-5)


def test_policy_gradient_loss():
    log_prob = tf.constant([[1.0, 2, 3], [-1, 0.5, 9]])
    advantage = tf.constant([[1.0, 0, -2], [3, 4, 5]])
    with tf.GradientTape() as tape:
        tape.watch([log_prob, advantage])
        loss = losses.policy_gradient_loss(log_prob, advantage, VALID)
    # -((1 - 6) + (-3 + 2)) / 2
    np.testing.assert_allclose(loss, 3)
    to_log_prob, to_advantage = tape.gradient(loss, [log_prob, advantage])
    np.testing.assert_array_equal(to_log_prob, [[-0.5, 0, 1], [-1.5, -2, 0]])
    assert to_advantage is None


def test_baseline_loss():
    baseline = tf.constant([[1.0, 2, 3], [4, 5, 6]])
    return_t = tf.constant([[0.0, 2, 5], [4, 4, 100]])
    with tf.GradientTape() as tape:
        tape.watch([baseline, return_t])
        loss = losses.baseline_loss(baseline, return_t, VALID)
    # Squares 1, 0, 4, 0, 1 over five valid steps.
    np.testing.assert_allclose(loss, 6 / 5, rtol=1e-6)
    to_baseline, to_return = tape.gradient(loss, [baseline, return_t])
    np.testing.assert_allclose(
        to_baseline, [[0.4, 0, -0.8], [0, 0.4, 0]], rtol=1e-6
    )
    assert to_return is None
