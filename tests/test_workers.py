"""Processes that train together: real ones, and what starts and ends them."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import sharing

from ram_tf.training.team import LostError, Team
from ram_tf_commands import catch, mnist, play
from ram_tf_runs import cluster
from ram_tf_runs.errors import UserError
from ram_tf_runs.side_by_side import together
from ram_tf_runs.side_by_side.together import Together

ROOT = pathlib.Path(__file__).parents[1]
TINY = [
    "--source=digits",
    "--glimpses=2",
    "--core_units=16",
    "--units=16",
    "--glimpse_units=16",
    "--location_units=8",
    "--batch_size=120",  # Few steps: each waits for the other process.
]
# What differs from run to run: the file of the model has dates, too.
TIMES = ("seconds", "images_per_second", "model_sha256")


# Real processes, of small models.


def _start(index, values, *arguments):
    program = [sys.executable, ROOT / "tests" / "sharing.py", *arguments]
    return subprocess.Popen(
        program,
        env={**os.environ, "TF_CONFIG": values[index], "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ended(processes, timeout=300):
    """The lines that each has said."""
    said = [process.communicate(timeout=timeout)[0] for process in processes]
    return [text.splitlines() for text in said]


@pytest.mark.parametrize("count", [2, pytest.param(8, marks=pytest.mark.slow)])
def test_several_processes_make_what_one_makes(count):
    values = cluster.on_loopback(count)
    processes = [_start(i, values, "240") for i in range(count)]
    alone = sharing.train(Team())
    one, *others = (json.loads(said[-1]) for said in _ended(processes))
    assert one["told"] == [[index, 7] for index in range(count)]
    assert all(other == one for other in others), "not equal to the bit"
    assert len(one["losses"]) == sharing.STEPS
    for step, expected in zip(one["losses"], alone["losses"], strict=True):
        assert step.keys() == expected.keys()
        for name, value in expected.items():
            assert abs(step[name] - value) < 1e-5, name
    for weight, expected in zip(one["weights"], alone["weights"], strict=True):
        np.testing.assert_allclose(weight, expected, atol=1e-4)


@pytest.mark.slow
def test_one_that_hangs_ends_the_other_in_time():
    """In Python, where TensorFlow goes on to say that it lives."""
    values = cluster.on_loopback(2)
    first, second = (_start(i, values, "8", "3") for i in range(2))
    said, _ = first.communicate(timeout=200)
    second.kill()
    second.communicate()
    assert first.returncode == LostError.exit_code
    assert "has not answered for 8 seconds" in said


# Commands, from start to end.


def _quiet():
    """An environment in which TensorFlow's notes are held back."""
    return {
        name: value
        for name, value in os.environ.items()
        if name != "TF_CPP_MIN_LOG_LEVEL"
    }


def _run(workdir, *arguments):
    command = [*TINY, "--epochs=20", "--evaluate_every=2", *arguments]
    module = [sys.executable, "-m", "trainers.mnist"]
    return subprocess.Popen(
        [*module, *command, f"--workdir={workdir}"],
        cwd=ROOT,
        env=_quiet(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _children(process):
    """The workers of a command, by their index."""
    listed = pathlib.Path(f"/proc/{process.pid}/task").glob("*/children")
    numbers = [int(n) for path in listed for n in path.read_text().split()]
    return {_index(number): number for number in numbers}


def _index(number):
    pairs = pathlib.Path(f"/proc/{number}/environ").read_bytes().split(b"\0")
    (value,) = [p[10:] for p in pairs if p.startswith(b"TF_CONFIG=")]
    return json.loads(value)["task"]["index"]


def _after_a_checkpoint(workdir, process):
    folder = workdir / "checkpoints"
    before = set(folder.glob("*.index"))
    while set(folder.glob("*.index")) <= before:
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.05)
    return _children(process)


def _result(workdir):
    result = json.loads((workdir / "result.json").read_text())
    curve = [
        {n: v for n, v in row.items() if n not in TIMES}
        for row in result["curve"]
    ]
    kept = {n: v for n, v in result.items() if n not in TIMES}
    return kept | {"curve": curve}


@pytest.mark.slow
def test_killed_and_stopped_workers_end_the_same(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    process = _run(whole, "--workers=2")
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    assert output.count("loading digits") == 1, "all have spoken"

    for index in (1, 0):
        process = _run(broken, "--workers=2")
        workers = _after_a_checkpoint(broken, process)
        os.kill(workers[index], signal.SIGKILL)
        killed = time.monotonic()
        output, _ = process.communicate(timeout=100)
        assert time.monotonic() - killed < 10
        assert process.returncode == 128 + signal.SIGKILL
        errors = [t for t in output.splitlines() if t.startswith("error")]
        assert errors == [
            f"error: worker {index} was killed by SIGKILL, and all have ended. "
            "The same command resumes."
        ]
        assert not any(map(_lives, workers.values()))

    process = _run(broken, "--workers=2")
    workers = _after_a_checkpoint(broken, process)
    os.kill(workers[1], signal.SIGTERM)  # The one that writes nothing.
    output, _ = process.communicate(timeout=100)
    assert process.returncode == 128 + signal.SIGTERM
    assert "SIGTERM: saved step" in output
    assert "\nerror: " not in output

    process = _run(broken, "--workers=2")
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    assert "resuming from step" in output
    assert _result(broken) == _result(whole)


def _lives(number):
    return pathlib.Path(f"/proc/{number}").exists()


# What is refused.


@pytest.mark.parametrize(
    ("command", "arguments", "error"),
    [
        (
            mnist,
            ["--batch_size=32", "--workers=3"],
            "--workers must divide --batch_size, of which each has an equal "
            "share. Received: --workers=3 --batch_size=32",
        ),
        (
            catch,
            ["--games=5", "--workers=2"],
            "--workers must divide --games, of which each has an equal share. "
            "Received: --workers=2 --games=5",
        ),
        (
            play,
            ["--env=ram_tf.games:ram_tf/Catch-v0", "--workers=2"],
            "--workers needs steps that are compiled; those of trainers.play "
            "play episodes outside of the program, in one process. Received: "
            "--workers=2",
        ),
        (
            mnist,
            ["--workers=0"],
            "--workers must be at least 1. Received: --workers=0",
        ),
    ],
)
def test_what_cannot_be_shared_is_refused(
    command, arguments, error, run_command, tmp_path, capsys
):
    code = run_command(command, *arguments, f"--workdir={tmp_path / 'run'}")
    assert code == 1
    assert capsys.readouterr().err == f"error: {error}\n"
    assert not (tmp_path / "run").exists()


def test_a_team_from_outside_is_checked_too(run_command, monkeypatch, capsys):
    monkeypatch.setenv("TF_CONFIG", cluster.on_loopback(3)[1])
    assert run_command(mnist, "--batch_size=32") == 1
    assert "Received: a TF_CONFIG of 3 workers" in capsys.readouterr().err
    assert run_command(mnist, "--workers=2") == 1
    assert "must not be given where TF_CONFIG" in capsys.readouterr().err


def _config(job="worker", index=0, **addresses):
    task = {"type": job, "index": index}
    return {"TF_CONFIG": json.dumps({"cluster": addresses, "task": task})}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, (0, 1)),
        ({"TF_CONFIG": ""}, (0, 1)),
        (_config(worker=["a:1"]), (0, 1)),
        (_config(worker=["a:1", "b:1"], index=1), (1, 2)),
        (_config("chief", chief=["a:1"], worker=["b:1", "c:1"]), (0, 3)),
        (_config(index=1, chief=["a:1"], worker=["b:1", "c:1"]), (2, 3)),
    ],
)
def test_a_process_knows_its_place(environment, expected):
    assert cluster.place(environment) == expected


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("{", "be JSON such as"),
        ('{"cluster": {"worker": ["a:1", "b:1"]}}', "be JSON such as"),
        (_config("ps", ps=["a:1"], worker=["b:1"])["TF_CONFIG"], "alone"),
        (
            _config(index=2, worker=["a:1", "b:1"])["TF_CONFIG"],
            "name a worker 2, as its task is",
        ),
    ],
)
def test_a_team_that_cannot_be_is_refused(value, rule):
    with pytest.raises(UserError, match=f"TF_CONFIG must .*{rule}.*Received"):
        cluster.place({"TF_CONFIG": value})


# What starts and ends them; what they run stands in for `ram`.

_STAND_IN = """
import json, os, signal, sys, time
index = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
what = sys.argv[1:][index]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
if what.endswith(" when one is deaf"):
    while not os.path.exists("deaf"):
        time.sleep(0.05)
elif what.endswith(" deaf"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open("deaf", "w").close()
what = what.partition(" when")[0].removesuffix(" deaf")
if what == "cores":
    print(sorted(os.sched_getaffinity(0)), flush=True)
    print("a warning", file=sys.stderr)
elif what == "fail":
    sys.exit("error: --flag must be right")
elif what == "die":
    os.kill(os.getpid(), signal.SIGKILL)
elif what == "wait in vain":
    os.kill(os.getpid(), signal.SIGALRM)
elif what == "leave":
    sys.exit(143)
elif what == "lose":
    time.sleep(0.5)
    print("error: another has ended", file=sys.stderr)
    sys.exit(75)
elif what == "wait":
    open(f"there{index}", "w").close()
    time.sleep(60)
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """A module that children find in place of `ram_tf_commands`."""
    package = tmp_path / "elsewhere" / "ram_tf_commands"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(_STAND_IN)
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.chdir(tmp_path)


def test_the_first_one_speaks_and_others_warn(stand_in, capsys):
    assert Together(2).run(["cores", "cores"]) == 0
    said = capsys.readouterr()
    assert said.out.count("\n") == 1
    assert set(said.err.splitlines()) == {"a warning", "worker 1: a warning"}


@pytest.mark.parametrize(
    ("whats", "code", "error"),
    [
        (["wait", "fail"], 1, "--flag must be right"),
        (["fail", "fail"], 1, "--flag must be right"),
        (["lose", "fail"], 1, "--flag must be right"),
        (
            ["lose", "die"],
            137,
            "worker 1 was killed by SIGKILL, and all have ended. The same "
            "command resumes.",
        ),
        (
            ["lose deaf", "leave when one is deaf"],
            143,
            "worker 1 was killed by SIGTERM, and all have ended. The same "
            "command resumes.",
        ),
        (["wait", "leave"], 143, None),
        (
            ["wait in vain", "wait"],
            142,
            "worker 0 waited for the others, who did not come in time",
        ),
        (
            ["lose when one is deaf", "wait deaf"],
            75,
            "another has ended worker 1 had to be killed.",
        ),
    ],
)
def test_when_one_fails_all_end(
    stand_in, whats, code, error, monkeypatch, capsys
):
    monkeypatch.setattr(together, "PATIENCE", 0.5)
    started = time.monotonic()
    assert Together(2).run(whats) == code
    told = f"error: {error}\n" if error else ""
    assert capsys.readouterr().err == told
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_passed_on_to_all(stand_in, number, tmp_path, capsys):
    def stop():
        while not all((tmp_path / f"there{i}").exists() for i in range(2)):
            time.sleep(0.05)
        os.kill(os.getpid(), number)

    threading.Thread(target=stop).start()
    assert Together(2).run(["wait", "wait"]) == 128 + number
    assert capsys.readouterr().err == ""
