"""A command in a forked process, which is killed in a phase of its course.

The phases are told by what of the code is entered, and a timer that the kernel
keeps for the process kills: no other process must be scheduled in time.
"""

import ctypes
import functools
import importlib
import os
import pathlib
import resource
import sys
import traceback
from typing import NamedTuple

from absl import flags

from ram_tf_runs.settings import run as runs

PHASES = (
    "start",
    "compilation",
    "steps",
    "evaluation",
    "checkpoint",
    "final files",
)
# What Python tells of what is done to files.
_EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir")
# What commands import when they need it.
_IMPORTED = (
    "h5py",
    "matplotlib.backends.backend_agg",
    "sklearn.datasets",
    "ram_tf_commands.catch",
    "ram_tf_commands.classify",
    "ram_tf_commands.mnist",
    "ram_tf_commands.numbers",
    "ram_tf_commands.play",
    "ram_tf_commands.search",
    "ram_tf_commands.svhn",
    "ram_tf_runs.course",
    "ram_tf_runs.searching.search",
)
_CPU_CLOCK = 2  # CLOCK_PROCESS_CPUTIME_ID


class Blow(NamedTuple):
    """What ends a process, and when.

    Attributes:
        phase: It comes in this one.
        occurrence: Of the phase, from 1.
        signals: One, or one and another soon after; none if `limit` does it.
        share: Of the phase's usual CPU time that passes before it.
        event: Number of the operation on a file, from the phase's beginning,
            at which it comes; None if it comes by time.
        pause: CPU seconds between two signals.
        limit: Bytes that no file may exceed from the phase's beginning on, as
            if the disk were full then.
    """

    phase: str = "start"
    occurrence: int = 1
    signals: tuple[int, ...] = ()
    share: float = 0.0
    event: int | None = None
    pause: float = 0.0
    limit: int | None = None


class Phases:
    """Which phase this process is in; a blow comes where it is to come.

    Args:
        blow: It, or None.
        usual: CPU seconds that a phase takes.
        told: File descriptor to which each phase is written when it begins,
            with the CPU seconds so far.
    """

    def __init__(self, blow: Blow | None, usual: dict[str, float], told: int):
        self._blow = blow
        self._usual = usual
        self._told = told
        self._seen = dict.fromkeys(PHASES, 0)
        self._events: int | None = None
        self.now = ""
        self.enter("start")

    def enter(self, phase: str) -> str:
        """Another phase begins; returns the one before."""
        before, self.now = self.now, phase
        cpu = resource.getrusage(resource.RUSAGE_SELF)
        line = f"{phase}={cpu.ru_utime + cpu.ru_stime:.6f}\n"
        os.write(self._told, line.encode())
        self._seen[phase] += 1
        self._events = None
        blow = self._blow
        here = (phase, self._seen[phase])
        if blow and here == (blow.phase, blow.occurrence):
            self._arm(blow)
        return before

    def audit(self, event: str, arguments: tuple) -> None:
        """Counts what is done to files, and kills at the one that is drawn."""
        del arguments
        if self._events is not None and event in _EVENTS:
            self._events += 1
            if self._events == self._blow.event:
                self._events = None
                for number in self._blow.signals:
                    os.kill(os.getpid(), number)

    def _arm(self, blow: Blow) -> None:
        if blow.limit is not None:
            limits = (blow.limit, resource.RLIM_INFINITY)
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            return
        if blow.event is not None:
            self._events = 0
            return
        after = blow.share * self._usual.get(blow.phase, 0.1)
        for i, number in enumerate(blow.signals):
            _send_later(number, after + i * blow.pause)


def run(
    module,
    arguments: list[str],
    own: list[str],
    blow: Blow | None,
    usual: dict[str, float],
    told: int,
) -> None:
    """Runs a command in this process, which is a fork; does not return.

    Args:
        module: Of `ram_tf_commands`.
        arguments: Of the command.
        own: Names of flags of this program, which the command lacks.
        blow: As in `Phases`, as are the others.
    """
    from ram_tf_runs import command

    code = 1
    try:
        phases = Phases(blow, usual, told)
        _watch(phases)
        sys.addaudithook(phases.audit)
        for flag in own:
            delattr(flags.FLAGS, flag)
        sys.argv = ["ram", *arguments]
        command.run(module.COMMAND)
        code = 0
    except SystemExit as error:
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    for output in (sys.stdout, sys.stderr):
        output.flush()
    os._exit(code or 0)


def _watch(phases: Phases) -> None:
    """Has the code tell which phase it is in."""
    from ram_tf import files
    from ram_tf.training import checkpoint, compiled_steps, loop, recorded_steps
    from ram_tf_runs import course
    from ram_tf_runs.searching import search

    _enter(phases, loop.TrainingLoop, "run", "compilation")
    for steps in (compiled_steps.CompiledSteps, recorded_steps.RecordedSteps):
        _leave(phases, steps, "make", "steps")
    _within(phases, loop.TrainingLoop, "_evaluate", "evaluation")
    _within(phases, checkpoint.Checkpointer, "save", "checkpoint")
    # The test of the weights that were chosen; then each file.
    _enter(phases, course, "_finish", "evaluation")
    _enter(phases, search, "report", "final files")
    ended = []
    _before(course, "_finish", lambda: ended.append(True))
    whole = files.whole

    def watched(path):
        if ended:
            phases.enter("final files")
        return whole(path)

    files.whole = watched


def _before(owner, name: str, call) -> None:
    function = getattr(owner, name)

    @functools.wraps(function)
    def watched(*args, **kwargs):
        call()
        return function(*args, **kwargs)

    setattr(owner, name, watched)


def _enter(phases: Phases, owner, name: str, phase: str) -> None:
    _before(owner, name, lambda: phases.enter(phase))


def _leave(phases: Phases, owner, name: str, phase: str) -> None:
    function = getattr(owner, name)

    @functools.wraps(function)
    def watched(*args, **kwargs):
        result = function(*args, **kwargs)
        phases.enter(phase)
        return result

    setattr(owner, name, watched)


def _within(phases: Phases, owner, name: str, phase: str) -> None:
    function = getattr(owner, name)

    @functools.wraps(function)
    def watched(*args, **kwargs):
        before = phases.enter(phase)
        result = function(*args, **kwargs)
        phases.enter(before)
        return result

    setattr(owner, name, watched)


class _Event(ctypes.Structure):
    """struct sigevent of Linux."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("padding", ctypes.c_char * 48),
    )


class _Times(ctypes.Structure):
    """struct itimerspec: no interval, then the time."""

    _fields_ = tuple(
        (name, ctypes.c_long) for name in ("every", "every_ns", "s", "ns")
    )


def _send_later(number: int, seconds: float) -> None:
    """The kernel sends a signal to this process after CPU seconds of its."""
    libc = ctypes.CDLL(None, use_errno=True)
    timer = ctypes.c_void_p()
    event = _Event(None, number, 0, b"")
    whole, part = divmod(max(seconds, 1e-6), 1)
    times = _Times(0, 0, int(whole), int(part * 1e9) or 1)
    made = libc.timer_create(
        _CPU_CLOCK, ctypes.byref(event), ctypes.byref(timer)
    )
    if made or libc.timer_settime(timer, 0, ctypes.byref(times), None):
        raise OSError(ctypes.get_errno(), "no timer")


def load(xla: bool) -> int:
    """Imports all that commands do, so that forks need not.

    Args:
        xla: Whether programs are compiled by XLA, as users' are.

    Returns:
        How many threads there then are, of which a fork has one.
    """
    import ram_tf_runs.quiet  # noqa: F401  First.

    import tensorflow as tf

    if not xla:
        tf.function = _without_xla(tf.function)
        # Half of what is left of compilation, for programs that run twice.
        tf.config.optimizer.set_experimental_options(
            {"disable_meta_optimizer": True}
        )
    for name in _IMPORTED:
        importlib.import_module(name)
    for kind in runs.names():
        importlib.import_module(f"ram_tf_runs.tasks.kinds.{kind}")
    return len(list(pathlib.Path("/proc/self/task").iterdir()))


def _without_xla(function):
    @functools.wraps(function)
    def plain(*args, jit_compile=None, **kwargs):
        del jit_compile
        return function(*args, **kwargs)

    return plain
