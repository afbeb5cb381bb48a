"""The one unroll of cell, policy and environment, and its replay."""

import tensorflow as tf

from ram_tf.environments.environment import Environment
from ram_tf.environments.video import RecordedEpisode
from ram_tf.policies import Policy, ReplayPolicy
from ram_tf.types import Trajectory


def unroll(policy: Policy, environment: Environment) -> Trajectory:
    """Plays N episodes of T steps.

    The loop holds only what the next step needs. Answers, baselines and
    log-probabilities are read off the features of all steps at once, in one
    product each.

    Args:
        policy: Chooses the actions; it holds the cell.
        environment: What is looked at, with `rows` N and `steps` T.

    Returns:
        The Trajectory, [N, T, ...].
    """
    env_state, time_step = environment.reset()
    state = policy.get_initial_state(environment.rows)
    features, steps, rewards, valid = [state[0]], [], [], []
    running = tf.cast(~time_step.is_last, tf.float32)
    for t in range(environment.steps):
        step = policy.action(time_step, state, t)
        env_state, time_step = environment.step(env_state, step.action)
        state = step.state
        steps.append(step)
        features.append(step.features)
        rewards.append(time_step.reward * running)
        valid.append(running)
        running = running * tf.cast(~time_step.is_last, tf.float32)
    features = tf.stack(features, axis=1)  # Before each step, and at the end.
    action = {
        name: tf.stack([step.action[name] for step in steps], axis=1)
        for name in steps[0].action
    }
    valid = tf.stack(valid, axis=1)
    reward = tf.stack(rewards, axis=1)
    return _read_off(policy, environment, features, action, reward, valid)


def replay(policy: ReplayPolicy, episode: RecordedEpisode) -> Trajectory:
    """`unroll` of what is recorded whole, compiled as fast for any T.

    Where the model looked is known, and what was there: it looks everywhere at
    once. Only the core goes step by step, in a loop of the compiled program;
    `unroll` writes every step out.

    Args:
        policy: Of the same episodes.
        episode: Frames, rewards and mask, [N, T, ...].

    Returns:
        The Trajectory, [N, T, ...]; the same as `unroll` gives.
    """
    cell, action = policy.cell, policy.recorded
    rows, steps = episode.rows, episode.steps
    glimpses = cell.encode(
        tf.reshape(episode.frames, [-1, *episode.frames.shape[2:]]),
        tf.reshape(action["location"], [-1, 2]),
    )
    glimpses = tf.reshape(glimpses, [rows, steps, -1])
    before = policy.get_initial_state(rows)[:-1]
    after = tf.scan(
        lambda core, glimpse: cell.remember(glimpse, core)[1],
        tf.transpose(glimpses, [1, 0, 2]),
        before,
    )
    features = tf.transpose(after[0], [1, 0, 2])
    features = tf.concat([before[0][:, None], features], axis=1)
    valid = tf.math.cumprod(episode.valid, axis=1)
    reward = episode.rewards * valid
    return _read_off(policy, episode, features, action, reward, valid)


def _read_off(
    policy, environment, features, action, reward, valid
) -> Trajectory:
    """All that follows from the features [N, T + 1, D] of episodes."""
    cell, logits = policy.cell, None
    if cell.classifier:
        logits = cell.classifier(features[:, 1:])
        reward += environment.answer_reward(logits, valid)
    return Trajectory(
        action=action,
        log_prob=policy.log_prob(features, action),
        reward=reward,
        logits=logits,
        baseline=policy.baseline(features[:, :-1]),
        label=environment.label,
        label_weight=environment.answer_weight(valid),
        valid=valid,
        action_log_prob=policy.action_log_prob(features[:, 1:], action),
        entropy=policy.entropy(features[:, 1:]),
        answer_due=environment.answers_due(valid),
    )
