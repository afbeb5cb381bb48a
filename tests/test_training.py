"""The compiled steps, the run state, checkpoints and logs."""

import json
import os
import shutil
import signal
import tempfile

import numpy as np
import pytest
import tensorflow as tf

from ram_tf import ReinforceAgent, files
from ram_tf.episodes.environments.still_image import StillImage
from ram_tf.errors import DamagedError, FileError, UserError
from ram_tf.training import log
from ram_tf.training.checkpoint import Checkpointer, RunState
from ram_tf.training.interrupt import Interrupt
from ram_tf.training.optimizers import make_optimizer
from ram_tf.training.step import compile_steps
from ram_tf.training.summaries import Summaries

LABELS = tf.constant([0, 1, 2, 0])


def _agent(model, **kwargs):
    return ReinforceAgent(
        model, make_optimizer("adam", 1e-2, 100), rollouts=2, **kwargs
    )


def _compiled(agent, images):
    def make_batch(indices, step):
        del step
        return {
            "image": tf.gather(tf.constant(images), indices),
            "label": tf.gather(LABELS, indices),
        }

    def make_environment(batch):
        return StillImage(batch["image"], batch["label"], steps=3, rollouts=2)

    return compile_steps(agent, make_batch, make_environment, seed=4)


def _weights(model):
    return [np.array(weight) for weight in model.get_weights()]


def _call(steps, first, count):
    indices = tf.constant(np.tile(np.arange(4, dtype=np.int32), (6, 1)))
    return steps(indices, tf.constant(first), tf.constant(count))


def test_one_call_of_six_steps_equals_calls_of_two_and_four(make_model, images):
    one, two = _agent(make_model()), _agent(make_model())
    whole = _call(_compiled(one, images), 0, 6)
    steps = _compiled(two, images)
    first, second = _call(steps, 0, 2), _call(steps, 2, 4)
    joined = [*first.loss[:2].numpy(), *second.loss[:4].numpy()]
    np.testing.assert_array_equal(whole.loss, joined)
    for a, b in zip(_weights(one.model), _weights(two.model), strict=True):
        np.testing.assert_array_equal(a, b)
    assert int(one.train_step_counter) == 6


@pytest.mark.slow
def test_metrics_are_those_of_the_steps_made(make_model, images):
    info = _call(_compiled(_agent(make_model()), images), 0, 4)
    agent = _agent(make_model())
    steps = _compiled(agent, images)
    singles = [_call(steps, step, 1).extra for step in range(4)]
    assert set(info.extra) == set(agent.metric_names)
    for name, values in info.extra.items():
        expected = [single[name][0] for single in singles]
        np.testing.assert_allclose(
            values[:4], expected, rtol=1e-5, atol=1e-7, err_msg=name
        )
        assert not values[4:].numpy().any()
    assert (info.extra["cross_entropy"][:4].numpy() > 0).all()
    assert not info.loss[4:].numpy().any()


@pytest.mark.slow
def test_training_learns(make_model, images):
    agent = _agent(make_model())
    # The brightness gives the class away.
    brightness = np.array([0, 100, 250, 0], np.uint8)[:, None, None, None]
    steps = _compiled(agent, np.zeros_like(images) + brightness)
    made = [_call(steps, 6 * k, 6).extra["cross_entropy"] for k in range(16)]
    entropies = [float(tf.reduce_sum(values)) for values in made]
    assert np.mean(entropies[-3:]) < 0.7 * np.mean(entropies[:3])


def test_the_paper_s_optimizer_reaches_zero_linearly():
    optimizer = make_optimizer("sgd", 0.1, 10, schedule="linear", clip_norm=0)
    assert optimizer.momentum == 0.9
    rates = [float(optimizer._learning_rate(step)) for step in (0, 5, 10)]
    np.testing.assert_allclose(rates, [0.1, 0.05, 0.0], atol=1e-7)
    assert optimizer.global_clipnorm is None
    assert make_optimizer("adam", 0.1, 10, clip_norm=2).global_clipnorm == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "rmsprop"}, "optimizer.*adam.*rmsprop"),
        ({"learning_rate": 0.0}, r"learning_rate.*positive.*0\.0"),
        ({"steps": 0}, "steps.*positive.*0"),
        ({"clip_norm": -1.0}, "clip_norm.*at least 0.*-1"),
        ({"schedule": "step"}, "schedule.*cosine.*step"),
        ({"ema": 1.0}, r"ema.*\[0, 1\).*1\.0"),
    ],
)
def test_optimizer_arguments(change, words):
    good = {"name": "adam", "learning_rate": 0.1, "steps": 3}
    with pytest.raises(ValueError, match=words):
        make_optimizer(**{**good, **change})


def _state(make_model):
    agent = _agent(make_model())
    return RunState(agent)


def test_best_weights_are_kept_and_used(make_model):
    state = _state(make_model)
    best = _weights(state.model)
    state.keep_if_best(10.0)
    for variable in state.model.variables:
        variable.assign_add(tf.ones_like(variable))
    state.keep_if_best(10.0)  # As good is not better.
    state.keep_if_best(12.0)
    state.use_best()
    for kept, weight in zip(best, _weights(state.model), strict=True):
        np.testing.assert_array_equal(kept, weight)
    assert float(state.best_error) == 10.0


def test_averaged_weights_are_measured_and_kept(make_model, images):
    """The average by hand, of what each step has left."""
    model = make_model()
    optimizer = make_optimizer("adam", 1e-2, 100, ema=0.8)
    agent = ReinforceAgent(model, optimizer, rollouts=2)
    state = RunState(agent)
    environment = StillImage(tf.constant(images), LABELS, steps=3, rollouts=2)
    average = None
    for step in range(4):
        agent.train(environment, tf.constant([step, 0]))
        own = [v.numpy() for v in agent.variables]
        average = average or own
        average = [0.8 * a + 0.2 * w for a, w in zip(average, own, strict=True)]
    with state.averaged():
        state.keep_if_best(5.0)
    left = [v.numpy() for v in agent.variables]
    for weight, expected in zip(left, own, strict=True):
        np.testing.assert_array_equal(weight, expected)
    state.use_best()
    kept = [v.numpy() for v in agent.variables]
    assert not np.array_equal(kept[0], own[0])
    for weight, expected in zip(kept, average, strict=True):
        np.testing.assert_allclose(weight, expected, rtol=1e-4, atol=1e-6)


def _saved_twice(make_model, directory):
    state = _state(make_model)
    checkpointer = Checkpointer(state, directory)
    for step in (1, 2):
        state.optimizer.iterations.assign(step)
        state.best_error.assign(30.0 - step)
        checkpointer.save()


def test_restores_the_newest(make_model, tmp_path):
    _saved_twice(make_model, tmp_path)
    state = _state(make_model)
    assert Checkpointer(state, tmp_path).restore()
    assert state.step == 2
    assert float(state.best_error) == 28.0


def test_the_newest_has_the_highest_number(make_model, tmp_path):
    """Not the last name: ckpt-9 comes behind ckpt-10."""
    state = _state(make_model)
    checkpointer = Checkpointer(state, tmp_path)
    for step in (8, 9, 10):
        state.optimizer.iterations.assign(step)
        checkpointer.save()
    for step in (10, 9, 8):
        state = _state(make_model)
        assert Checkpointer(state, tmp_path).restore()
        assert state.step == step
        (tmp_path / f"ckpt-{step}.index").write_bytes(b"")


def test_checkpoints_of_another_run_are_refused(make_model, tmp_path):
    state = _state(make_model)
    Checkpointer(state, tmp_path, "one").save()
    for run in ("one", ""):
        assert Checkpointer(state, tmp_path, run).restore()
    with pytest.raises(UserError, match=r"must be its own.*ckpt-0, of another"):
        Checkpointer(state, tmp_path, "two").restore()


def test_checkpoints_that_name_no_run_are_anyones(make_model, tmp_path):
    state = _state(make_model)
    state.best_error.assign(3.0)
    parts = {"model": state.model, "optimizer": state.optimizer}
    for name in ("best", "best_error", "best_step", "seconds"):
        parts[name] = getattr(state, name)
    earlier = tf.train.Checkpoint(**parts)  # As it was written before.
    earlier.save_counter.assign(0)
    earlier.write(str(tmp_path / "ckpt-0"))
    restored = _state(make_model)
    assert Checkpointer(restored, tmp_path, "one").restore()
    assert float(restored.best_error) == 3.0


@pytest.mark.parametrize("part", ["index", "data-00000-of-00001"])
def test_falls_back_from_a_damaged_checkpoint(
    make_model, tmp_path, caplog, part
):
    _saved_twice(make_model, tmp_path)
    file = tmp_path / f"ckpt-2.{part}"
    file.write_bytes(file.read_bytes()[:100])
    state = _state(make_model)
    assert Checkpointer(state, tmp_path).restore()
    assert state.step == 1
    assert float(state.best_error) == 29.0
    assert "ckpt-2 is damaged" in caplog.text


def test_all_checkpoints_damaged(make_model, tmp_path):
    _saved_twice(make_model, tmp_path)
    for file in tmp_path.glob("*.index"):
        file.write_bytes(b"")
    with pytest.raises(RuntimeError, match="all are damaged"):
        Checkpointer(_state(make_model), tmp_path).restore()


@pytest.mark.parametrize("content", [None, b"rubbish: {"])
def test_the_list_of_checkpoints_need_not_be_there(
    make_model, tmp_path, content
):
    _saved_twice(make_model, tmp_path)
    (tmp_path / "checkpoint").unlink()
    if content:
        (tmp_path / "checkpoint").write_bytes(content)
    state = _state(make_model)
    assert Checkpointer(state, tmp_path).restore()
    assert state.step == 2


def _cut_in_its_index(directory):
    """As code that wrote the index in its place left a first checkpoint."""
    (directory / "checkpoint").unlink()
    for file in directory.glob("ckpt-1.*"):
        file.unlink()
    index = directory / "ckpt-2.index"
    index.write_bytes(index.read_bytes()[:100])


def test_a_first_checkpoint_that_was_cut_starts_anew(
    make_model, tmp_path, caplog
):
    _saved_twice(make_model, tmp_path)
    _cut_in_its_index(tmp_path)
    checkpointer = Checkpointer(_state(make_model), tmp_path)
    assert not checkpointer.restore()
    assert "starts anew" in caplog.text
    assert str(tmp_path) in caplog.text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", ["index", "data-00000-of-00001"])
def test_one_checkpoint_that_was_damaged_later(make_model, tmp_path, part):
    """Its list, or its sound index, tells that it was whole."""
    _saved_twice(make_model, tmp_path)
    for file in tmp_path.glob("ckpt-1.*"):
        file.unlink()
    file = tmp_path / f"ckpt-2.{part}"
    file.write_bytes(file.read_bytes()[:50])
    if part != "index":
        (tmp_path / "checkpoint").unlink()
    with pytest.raises(DamagedError, match=r"all are damaged.*ckpt-2\b"):
        Checkpointer(_state(make_model), tmp_path).restore()
    assert file.exists()


class _Killed(BaseException):
    """Nothing is tidied up for it."""


@pytest.mark.parametrize("moved", [0, 1])
def test_whoever_is_killed_while_saving(
    make_model, tmp_path, monkeypatch, caplog, moved
):
    """After none, or one, of the two files have come to their place."""
    state = _state(make_model)
    move, moves = files.move, []

    def dying(draft, path):
        if len(moves) == moved:
            raise _Killed
        moves.append(path)
        move(draft, path)

    monkeypatch.setattr(files, "move", dying)
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    with pytest.raises(_Killed):
        Checkpointer(state, tmp_path).save()
    monkeypatch.undo()
    assert len(moves) == moved
    assert not list(tmp_path.glob("*.index"))
    assert not Checkpointer(state, tmp_path).restore()
    assert "starts anew" in caplog.text
    assert list(tmp_path.iterdir()) == []
    Checkpointer(state, tmp_path).save()
    assert Checkpointer(state, tmp_path).restore()


@pytest.mark.parametrize("method", ["save", "restore"])
def test_what_the_killed_have_left_is_removed(make_model, tmp_path, method):
    """In the middle of removing one, or of writing one between evaluations."""
    _saved_twice(make_model, tmp_path)
    whole = sorted(tmp_path.iterdir())
    (tmp_path / "draft").mkdir()
    (tmp_path / "draft" / "ckpt-3.index").write_text("")
    (tmp_path / "ckpt-3.data-00000-of-00001").write_text("")
    state = _state(make_model)
    state.optimizer.iterations.assign(2)
    getattr(Checkpointer(state, tmp_path), method)()
    assert sorted(tmp_path.iterdir()) == whole


def test_the_newest_three_are_kept(make_model, tmp_path):
    state = _state(make_model)
    checkpointer = Checkpointer(state, tmp_path)
    for step in (8, 9, 10, 100):
        state.optimizer.iterations.assign(step)
        checkpointer.save()
    names = {path.stem for path in tmp_path.glob("ckpt-*")}
    assert names == {"ckpt-9", "ckpt-10", "ckpt-100"}
    assert tf.train.latest_checkpoint(str(tmp_path)).endswith("ckpt-100")
    assert len(list(tmp_path.iterdir())) == 3 * 2 + 1


@pytest.mark.parametrize("name", ["a[1]", r"a\b", "a*", "a?", "ä b"])
def test_any_directory_holds_checkpoints(make_model, tmp_path, name):
    _saved_twice(make_model, tmp_path / name)
    state = _state(make_model)
    assert Checkpointer(state, tmp_path / name).restore()
    assert state.step == 2


def test_a_directory_that_tensorflow_cannot_name(
    make_model, tmp_path, monkeypatch
):
    place = tmp_path / "tmp[0]"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with pytest.raises(FileError, match=r"a\[1\].*tmp\[0\]"):
        Checkpointer(_state(make_model), tmp_path / "a[1]").save()


def test_a_disk_that_is_full_is_named(make_model, tmp_path, monkeypatch):
    state = _state(make_model)
    checkpointer = Checkpointer(state, tmp_path)
    checkpointer.save()
    state.optimizer.iterations.assign(7)

    def full(*_):
        raise tf.errors.ResourceExhaustedError(
            None, None, "ckpt-7_temp; No space left on device\nand more"
        )

    monkeypatch.setattr(tf.train.Checkpoint, "write", full)
    with pytest.raises(FileError) as told:
        checkpointer.save()
    assert f"{tmp_path / 'ckpt-7'} cannot be written" in str(told.value)
    assert "No space left on device" in str(told.value)
    assert "\n" not in str(told.value)
    assert Checkpointer(state, tmp_path).restore()
    assert state.step == 0


def test_nothing_to_restore(make_model, tmp_path):
    assert not Checkpointer(_state(make_model), tmp_path).restore()


def test_metrics_beyond_the_checkpoint_are_dropped(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}\n{"step": 3}\n{"st')
    summaries = Summaries(path, tmp_path, 2, {"seed": 0, "location_unit": None})
    summaries.scalars(5, {"loss": 0.5, "by_glimpse": [1.0, 2.0]})
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2, 5]
    assert rows[-1] == {"step": 5, "loss": 0.5, "by_glimpse": [1.0, 2.0]}
    assert list(tmp_path.glob("events*"))


def _dying(*_):
    raise _Killed


def test_a_log_is_whole_whenever_one_is_killed(tmp_path, monkeypatch):
    path = tmp_path / "metrics.jsonl"
    text = '{"step": 1}\n{"step": 2}\n{"step": 3}\n'
    path.write_text(text)
    monkeypatch.setattr(os, "replace", _dying)
    with pytest.raises(_Killed):
        Summaries(path, tmp_path, 2, {})
    assert path.read_text() == text


@pytest.mark.parametrize("content", [b"", b'{"st', b"\xff\n[]\n7\n{}\n"])
def test_a_log_that_lost_its_lines(tmp_path, content):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(content)
    summaries = Summaries(path, tmp_path, 2, {})
    summaries.scalars(4, {"loss": 0.5})
    assert log.read(path) == [{"step": 4, "loss": 0.5}]
    assert log.read(tmp_path / "none") == []


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_log_that_is_no_file_is_not_waited_for(tmp_path, make):
    path = tmp_path / "metrics.jsonl"
    make(path)
    with pytest.raises(FileError, match=r"metrics\.jsonl must be a regular"):
        Summaries(path, tmp_path, 2, {})


def test_a_log_that_cannot_be_written_is_named(tmp_path):
    summaries = Summaries(tmp_path / "log", tmp_path, 2, {})
    (tmp_path / "log").mkdir()
    with pytest.raises(FileError, match="log cannot be written: Is a dir"):
        summaries.scalars(4, {"loss": 0.5})


def test_interrupt_notes_the_signal_and_restores_the_handler():
    before = signal.getsignal(signal.SIGTERM)
    with Interrupt() as interrupt:
        assert interrupt.signal is None
        signal.raise_signal(signal.SIGTERM)
        assert interrupt.signal is signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
