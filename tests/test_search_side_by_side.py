"""Searches on one study at once: together they are one search."""

import contextlib
import json
import pathlib
import signal
import subprocess
import sys

import optuna
import pytest

from ram_tf_commands import search
from ram_tf_runs.searching.study import Study

ROOT = pathlib.Path(__file__).resolve().parent.parent
RANGES = {"learning_rate": (1e-4, 1e-2), "location_std": (0.03, 0.3)}
SHARED = {"seed": 5, "glimpses": 2}
TINY = [
    "--source=digits",
    "--canvas=30",
    "--glimpses=1",
    "--glimpse_size=4",
    "--core_units=8",
    "--units=8",
    "--glimpse_units=8",
    "--location_units=8",
    "--epochs=1",
    "--batch_size=600",
    "--startup_trials=3",
    "--trials=3",
]
# Works on one study after another, as soon as it is told to, with trials that
# cost nothing. It may be told to die in the middle of one.
_PROCESS = """
import os, pathlib, signal, sys, time
from ram_tf_runs.searching.study import Study
from tests.test_search_side_by_side import RANGES, SHARED, error
print("ready", flush=True)
for line in sys.stdin:
    path, trials, dies = line.split()
    study = Study(pathlib.Path(path), SHARED, RANGES, 99)
    made = 0
    while len(study.trials) < int(trials):
        if (trial := study.ask(int(trials))) is None:
            time.sleep(0.01)
            continue
        study.report(trial, 1, error(trial.params))
        if made == int(dies):
            os.kill(os.getpid(), signal.SIGKILL)
        study.complete(trial, error(trial.params))
        made += 1
    print(made, flush=True)
"""


def error(params):
    """A trial's error, as a pure function of its settings."""
    return 1e4 * params["learning_rate"] + params["location_std"]


@pytest.fixture
def open_study(tmp_path):
    """Opens the same study, again and again."""
    return lambda: Study(tmp_path / "study.db", SHARED, RANGES, 1)


def _drawn(study):
    return [{n: trial[n] for n in RANGES} for trial in study.trials]


def _whole(path, trials):
    """What one process draws, without any interruption."""
    study = Study(path, SHARED, RANGES, 1)
    for _ in range(trials):
        study.complete(study.ask(), 1.0)
    return _drawn(study)


def test_each_has_trials_of_its_own(open_study, tmp_path):
    a, b = open_study(), open_study()
    first, second = a.ask(), b.ask()
    assert a.running == b.running == 2
    assert [a.number(first), b.number(second)] == [0, 1]
    b.complete(second, 2.0)
    third = b.ask()
    b.complete(third, 3.0)
    a.complete(first, 1.0)
    assert [t["validation_error"] for t in a.trials] == [1.0, 2.0, 3.0]
    assert _drawn(a) == _drawn(b) == _whole(tmp_path / "whole.db", 3)


def test_there_are_no_more_than_were_asked_for(open_study):
    a, b = open_study(), open_study()
    first, second = a.ask(2), b.ask(2)
    assert a.ask(2) is None
    assert b.awaited(2) == [0, 1]
    assert b.awaited(1) == [0]
    b.complete(second, 1.0)
    assert b.ask(2) is None
    # More are asked for by somebody else.
    b.complete(b.ask(3), 1.0)
    a.complete(first, 1.0)
    assert a.ask(3) is None
    assert a.awaited(3) == []


def test_a_trial_that_lost_its_process_is_made_again(open_study, tmp_path):
    a, b = open_study(), open_study()
    lost, other = a.ask(), b.ask()
    (a.logs(lost) / "metrics.jsonl").write_text("half a line")
    assert b.ask(2) is None
    a._locks.pop(lost.number).release()  # As if its process were killed.
    again = b.ask(2)
    assert b.number(again) == 0
    assert again.params == lost.params
    assert again.number == 2
    assert [path.name for path in b.logs(again).iterdir()] == ["lock"]
    b.complete(other, 1.0)
    b.complete(again, 1.0)
    assert [trial["trial"] for trial in b.trials] == [0, 1]
    assert list(b.logs(again).iterdir()) == []


def test_a_trial_that_was_dropped_between_two_writes(open_study):
    """Its process was killed as soon as it stood in the queue."""
    a = open_study()
    a._queue(0)
    first, second = a.ask(), a.ask()
    assert [a.number(first), a.number(second)] == [0, 1]


def test_numbers_go_on_where_those_of_older_code_end(open_study, tmp_path):
    """It left a number out where a trial was interrupted, with its logs."""
    drawn = _whole(tmp_path / "whole.db", 3)
    study = open_study()
    spaces = {
        name: optuna.distributions.FloatDistribution(*limits, log=True)
        for name, limits in RANGES.items()
    }
    states = [optuna.trial.TrialState[s] for s in ("COMPLETE", "FAIL")]
    for params, state in zip(
        [drawn[0], drawn[1], drawn[1]], [*states, states[0]], strict=True
    ):
        study._study.add_trial(
            optuna.create_trial(
                state=state,
                params=params,
                distributions=spaces,
                value=None if state == states[1] else 1.0,
            )
        )
    study._study.ask()  # Was killed, too; there were no locks.
    study = open_study()
    study.complete(study.ask(), 1.0)
    assert [trial["trial"] for trial in study.trials] == [0, 2, 4]
    assert _drawn(study) == drawn


def _start(*arguments):
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def processes():
    """Two processes of `_PROCESS`, and one in reserve."""
    with contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(_start("-c", _PROCESS)) for _ in range(3)
        ]
        for process in started:
            assert process.stdout.readline() == "ready\n"
        yield started
        for process in started:
            process.kill()


def _tell(process, path, trials, dies=-1):
    process.stdin.write(f"{path} {trials} {dies}\n")
    process.stdin.flush()


def _assert_like_one(path, expected):
    """Each trial once, and with the error of its settings."""
    study = Study(path, SHARED, RANGES, 99)
    assert [trial["trial"] for trial in study.trials] == [*range(len(expected))]
    assert _drawn(study) == expected
    for trial in study.trials:
        assert trial["validation_error"] == error(trial)
    assert not list(path.parent.rglob("*lock"))


@pytest.mark.slow
def test_two_processes_make_a_search_of_one(processes, tmp_path):
    first, second, third = processes
    # Both open a new file, at the same moment.
    paths = [tmp_path / str(i) / "study.db" for i in range(2)]
    expected = _whole(tmp_path / "whole.db", 12)
    for path in paths:
        for process in (first, second):
            _tell(process, path, 6)
        made = [int(p.stdout.readline()) for p in (first, second)]
        assert sum(made) == 6
        _assert_like_one(path, expected[:6])
    # One dies in its third trial, and somebody comes in its place.
    path = tmp_path / "killed" / "study.db"
    _tell(first, path, 12)
    _tell(second, path, 12, dies=2)
    assert second.wait() == -signal.SIGKILL
    _tell(third, path, 12)
    made = [int(p.stdout.readline()) for p in (first, third)]
    assert sum(made) == 10
    _assert_like_one(path, expected)


@pytest.mark.slow
def test_searches_that_are_started_at_any_time(tmp_path):
    """One is killed in a trial; two others, side by side, make it again."""
    command = ["-m", "trainers.search", *TINY, f"--study={tmp_path}/study.db"]
    with _start(*command) as first:
        _await(first, "  --learning_rate=")
        first.send_signal(signal.SIGSTOP)  # It is not dead yet.
        with _start(*command, "--jobs=2") as others:
            said = _await(others, "process 1: trial ", "process 2: trial ")
            first.kill()
            assert "trial 1 of 3" not in said
            said += others.stdout.read()
        assert others.returncode == 0
    record = json.loads((tmp_path / "study.json").read_text())
    assert [trial["trial"] for trial in record["trials"]] == [0, 1, 2]
    whole = Study(tmp_path / "whole.db", {"seed": 0}, _ranges(record), 1)
    for trial in record["trials"]:
        drawn = whole.ask().params
        assert drawn == {name: trial[name] for name in drawn}
        assert 0 <= trial["validation_error"] <= 100
    for trial in (1, 2, 3):
        assert said.count(f"trial {trial} of 3") == 1
    assert said.count("record: ") == 1  # What was found is told once.
    assert not list(tmp_path.rglob("ckpt*"))


def _await(process, *starts):
    """What is said until a line with one of these starts was said."""
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith(starts):
            return said
    raise AssertionError(f"It ended: {said}")


def _ranges(record):
    return {name: record["config"][f"{name}_range"] for name in RANGES}


def test_a_wrong_flag_is_told_before_anything_is_started(
    run_command, open_study, capsys
):
    path = open_study().path
    arguments = [*TINY, f"--study={path}", "--jobs=2"]
    assert run_command(search, *arguments) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "holds a search with other flags" in lines[0]
