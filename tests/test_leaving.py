"""A command that is told to stop ends within seconds, whatever it is at."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from ram_tf.training.interrupt import Interrupt
from ram_tf_runs import leaving

ROOT = pathlib.Path(__file__).parents[1]
# A command of ours at work in a library, which gives the interpreter's lock
# free and hears no signal.
_DEAF = """
import hashlib, sys, time
from ram_tf_runs import leaving
leaving.is_main_program()
leaving.watch()
def work():
    print("at work", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)
"""
_SAYS = """
with leaving.saying(lambda: "saved step 7"):
    work()
"""
_WAITS = """
with leaving.deaf(4.0):
    work()
"""
_IN_PYTHON = """
print("at work", flush=True)
try:
    time.sleep(60)
finally:
    print("in order", flush=True)
"""
_TAKES_TIME = """
import signal
signal.signal(signal.SIGTERM, lambda *_: print("heard", flush=True))
leaving.PATIENCE = 0.2
with leaving.taking_time():
    print("at work", flush=True)
    for _ in range(15):
        time.sleep(0.1)
    print("ended by itself", flush=True)
"""


@pytest.fixture(autouse=True)
def hangup():
    """Tests that run under nohup would be deaf to it, and so their children."""
    before = signal.getsignal(signal.SIGHUP)
    if before == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@contextlib.contextmanager
def _at_work(code, **changes):
    with subprocess.Popen(
        [sys.executable, "-c", _DEAF + code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **changes,
    ) as process:
        try:
            assert process.stdout.readline() == "at work\n"
            time.sleep(1)  # It says so before it is deaf.
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", leaving.SIGNALS)
def test_what_hears_nothing_is_ended_in_time(number):
    with _at_work(_SAYS) as process:
        started = time.monotonic()
        process.send_signal(number)
        said, _ = process.communicate(timeout=30)
        seconds = time.monotonic() - started
    assert process.returncode == 128 + number
    assert said == f"{number.name}: saved step 7\n"
    assert leaving.PATIENCE - 1 < seconds < leaving.PATIENCE + 5


@pytest.mark.parametrize("number", [signal.SIGTERM, None])
def test_what_waits_is_ended_at_once_or_in_time(number):
    with _at_work(_WAITS) as process:
        if number:
            process.send_signal(number)
        process.communicate(timeout=30)
    assert process.returncode == -(number or signal.SIGALRM)


def test_afterwards_signals_are_as_before():
    before = [signal.getsignal(number) for number in leaving.SIGNALS]
    with leaving.deaf(60.0):
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    after = [signal.getsignal(number) for number in leaving.SIGNALS]
    assert after == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_it_at_once(number):
    with _at_work(_SAYS) as process:
        started = time.monotonic()
        process.send_signal(number)
        time.sleep(2 * leaving.TOGETHER)
        process.send_signal(number)
        process.wait(timeout=30)
        seconds = time.monotonic() - started
    assert process.returncode == 128 + number
    assert seconds < leaving.PATIENCE - 1


@pytest.mark.parametrize("number", leaving.SIGNALS)
def test_python_ends_in_order(number):
    with _at_work(_IN_PYTHON) as process:
        process.send_signal(number)
        said, _ = process.communicate(timeout=30)
    assert "in order" in said
    # Of a KeyboardInterrupt that nobody takes, Python dies by the signal.
    assert process.returncode in (128 + number, -number)


def test_what_takes_its_time_has_it():
    with _at_work(_TAKES_TIME) as process:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
    assert "heard\nended by itself\n" in said


def test_nohup_is_heeded():
    ignore = {
        "preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
    }
    with _at_work(_IN_PYTHON, **ignore) as process:
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM


def test_other_processes_are_left_alone():
    """Such as this one, which is no command of ours."""
    before = [signal.getsignal(number) for number in leaving.SIGNALS]
    leaving.watch()
    assert before == [signal.getsignal(number) for number in leaving.SIGNALS]


@pytest.mark.parametrize("number", leaving.SIGNALS)
def test_a_run_notes_every_signal(number):
    before = signal.getsignal(number)
    with Interrupt() as interrupt:
        signal.raise_signal(number)
        signal.raise_signal(number)  # At once: it is one with the first.
        assert interrupt.signal is number
    assert signal.getsignal(number) == before


@pytest.mark.parametrize(
    ("number", "error"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)],
)
def test_a_run_is_ended_by_a_second_signal(number, error):
    with Interrupt() as interrupt:
        signal.raise_signal(number)
        interrupt._noted -= 1
        with pytest.raises(error):
            signal.raise_signal(number)


def test_a_closed_terminal_is_no_error():
    """What is said afterwards goes nowhere."""
    code = """
import signal
from ram_tf.training.interrupt import Interrupt
with Interrupt() as interrupt:
    print("at work", flush=True)
    while not interrupt.signal:
        signal.pause()
    print("saved", flush=True)
    raise SystemExit(128 + interrupt.signal)
"""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, 0x540E, 0),
    ) as process:
        os.close(theirs)
        said = b""
        while b"at work" not in said:
            said += os.read(ours, 4096)
        os.close(ours)  # The kernel sends SIGHUP.
        try:
            process.wait(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 128 + signal.SIGHUP
