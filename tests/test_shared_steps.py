"""Steps that several share equal those of one: losses, metrics, weights.

The members of the team are threads here, each with a model of its own;
`test_workers` has processes.
"""

import threading
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from sharing import (
    BATCH,
    CANVAS,
    ROLLOUTS,
    make_agent,
    make_batches,
    make_model,
)

from ram_tf import StopAgent, SupervisedAgent, UserError
from ram_tf.comparators import make_comparator
from ram_tf.episodes.environments.catch import Catch, Games
from ram_tf.episodes.environments.catch_rules import CatchRules
from ram_tf.noise import step_seed
from ram_tf.share import WHOLE, Share
from ram_tf.training.compiled_steps import CompiledSteps
from ram_tf.training.shared_step import compile_shared_steps
from ram_tf.training.step import compile_steps
from ram_tf.training.steps import Steps
from ram_tf.training.team import Team
from ram_tf_data.number_batches import NumberBatches
from ram_tf_data.numbers import Numbers
from ram_tf_data.splits import Split
from ram_tf_runs.tasks.training_games import TrainingGames

STEPS = 3
RULES = CatchRules(height=5, width=5)


@pytest.fixture(autouse=True)
def eager():
    """It takes longer to compile these few steps than to make them."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


class _Threads(Team):
    """Adds up in the order of the shares."""

    def __init__(self, share, barrier, table):
        self.share = share
        self._barrier, self._table = barrier, table

    def total(self, vector):
        total = tf.numpy_function(self._added, [vector], vector.dtype)
        return tf.ensure_shape(total, vector.shape)

    def _added(self, vector):
        self._table[self.share.index] = vector
        self._barrier.wait()
        total = sum(self._table)
        self._barrier.wait()
        return total


def _teams(count):
    barrier, table = threading.Barrier(count, timeout=60), [None] * count
    return [_Threads(Share(i, count), barrier, table) for i in range(count)]


def _shared(make, count):
    """What each of a team has trained, and what it was told."""
    results = [None] * count
    # Weights are drawn by a seed that all threads share.
    members = [make() for _ in range(count)]

    def run(team):
        agent, batches, make_environment = members[team.share.index]
        agent.share = team.share
        rows = team.share.rows(batches.batch_size)
        steps = compile_shared_steps(
            agent,
            lambda indices, step: batches.make(indices, step, rows),
            make_environment,
            batches.seed,
            team,
            jit_compile=False,
        )
        results[team.share.index] = agent, _made(steps, batches)

    threads = [threading.Thread(target=run, args=[t]) for t in _teams(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def _alone(make):
    agent, batches, make_environment = make()
    steps = compile_steps(
        agent, batches.make, make_environment, batches.seed, jit_compile=False
    )
    return agent, _made(steps, batches)


def _made(steps, batches):
    indices = tf.constant(batches.indices(0, STEPS))
    info = steps(indices, tf.constant(0), tf.constant(STEPS))
    return {"loss": info.loss.numpy()} | {
        name: value.numpy() for name, value in info.extra.items()
    }


def _looking(agent=make_agent, arguments=(), **changes):
    model = make_model(**changes)
    rollouts = 1 if agent is StopAgent else ROLLOUTS
    if agent is StopAgent:
        trained = StopAgent(model, keras.optimizers.SGD(0.1))
    else:
        trained = agent(model, **dict(arguments))

    def environment(batch):
        return model.environment(
            batch["image"], batch["label"], rollouts=rollouts, glimpse_cost=0.1
        )

    return trained, make_batches(), environment


def _whole_images():
    keras.utils.set_random_seed(1)
    model = make_comparator("fc_64", CANVAS.side, num_classes=3)
    agent = SupervisedAgent(model, keras.optimizers.SGD(0.1))
    return (
        agent,
        make_batches(),
        lambda batch: model.environment(batch["image"], batch["label"]),
    )


def _playing():
    model = make_model(num_classes=None, num_actions=3, stop=False, glimpses=4)
    agent = make_agent(model, entropy_weight=0.1, trace_decay=0.7)
    return (
        agent,
        TrainingGames(RULES, BATCH, seed=3),
        lambda batch: Catch(RULES, Games(**batch), ROLLOUTS),
    )


def _with(**arguments):
    return lambda: _looking(arguments=arguments)


MAKERS = {
    "stopping": _looking,
    "baseline into core": _with(baseline_into_core=True, baseline_weight=0.3),
    "of rollouts": _with(baseline="leave_one_out", teaching_weight=0.5),
    "random fixations": _with(fixations="random"),
    "cells": lambda: _looking(
        sensor="pyramid", location_policy="cells", first_fixation="random"
    ),
    "stop alone": lambda: _looking(StopAgent),
    "whole images": _whole_images,
    "playing": _playing,
}


@pytest.mark.slow
@pytest.mark.parametrize("what", MAKERS)
def test_two_make_the_steps_of_one(what):
    _assert_same(MAKERS[what], 2)


def test_so_do_four():
    _assert_same(MAKERS["stopping"], 4)


def _assert_same(make, count):
    alone, expected = _alone(make)
    shared = _shared(make, count)
    for agent, told in shared:
        assert told.keys() == expected.keys()
        for name, values in expected.items():
            np.testing.assert_allclose(
                told[name], values, rtol=1e-5, atol=1e-6, err_msg=name
            )
        for one, other in zip(
            agent.model.get_weights(), alone.model.get_weights(), strict=True
        ):
            np.testing.assert_allclose(one, other, atol=1e-5)
    first = shared[0][0].model.get_weights()
    for agent, _ in shared[1:]:
        for one, other in zip(agent.model.get_weights(), first, strict=True):
            np.testing.assert_array_equal(one, other)


def test_episodes_end_at_different_looks():
    """Else no mean over steps would differ from one over episodes."""
    assert any(_played(0, step) != _played(1, step) for step in range(STEPS))


def _played(index, step):
    """How many steps of episodes one of two plays, before it is trained."""
    agent, batches, environment = _looking()
    agent.share = Share(index, 2)
    indices = tf.constant(batches.indices(step, 1)[0])
    rows = agent.share.rows(BATCH)
    batch = batches.make(indices, tf.constant(step), rows)
    seed = step_seed(batches.seed, tf.constant(step))
    return float(agent.part_loss(environment(batch), seed).played)


def _numbers():
    image = np.random.default_rng(0).integers(0, 256, [20, 8, 8, 1], np.uint8)
    split = Split(image, np.arange(20, dtype=np.int32) % 10)
    return NumberBatches(split, Numbers(40, 2), BATCH, seed=1)


@pytest.mark.parametrize(
    "make",
    [make_batches, _numbers, lambda: TrainingGames(RULES, BATCH, seed=1)],
    ids=["canvases", "numbers", "games"],
)
def test_rows_of_a_batch_are_what_they_are_in_it(make):
    batches = make()
    indices, step = tf.constant(batches.indices(5, 1)[0]), tf.constant(5)
    whole = batches.make(indices, step)
    parts = [
        batches.make(indices, step, Share(i, 4).rows(BATCH)) for i in range(4)
    ]
    for name, values in whole.items():
        joined = tf.concat([part[name] for part in parts], axis=0)
        np.testing.assert_array_equal(joined, values)


def test_a_share_takes_its_rows():
    assert WHOLE.rows(6) is None
    assert [Share(i, 3).rows(6) for i in range(3)] == [
        slice(0, 2),
        slice(2, 4),
        slice(4, 6),
    ]
    drawn = Share(1, 3).drawn(lambda n: {"a": tf.range(n)}, 2)
    assert drawn["a"].numpy().tolist() == [2, 3]
    assert WHOLE.drawn(lambda n: n, 2) == 2


def test_the_call_that_compiles_is_not_timed():
    model = make_model()
    made = CompiledSteps(
        make_agent(model),
        make_batches(),
        lambda batch: model.environment(
            batch["image"], batch["label"], rollouts=ROLLOUTS
        ),
    )
    made.make(0, 2)
    assert (made.units, made.seconds, made.units_per_second) == (0, 0.0, None)
    made.make(2, 1)
    assert made.units == BATCH
    assert made.units_per_second == BATCH / made.seconds > 0


def test_batches_must_be_made_in_parts():
    batches = make_batches()
    whole = types.SimpleNamespace(
        batch_size=BATCH,
        seed=0,
        indices=batches.indices,
        make=lambda indices, step: batches.make(indices, step),
    )
    agent = make_agent(make_model())
    made = CompiledSteps(agent, whole, lambda batch: None)
    with pytest.raises(UserError, match=r"`make` takes `rows`.*indices, step"):
        made.join(_teams(2)[0])


def test_other_steps_cannot_be_shared():
    with pytest.raises(UserError, match="Steps cannot be shared among"):
        Steps().join(_teams(2)[0])
    Steps().join(Team())
