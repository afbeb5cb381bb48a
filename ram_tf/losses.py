"""Rewards, returns and losses as pure functions of [N, T] tensors.

Each takes `valid` [N, T]: 1 where an episode was still running, else 0. Losses
are sums over the steps of an episode, averaged over the N episodes (paper,
section 3.1). Gradients are stopped inside, where the mathematics says so.
"""

import numpy as np
import tensorflow as tf


def last_valid(valid: tf.Tensor) -> tf.Tensor:
    """1 at the last step of each episode, else 0; [N, T] -> [N, T]."""
    following = tf.pad(valid[:, 1:], [[0, 0], [0, 1]])
    return valid * (1.0 - following)


def at_last_valid(values: tf.Tensor, valid: tf.Tensor) -> tf.Tensor:
    """Values [N, T, ...] at the last step of each episode, [N, ...]."""
    steps = length(valid) - 1
    return tf.gather(values, tf.maximum(steps, 0), axis=1, batch_dims=1)


def length(valid: tf.Tensor) -> tf.Tensor:
    """Steps of each episode, [N] int32."""
    return tf.cast(tf.reduce_sum(valid, axis=1), tf.int32)


def answer_reward(
    logits: tf.Tensor, label: tf.Tensor, kind: str = "accuracy"
) -> tf.Tensor:
    """What an answer earns.

    Args:
        logits: Class scores [N, T, K].
        label: Right classes [N, T] int32.
        kind: "accuracy": 1 if the highest score is the label's, else 0; or
            "log_likelihood": the log-probability of the label.

    Returns:
        [N, T], without gradient.
    """
    logits = tf.stop_gradient(logits)
    if kind == "log_likelihood":
        return -tf.nn.sparse_softmax_cross_entropy_with_logits(label, logits)
    return _is_right(logits, label)


def accuracy(
    logits: tf.Tensor,
    label: tf.Tensor,
    valid: tf.Tensor,
    answer_due: tf.Tensor | None = None,
) -> tf.Tensor:
    """Fraction of episodes whose answers are right, a scalar.

    Args:
        logits: [N, T, K].
        label: [N, T] int32.
        valid: [N, T].
        answer_due: 1 at the answers that must be right, else 0, [N, T]; None
            for the last of each episode.
    """
    if answer_due is None:
        answer_due = last_valid(valid)
    wrong = (1.0 - _is_right(logits, label)) * answer_due
    return tf.reduce_mean(1.0 - tf.reduce_max(wrong, axis=1))


def returns(reward: tf.Tensor, valid: tf.Tensor) -> tf.Tensor:
    """R_t, the sum of the rewards from step t on; [N, T] -> [N, T]."""
    return tf.cumsum(reward * valid, axis=1, reverse=True)


def traced_advantage(
    reward: tf.Tensor, baseline: tf.Tensor, valid: tf.Tensor, decay: float
) -> tf.Tensor:
    """Advantages that believe the baseline of later steps (GAE).

    Args:
        reward: Reward that followed step t, [N, T].
        baseline: Value expected before step t, [N, T].
        valid: [N, T].
        decay: Lambda (Schulman et al., 2016): 1 gives returns - baseline, 0
            the error of a single step.

    Returns:
        [N, T], without gradient.
    """
    baseline = tf.stop_gradient(baseline) * valid
    following = tf.pad(baseline[:, 1:], [[0, 0], [0, 1]])
    error = reward * valid + following - baseline
    steps = np.arange(error.shape[1])
    ahead = steps[:, None] - steps  # Of row s, seen from column t.
    weights = np.where(ahead >= 0, float(decay) ** np.maximum(ahead, 0), 0.0)
    return tf.matmul(error, weights.astype(np.float32))


def leave_one_out(
    return_t: tf.Tensor, rollouts: int, valid: tf.Tensor
) -> tf.Tensor:
    """Mean return of the other rollouts of the same image.

    One that has ended already counts with what its last step earned: nothing
    would be no measure of what the image is worth.

    Args:
        return_t: [N, T], row r belongs to image r // M.
        rollouts: M, at least 2.
        valid: [N, T].

    Returns:
        [N, T]: a baseline that does not depend on the row itself.
    """
    steps = return_t.shape[1]
    earned = tf.reduce_sum(return_t * last_valid(valid), axis=1, keepdims=True)
    held = tf.where(valid > 0, return_t, earned)
    groups = tf.reshape(held, [-1, rollouts, steps])
    others = tf.reduce_sum(groups, axis=1, keepdims=True) - groups
    return tf.reshape(others / (rollouts - 1), [-1, steps])


def stop_probabilities(go_on: tf.Tensor) -> tf.Tensor:
    """How likely each look is the last.

    Args:
        go_on: Log-probability of looking on after look t, [N, T]; that after
            the last look is not read.

    Returns:
        [N, T]; each row sums to 1.
    """
    reached = tf.exp(tf.cumsum(go_on, axis=1, exclusive=True))
    end = tf.zeros_like(go_on[:, :1]) - np.inf
    stop = -tf.math.expm1(tf.concat([go_on[:, :-1], end], axis=1))
    return reached * stop


def cross_entropy_loss(
    logits: tf.Tensor, label: tf.Tensor, weight: tf.Tensor, valid: tf.Tensor
) -> tf.Tensor:
    """Cross-entropy of the answers, each step with its weight.

    Args:
        logits: [N, T, K].
        label: [N, T] int32.
        weight: [N, T]; the paper's is 1 at the last step, else 0.
        valid: [N, T].

    Returns:
        A scalar.
    """
    per_step = tf.nn.sparse_softmax_cross_entropy_with_logits(label, logits)
    return _mean_episode(per_step * weight, valid)


def teaching_loss(
    logits: tf.Tensor, rollouts: int, weight: tf.Tensor, valid: tf.Tensor
) -> tf.Tensor:
    """Cross-entropy of answers to the mean answer of the image's rollouts.

    Each rollout has seen something else of the image; together they know more
    than one (codistillation; Anil et al., 2018), and the mean teaches each.

    Args:
        logits: [N, T, K], row r belongs to image r // M.
        rollouts: M.
        weight: [N, T]; as in `cross_entropy_loss`.
        valid: [N, T].

    Returns:
        A scalar; no gradient flows through the mean.
    """
    steps, classes = logits.shape[1:]
    groups = tf.reshape(logits, [-1, rollouts, steps, classes])
    mean = tf.reduce_mean(tf.nn.softmax(groups), axis=1, keepdims=True)
    target = tf.stop_gradient(tf.broadcast_to(mean, tf.shape(groups)))
    per_step = tf.nn.softmax_cross_entropy_with_logits(target, groups)
    return _mean_episode(tf.reshape(per_step, [-1, steps]) * weight, valid)


def policy_gradient_loss(
    log_prob: tf.Tensor, advantage: tf.Tensor, valid: tf.Tensor
) -> tf.Tensor:
    """REINFORCE (paper, equation 2): its gradient is minus that of E[R].

    Args:
        log_prob: Log-probability of what was done at step t, [N, T].
        advantage: R_t - b_t, [N, T]; no gradient flows through it.
        valid: [N, T].

    Returns:
        A scalar.
    """
    return _mean_episode(-log_prob * tf.stop_gradient(advantage), valid)


def guidance_loss(target_log_prob: tf.Tensor, valid: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of where to look to where there is something to see.

    Args:
        target_log_prob: Log-probability that step t looks there, [N, T].
        valid: [N, T].

    Returns:
        A scalar.
    """
    return _mean_episode(-target_log_prob, valid)


def entropy_loss(entropy: tf.Tensor, valid: tf.Tensor) -> tf.Tensor:
    """Minus the entropy of the actions: its weight keeps them from settling.

    Args:
        entropy: Of the distribution at step t, [N, T].
        valid: [N, T].

    Returns:
        A scalar.
    """
    return -_mean_episode(entropy, valid)


def baseline_loss(
    baseline: tf.Tensor, return_t: tf.Tensor, valid: tf.Tensor
) -> tf.Tensor:
    """Squared error of the baseline to the return, averaged over steps.

    Args:
        baseline: [N, T].
        return_t: [N, T]; no gradient flows through it.
        valid: [N, T].

    Returns:
        A scalar.
    """
    return mean_step(tf.square(tf.stop_gradient(return_t) - baseline), valid)


def mean_step(values: tf.Tensor, valid: tf.Tensor) -> tf.Tensor:
    """Mean of values [N, T] over the steps that were played, a scalar."""
    return tf.reduce_sum(values * valid) / tf.reduce_sum(valid)


def _is_right(logits: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    guess = tf.argmax(logits, axis=-1, output_type=label.dtype)
    return tf.cast(guess == label, tf.float32)


def _mean_episode(per_step: tf.Tensor, valid: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.reduce_sum(per_step * valid, axis=1))
