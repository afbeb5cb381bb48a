"""The lock of a directory: one holder, who is named, and who may be killed."""

import contextlib
import errno
import os
import subprocess
import sys
import threading

import pytest

from ram_tf_commands import mnist
from ram_tf_runs.errors import UserError
from ram_tf_runs.records import lock

_HOLD = """
import pathlib, sys
from ram_tf_runs.records import lock
with lock.of_workdir(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
# Nobody else may write between the reading and the writing.
_COUNT = """
import pathlib, sys
from ram_tf_runs.records.lock import Lock
counter, place = map(pathlib.Path, sys.argv[1:])
for _ in range(200):
    with Lock(place).take(wait=True):
        counter.write_text(str(int(counter.read_text()) + 1))
"""


def _start(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def holder(tmp_path):
    """Another process, which works in a directory that it made."""
    with _start(_HOLD, tmp_path / "run") as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_refused_and_told_by_whom(holder, tmp_path):
    with (
        pytest.raises(UserError) as told,
        lock.of_workdir(tmp_path / "run"),
    ):
        pass
    message = str(told.value)
    assert message.startswith(f"--workdir={tmp_path / 'run'} must be used by ")
    assert f"process {holder.pid} of " in message
    assert " since 2" in message
    assert "python" in message
    assert "\n" not in message
    assert lock.of_directory(tmp_path / "run").is_held()


def test_who_is_killed_holds_nothing(holder, tmp_path):
    holder.kill()
    holder.wait()
    assert (tmp_path / "run" / "lock").exists()
    assert not lock.of_directory(tmp_path / "run").is_held()
    with lock.of_workdir(tmp_path / "run"):
        assert lock.of_directory(tmp_path / "run").is_held()


def test_who_ends_leaves_no_trace(holder, tmp_path):
    holder.communicate()
    assert list(tmp_path.iterdir()) == []


def test_it_locks_where_a_disk_is_full(tmp_path, monkeypatch):
    """Only who holds it is not known then."""

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(lock.os, "pwrite", full)
    with lock.of_workdir(tmp_path):
        assert lock.of_directory(tmp_path).is_held()
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_was_there_stays(tmp_path):
    with lock.of_workdir(tmp_path), pytest.raises(UserError):
        lock.of_directory(tmp_path).take()
    assert list(tmp_path.iterdir()) == []


def test_whoever_waits_gets_it(tmp_path):
    place = tmp_path / "lock"
    first = lock.Lock(place).take()
    second = threading.Thread(target=lambda: lock.Lock(place).take(wait=True))
    second.start()
    second.join(0.2)
    assert second.is_alive()
    first.release()
    second.join(10)
    assert not second.is_alive()


def test_two_processes_never_hold_it_at_once(tmp_path):
    """Also where the file is removed and made again all the time."""
    counter = tmp_path / "counter"
    counter.write_text("0")
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(_start(_COUNT, counter, tmp_path / "lock"))
    assert counter.read_text() == "400"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_cannot_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="cannot be locked: Permission denied"):
        lock.of_directory(tmp_path).take()
    tmp_path.chmod(0o700)


def test_a_file_in_place_of_a_directory(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(UserError, match="run is no directory"):
        lock.of_directory(tmp_path / "run").take()


def test_a_training_command_is_refused(holder, tmp_path, run_command, capsys):
    arguments = ["--source=digits", f"--workdir={tmp_path / 'run'}"]
    assert run_command(mnist, *arguments) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"error: --workdir={tmp_path / 'run'} must")
    assert f"process {holder.pid} " in lines[0]
