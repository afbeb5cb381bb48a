"""Commands in processes of their own: their cores, their words, their end.

The processes are real; what they run stands in for `ram`.
"""

import io
import os
import pathlib
import signal
import sys
import threading
import time

import pytest

from ram_tf_runs.side_by_side import cores
from ram_tf_runs.side_by_side.board import Board
from ram_tf_runs.side_by_side.crew import Child, Crew

_STAND_IN = """
import os, signal, sys, time
what, *rest = sys.argv[1:]
if what == "cores":
    print(sorted(os.sched_getaffinity(0)), os.getenv("TF_NUM_INTRAOP_THREADS"))
elif what == "fail":
    print("working", flush=True)
    sys.exit("Traceback: here\\nerror: --flag must be right")
elif what == "die":
    os.kill(os.getpid(), signal.SIGKILL)
elif what == "count":
    running = os.path.join(rest[0], str(os.getpid()))
    open(running, "w").close()
    print(len(os.listdir(rest[0])), flush=True)
    time.sleep(0.3)
    os.remove(running)
elif what == "wait":
    def leave(number, frame):
        print(f"{signal.Signals(number).name}: saved", flush=True)
        sys.exit(130)
    signal.signal(signal.SIGTERM, leave)
    print("ready", flush=True)
    open(rest[0], "w").close()
    time.sleep(60)
"""

pinning = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="Nothing can be pinned here."
)


@pytest.fixture(autouse=True)
def stand_in(tmp_path, monkeypatch):
    """A module that children find in place of `ram_tf_commands`."""
    package = tmp_path / "elsewhere" / "ram_tf_commands"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(_STAND_IN)
    monkeypatch.syspath_prepend(str(package.parent))


def _children(*arguments, number=2):
    return [Child(f"job {i}", list(arguments)) for i in range(number)]


@pytest.mark.parametrize(
    ("there", "jobs", "expected"),
    [
        (4, 1, [(0, 1, 2, 3)]),
        (4, 2, [(0, 1), (2, 3)]),
        # All shares are equal: bits depend on the number of threads.
        (4, 3, [(0,), (1,), (2,)]),
        (5, 2, [(0, 1), (2, 3)]),
        (2, 5, [(0,), (1,), (0,), (1,), (0,)]),
        (1, 2, [(0,), (0,)]),
    ],
)
def test_shares_are_equal(there, jobs, expected, monkeypatch):
    monkeypatch.setattr(cores, "_cores", lambda: list(range(there)))
    assert cores.shares(jobs) == expected


@pinning
def test_each_has_its_share(capsys):
    expected = [
        f"job {i}: {list(share)} {len(share)}"
        for i, share in enumerate(cores.shares(2))
    ]
    mine = os.sched_getaffinity(0)
    outcomes = Crew(2).run(_children("cores"))
    assert [outcome.code for outcome in outcomes.values()] == [0, 0]
    lines = capsys.readouterr().out.splitlines()
    # Either may be the first to start.
    said = {line.partition(": ")[2] for line in lines} - {"finished"}
    assert said == {line.partition(": ")[2] for line in expected}
    assert os.sched_getaffinity(0) == mine


@pinning
def test_one_at_a_time_has_all(capsys):
    Crew(1).run(_children("cores", number=1))
    everything = sorted(os.sched_getaffinity(0))
    threads = os.environ.get("TF_NUM_INTRAOP_THREADS")
    assert f"job 0: {everything} {threads}" in capsys.readouterr().out


def test_so_many_run_at_a_time(tmp_path, capsys):
    place = tmp_path / "running"
    place.mkdir()
    outcomes = Crew(2).run(_children("count", str(place), number=5))
    assert [outcome.code for outcome in outcomes.values()] == [0] * 5
    counts = {line.split()[-1] for line in capsys.readouterr().out.splitlines()}
    assert "2" in counts
    assert counts <= {"1", "2", "finished"}


def test_one_that_fails_is_named_and_the_others_go_on(capsys):
    children = [
        Child("a", ["fail"]),
        Child("b", ["die"]),
        Child("c", ["cores"]),
    ]
    outcomes = Crew(1).run(children)
    assert outcomes["a"] == (1, "--flag must be right")
    assert outcomes["b"] == (-9, "killed by SIGKILL")
    assert outcomes["c"] == (0, "")
    said = capsys.readouterr()
    assert "a: working\n" in said.out
    assert "a: failed: --flag must be right\n" in said.out
    assert "b: failed: killed by SIGKILL\n" in said.out
    assert "a: Traceback: here\n" in said.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_tells_us_to_stop_is_passed_on(tmp_path, number, capsys):
    there = tmp_path / "there"

    def stop():
        while not there.exists():
            time.sleep(0.05)
        os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    threading.Thread(target=stop).start()
    crew = Crew(1)
    outcomes = crew.run(_children("wait", str(there)))
    assert crew.stopped
    assert outcomes["job 0"] == (130, "SIGTERM: saved")
    assert outcomes["job 1"] == (None, "not started")
    assert "job 0: SIGTERM: saved\n" in capsys.readouterr().out
    assert signal.getsignal(number) is before


def test_modules_here_are_not_found_by_chance(tmp_path, monkeypatch, capsys):
    """Only where this process looks for modules, too."""
    (tmp_path / "signal.py").write_text("raise ImportError")
    places = [p for p in sys.path if p not in ("", str(pathlib.Path.cwd()))]
    monkeypatch.setattr(sys, "path", places)
    monkeypatch.chdir(tmp_path)
    outcomes = Crew(1).run(_children("cores", number=1))
    assert outcomes["job 0"].code == 0


class _Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_the_last_line_of_each(monkeypatch):
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    board = Board(["a", "b"])
    for line in ("step 1", "step 2"):
        board.say("b", line)
    board.close()
    assert terminal.getvalue().startswith("\ra: waits")
    assert "\r\nb" not in terminal.getvalue()
    last = terminal.getvalue().rpartition("b: ")[2]
    assert last.startswith("step 2")
