"""The training loop: what it does when it is told to stop."""

import dataclasses
import json
import signal

import numpy as np
import pytest
import tensorflow as tf

from ram_tf import ReinforceAgent
from ram_tf.episodes.environments.gymnasium_episodes import GymnasiumEpisodes
from ram_tf.evaluation.images import Evaluator
from ram_tf.evaluation.returns import ReturnEvaluator
from ram_tf.training.checkpoint import Checkpointer, RunState
from ram_tf.training.compiled_steps import CompiledSteps
from ram_tf.training.in_turn import InTurn
from ram_tf.training.interrupt import Interrupted
from ram_tf.training.loop import TrainingLoop
from ram_tf.training.optimizers import make_optimizer
from ram_tf.training.recorded_steps import FRAMES, RecordedSteps
from ram_tf.training.summaries import Summaries
from ram_tf.training.team import LostError, Team


class Batches:
    """Four images, again and again; it may call something on the way."""

    batch_size = 4
    seed = 0

    def __init__(self, images, at=None, call=None):
        self._images = tf.constant(images)
        self._at, self._call = at, call

    def indices(self, step, count):
        if step == self._at:
            self._call()
        return np.tile(np.arange(4, dtype=np.int32), (count, 1))

    def make(self, indices, step):
        del step
        images = tf.gather(self._images, indices)
        return {"image": images, "label": indices % 3}


class _Lost(Team):
    """What a chief hears whose team ends when it has evaluated step 60."""

    def __init__(self, call):
        self._call = call
        self._calls = 0

    def told(self, numbers):
        self._calls += 1
        if self._calls == 2:
            self._call()
        if self._calls == 3:
            raise LostError("Another worker has ended")
        return super().told(numbers)


def _run(
    model, images, directory, batches, learning_rate=1e-2, ema=0.0, team=None
):
    """Runs 120 steps with two evaluations, from where the directory is."""
    optimizer = make_optimizer("adam", learning_rate, 120, ema=ema)
    agent = ReinforceAgent(model, optimizer)
    state = RunState(agent)
    checkpointer = Checkpointer(state, directory)
    checkpointer.restore()
    data = {"image": images, "label": np.arange(4) % 3}
    loop = TrainingLoop(
        CompiledSteps(
            agent,
            batches,
            lambda batch: model.environment(batch["image"], batch["label"]),
        ),
        Evaluator(model, data),
        state,
        checkpointer,
        Summaries(
            directory / "metrics.jsonl", directory / "tb", state.step, {}
        ),
        lambda rollouts: np.zeros([2, 2, 3], np.uint8),
        team=team,
    )
    loop.run(120, evaluations=2)
    return state


def _evaluated(directory):
    rows = (directory / "metrics.jsonl").read_text().splitlines()
    return [json.loads(row)["step"] for row in rows]


def _interrupt():
    signal.raise_signal(signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.parametrize(("at", "ema"), [(0, 0), (50, 0), (110, 0), (50, 0.9)])
def test_a_signal_at_any_call_loses_no_evaluation(
    make_model, images, tmp_path, at, ema
):
    # The calls end at steps 50, 60, 110 and 120; 60 and 120 are evaluated.
    model = make_model()
    batches = Batches(images, at, _interrupt)
    with pytest.raises(Interrupted, match="SIGTERM: saved step"):
        _run(model, images, tmp_path, batches, ema=ema)
    broken = _run(model, images, tmp_path, Batches(images), ema=ema)
    whole_model = make_model()
    (tmp_path / "whole").mkdir()
    other = tmp_path / "whole"
    whole = _run(whole_model, images, other, Batches(images), ema=ema)
    assert _evaluated(tmp_path) == _evaluated(tmp_path / "whole") == [60, 120]
    assert int(broken.best_step) == int(whole.best_step)
    own, expected = (
        [*state.model.get_weights(), *state.best] for state in (broken, whole)
    )
    for one, other in zip(own, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_who_is_told_to_stop_leaves_without_the_others(
    make_model, images, tmp_path
):
    batches = Batches(images)
    with pytest.raises(Interrupted, match="SIGTERM: saved step"):
        _run(make_model(), images, tmp_path, batches, team=_Lost(_interrupt))
    team = _Lost(lambda: None)
    with pytest.raises(LostError):
        _run(make_model(), images, tmp_path / "other", batches, team=team)


@pytest.mark.slow
def test_a_loss_that_is_not_finite_stops_and_keeps_the_checkpoint(
    make_model, images, tmp_path
):
    model = make_model()

    def spoil():
        model.cell.classifier.bias.assign([np.nan, 0.0, 0.0])

    with pytest.raises(FloatingPointError, match="became nan at step 61"):
        _run(model, images, tmp_path, Batches(images, 60, spoil))
    assert (tmp_path / "ckpt-60.index").exists()
    assert not (tmp_path / "ckpt-110.index").exists()


def _play(model, directory, interrupted_at=None):
    """Six updates on recorded episodes, with two evaluations."""
    directory.mkdir(exist_ok=True)
    agent = ReinforceAgent(model, make_optimizer("adam", 1e-2, 6))
    state = RunState(agent, [FRAMES])
    checkpointer = Checkpointer(state, directory)
    checkpointer.restore()
    episodes = GymnasiumEpisodes("ram_tf/Catch-v0", rows=2, steps=23)
    steps = RecordedSteps(agent, episodes, state, seed=3)
    if interrupted_at is not None:
        make = steps.make

        def interrupt(step, count):
            if step == interrupted_at:
                _interrupt()
            return make(step, count)

        steps.make = interrupt
    loop = TrainingLoop(
        steps,
        ReturnEvaluator(model, episodes, count=4, policy="stochastic"),
        state,
        checkpointer,
        Summaries(
            directory / "metrics.jsonl", directory / "tb", state.step, {}
        ),
    )
    loop.run(6, evaluations=2)
    return state, loop


@pytest.mark.slow
def test_recorded_episodes_in_the_same_loop(make_player, tmp_path, capsys):
    model = make_player()
    state, loop = _play(model, tmp_path / "run")
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["step"] for row in rows] == [3, 6]
    # Each game of Catch has 23 frames; two are played for each update.
    assert [row["frames"] for row in rows] == [3 * 46, 6 * 46]
    assert [row["length"] for row in rows] == [23, 23]
    best = max(row["validation_return"] for row in rows)
    assert rows[-1]["best_validation_return"] == best == -state.best_error
    assert "validation_error" not in rows[0]
    rate = 6 * 46 / float(state.seconds)
    assert loop.units_per_second == pytest.approx(rate)
    told = capsys.readouterr().out.splitlines()[-1]
    for words in ("length 23.0", "entropy", f"(best {best:.2f})", "frames/s"):
        assert words in told


@pytest.mark.slow
def test_recorded_episodes_are_resumed(make_player, tmp_path):
    model, whole_model = make_player(), make_player()
    with pytest.raises(Interrupted, match="SIGTERM: saved step 5"):
        _play(model, tmp_path / "broken", interrupted_at=4)
    _play(model, tmp_path / "broken")
    _play(whole_model, tmp_path / "whole")
    for one, other in zip(
        model.get_weights(), whole_model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert _evaluated(tmp_path / "broken") == [3, 6]


@dataclasses.dataclass(eq=False)
class _Program:
    """What a compiled program has counted; told apart by identity, as those."""

    units: int
    seconds: float
    unit: str = "images"
    optimizer: None = None


def test_the_rate_of_programs_in_turn():
    """All that they made over all of their time; a program counts once."""
    small, large, idle = _Program(30, 2.0), _Program(10, 3.0), _Program(0, 0.0)
    assert InTurn([small, large, small]).units_per_second == 8.0
    assert InTurn([idle]).units_per_second is None
