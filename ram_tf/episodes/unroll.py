"""The one unroll of cell, policy and environment, and its replay."""

from typing import cast

import tensorflow as tf

from ram_tf.episodes.environments.environment import Environment
from ram_tf.episodes.environments.video import RecordedEpisode
from ram_tf.episodes.policies import Policy, ReplayPolicy
from ram_tf.layers.fixation_policy import FixationPolicy, Memory
from ram_tf.layers.heads import Classifier
from ram_tf.types import Glimpse, Looks, PolicyState, Trajectory


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
    features, steps, rewards, valid = [state.cell[0]], [], [], []
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
    # Features before each step, and at the end.
    looks = Looks(tf.stack(features, axis=1))
    if policy.cell.location_policy.reads_glimpse:
        looks = _with_what_was_read(
            looks, [step.state for step in steps], policy.cell
        )
    action = {
        name: tf.stack([step.action[name] for step in steps], axis=1)
        for name in steps[0].action
    }
    valid = tf.stack(valid, axis=1)
    reward = tf.stack(rewards, axis=1)
    return _read_off(policy, environment, looks, action, reward, valid)


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
    location = tf.reshape(action["location"], [-1, 2])
    glimpse = cell.see(
        tf.reshape(episode.frames, [-1, *episode.frames.shape[2:]]), location
    )
    core, memory = cell.divide(policy.get_initial_state(rows).cell)
    looks, before = Looks(None), ()
    if cell.location_policy.reads_glimpse:
        looks = _remembered(cell.location_policy, glimpse, memory, steps)
        before = tuple(
            _joined(tf.concat([first[:, None], after[:, :-1]], axis=1))
            for first, after in zip(memory, looks.memory, strict=True)
        )
    encoded = cell.encode(glimpse, location, before)
    encoded = tf.reshape(encoded, [rows, steps, -1])
    after = tf.scan(
        lambda core, one: cell.remember(one, core)[1],
        _swapped(encoded),
        core,
    )
    features = tf.concat([core[0][:, None], _swapped(after[0])], axis=1)
    looks = looks._replace(features=features)
    valid = tf.math.cumprod(episode.valid, axis=1)
    reward = episode.rewards * valid
    return _read_off(policy, episode, looks, action, reward, valid)


def _with_what_was_read(looks: Looks, states: list[PolicyState], cell) -> Looks:
    """Adds the glimpses and memories of T looks."""

    def stacked(values):
        return tf.stack(list(values), axis=1)

    glimpses = [cast(Glimpse, state.glimpse) for state in states]
    memories = [cell.divide(state.cell)[1] for state in states]
    return looks._replace(
        glimpse=glimpses[0].with_rows(
            map(stacked, zip(*(seen.rows for seen in glimpses), strict=True))
        ),
        memory=tuple(map(stacked, zip(*memories, strict=True))),
        parameters=_kept([state.parameters for state in states[:-1]]),
    )


def _kept(parameters: list[tf.Tensor]) -> tf.Tensor | None:
    return tf.stack(parameters, axis=1) if parameters else None


def _remembered(
    policy: FixationPolicy, glimpse: Glimpse, memory: Memory, steps: int
) -> Looks:
    """What was read of glimpses [N * T, ...], and what was remembered."""
    glimpse = glimpse.map(
        lambda values: tf.reshape(values, [-1, steps, *values.shape[1:]])
    )
    looks = Looks(None, glimpse)
    if not memory:
        return looks

    def look(memory, seen):
        return policy.next_state(memory, glimpse.with_rows(seen))

    after = tf.scan(look, tuple(map(_swapped, glimpse.rows)), memory)
    return looks._replace(memory=tuple(map(_swapped, after)))


def _swapped(values: tf.Tensor) -> tf.Tensor:
    """[N, T, ...] from [T, N, ...], and back."""
    return tf.transpose(values, [1, 0, *range(2, values.shape.rank)])


def _joined(values: tf.Tensor) -> tf.Tensor:
    """[N, T, ...] as [N * T, ...]."""
    return tf.reshape(values, [-1, *values.shape[2:]])


def _read_off(
    policy, environment, looks: Looks, action, reward, valid
) -> Trajectory:
    """All that follows from what was known in episodes."""
    cell, features, logits = policy.cell, looks.features, None
    if Classifier.key in cell.heads:
        logits = cell.parameters(Classifier.key, features[:, 1:])
        reward += environment.answer_reward(logits, valid)
    return Trajectory(
        action=action,
        log_prob=policy.log_prob(looks, action),
        reward=reward,
        logits=logits,
        baseline=policy.baseline(features[:, :-1]),
        label=environment.label,
        label_weight=environment.answer_weight(valid),
        valid=valid,
        action_log_prob=policy.action_log_prob(features[:, 1:], action),
        entropy=policy.entropy(features[:, 1:]),
        answer_due=environment.answers_due(valid),
        target_log_prob=_target_log_prob(policy, environment, looks, valid),
    )


def _target_log_prob(policy, environment, looks: Looks, valid) -> tf.Tensor:
    target = environment.target
    if target is None or not policy.cell.location_policy.can_be_guided:
        return tf.zeros_like(valid)
    return policy.target_log_prob(looks, target)
