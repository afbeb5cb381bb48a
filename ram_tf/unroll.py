"""The one unroll of cell, policy and environment."""

import tensorflow as tf

from ram_tf.environments.environment import Environment
from ram_tf.policies import Policy
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
