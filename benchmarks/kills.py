"""Kills tiny runs of every kind at random moments, and has them resume.

    python -m benchmarks.kills --runs=1000 \\
        --out=benchmarks/results/kills.json

One after another, a run is started, ended up to four times on its way, and then
left to finish: what it leaves is compared with what an undisturbed run leaves.
Weights and results are equal to the bit, metrics.jsonl has the same steps once,
and nothing else is left over. What ends it is drawn from --seed and the number
of the run: SIGKILL; SIGTERM, SIGINT or SIGHUP, after which it must have saved
itself; two of them; or a limit on the size of files (RLIMIT_FSIZE), as a full
disk, of which it must tell in one line that names a file. Drawn are also the
phase, and how much of its CPU time has passed then, or, since the moments that
matter are between two operations on files, at which of them it comes.

What is real: each start is a process of its own, in which a command runs from
its flags to its exit code, on real files; signals come from the kernel. What is
not: the process is a fork of one that has imported TensorFlow, and has run
nothing, so that Python's start and the imports, in which no run has begun, are
neither paid for nor killed; at its end the interpreter is left without tidying
up; and, without --xla, TensorFlow runs what XLA would compile.

The record is written after each run, and the same command goes on. It counts
how often each kind was hit in each phase by each signal, and has the number of
each run that failed: --only=NUMBER makes that one again, and exits with 1 if it
fails. A moment in CPU time is met again within some milliseconds.
"""

import collections
import importlib
import json
import pathlib
import resource
import shutil
import signal
import tempfile
from typing import Any

import numpy as np
from absl import flags

from benchmarks import kill_checks, kill_child, kill_process
from benchmarks.kill_child import PHASES, Blow
from ram_tf import files
from ram_tf_runs.command import run
from ram_tf_runs.records import record
from tests.fixtures import kinds_of_run
from tests.fixtures.kinds_of_run import KINDS

_RUNS = flags.DEFINE_integer("runs", 20, "Kills in all.", lower_bound=1)
_OUT = flags.DEFINE_string("out", None, "JSON file for the record.")
_ONLY = flags.DEFINE_integer("only", None, "Number of the one run to make.")
_SEED = flags.DEFINE_integer("seed", 0, "Of all that is drawn.")
_XLA = flags.DEFINE_bool("xla", False, "Whether XLA compiles, as for users.")
_KINDS = flags.DEFINE_list("kinds", None, "Kinds of run; all by default.")
_FLAGS = ["runs", "out", "only", "seed", "xla", "kinds"]

_TOLD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_MOST = 4  # Kills of one run.
# Operations on files of a phase, about.
_OPERATIONS = 8
# The shares of what ends a run: a kill, a signal, both, a full disk.
_SHARES = {"kill": 0.55, "told": 0.2, "both": 0.1, "disk": 0.15}
# Small measurements are enough, and two evaluations are few.
_LESS = ("--evaluation_cases=100",)
_MORE = ("--epochs=3",)


class Kills:
    """Undisturbed runs, and those that are killed."""

    def __init__(self, place: pathlib.Path, kinds: list[str], seed: int):
        self._place = place
        self._kinds = kinds
        self._seed = seed
        self._whole: dict[str, kill_checks.Left] = {}
        self._usual: dict[str, dict[str, float]] = {}

    def plan(self, number: int) -> tuple[str, list[Blow]]:
        """The kind of a run, and what ends it, in this order."""
        rng = np.random.default_rng([self._seed, number])
        kind = self._kinds[int(rng.integers(len(self._kinds)))]
        blows = [_blow(rng) for _ in range(rng.integers(1, _MOST + 1))]
        # What a run is past it does not come to again, but for its start.
        return kind, sorted(blows, key=lambda blow: PHASES.index(blow.phase))

    def make(self, number: int) -> tuple[str, list[list[str]], list[str]]:
        """Makes a run.

        Returns:
            Its kind; phase and signal of each kill; and what is wrong.
        """
        kind, blows = self.plan(number)
        self._make_whole(kind)
        root = self._root(kind)
        hits, wrong, told = [], [], False
        for blow in blows:
            if blow.limit is not None:
                blow = self._limited(kind, blow)
            ended = self._run(kind, root, blow)
            if ended.code == 0:
                break
            signals = "+".join(signal.Signals(n).name for n in blow.signals)
            hits.append([ended.phase, signals or "full disk"])
            told = told or set(blow.signals) & set(_TOLD)
            wrong += [f"{blow}: {what}" for what in _wrong_end(blow, ended)]
        ended = self._run(kind, root, None)
        if ended.code:
            wrong.append(f"resumed, it ends with {ended.code}: {ended.errors}")
        else:
            left = kill_checks.read(root / kind)
            wrong += kill_checks.differences(
                left, self._whole[kind], bool(told)
            )
        shutil.rmtree(root)
        return kind, hits, wrong

    def _make_whole(self, kind: str) -> None:
        """An undisturbed run of a kind, once."""
        if kind in self._whole:
            return
        root = self._root(kind)
        ended = self._run(kind, root, None)
        if ended.code:
            raise RuntimeError(f"{kind} ends with {ended.code}: {ended.errors}")
        self._whole[kind] = kill_checks.read(root / kind)
        self._usual[kind] = ended.usual()
        shutil.rmtree(root)

    def _root(self, kind: str) -> pathlib.Path:
        root = pathlib.Path(tempfile.mkdtemp(dir=self._place))
        if kind == "folder":
            kinds_of_run.write_pictures(root)
        return root

    def _limited(self, kind: str, blow: Blow) -> Blow:
        """The share is that of the sizes of files, in powers."""
        most = max(self._whole[kind].sizes)
        return blow._replace(limit=int(most**blow.share))

    def _run(self, kind: str, root: pathlib.Path, blow: Blow | None):
        module, arguments = _command(kind)
        usual = self._usual.get(kind, {})
        return kill_process.run(module, arguments, root, _FLAGS, blow, usual)


def _blow(rng: np.random.Generator) -> Blow:
    how = rng.choice(list(_SHARES), p=list(_SHARES.values()))
    phase = PHASES[int(rng.integers(len(PHASES)))]
    if how == "disk":
        first = int(rng.integers(1, 3))
        return Blow(phase, first, share=rng.random(), limit=0)
    told = int(rng.choice(_TOLD))
    signals = {
        "kill": (signal.SIGKILL,),
        "told": (told,),
        "both": (told, signal.SIGKILL),
    }[how]
    by_file = phase in ("checkpoint", "final files") and rng.random() < 0.6
    return Blow(
        phase,
        _occurrence(rng, phase),
        tuple(map(int, signals)),
        rng.random(),
        int(rng.integers(1, _OPERATIONS + 1)) if by_file else None,
        0.3 * rng.random(),
    )


def _occurrence(rng: np.random.Generator, phase: str) -> int:
    """Which of the phases of a name; that after one call of steps is short."""
    if phase == "steps" and rng.random() < 0.8:
        return 2
    return int(rng.integers(1, 4 if phase == "final files" else 3))


def _wrong_end(blow: Blow, ended: kill_process.Ended) -> list[str]:
    """What is wrong about how a process ended that was to end."""
    wrong = []
    if "Traceback" in ended.errors:
        wrong.append(f"a traceback: {ended.errors}")
    if blow.limit is not None:
        lines = [n for n in ended.errors.splitlines() if "error: " in n]
        if ended.code != 1 or len(lines) != 1 or "/" not in lines[0]:
            wrong.append(f"{ended.code}, not one line: {ended.errors}")
        return wrong
    codes = [-number for number in blow.signals]
    codes += [128 + number for number in blow.signals if number in _TOLD]
    if ended.code not in codes:
        wrong.append(f"exit code {ended.code}: {ended.errors}")
    saved = "run the same command again" in ended.output
    if ended.code > 0 and ended.phase == "steps" and not saved:
        wrong.append(f"not said that it was saved: {ended.output}")
    return wrong


def _command(kind: str):
    """The module of a kind's command, and its arguments."""
    if kind == "search":
        name, arguments = "search", kinds_of_run.SEARCH
        arguments = [*arguments, *_LESS]
    else:
        name = KINDS[kind].trainer
        arguments = kinds_of_run.command(kind, kinds_of_run.shared_folder())
        arguments += _LESS if "--evaluation_cases=500" in arguments else ()
        arguments += _MORE if "--evaluate_every=1" in arguments else ()
    return importlib.import_module(f"ram_tf_commands.{name}"), arguments


def all_kinds() -> list[str]:
    """Those whose data are at hand, and which start from nothing else."""
    shared = kinds_of_run.shared_folder()
    own = [
        name
        for name, kind in KINDS.items()
        if not kind.needs
        and (not kind.shared or (shared / kind.shared).is_dir())
    ]
    return [*own, "search"]


def main() -> int:
    threads = kill_child.load(_XLA.value)
    kinds = _KINDS.value or all_kinds()
    print(f"{len(kinds)} kinds; {threads} threads before the first fork")
    with tempfile.TemporaryDirectory() as place:
        kills = Kills(pathlib.Path(place), kinds, _SEED.value)
        if _ONLY.value is not None:
            return _again(kills, _ONLY.value)
        return _go_on(kills, kinds)


def _again(kills: Kills, number: int) -> int:
    for blow in kills.plan(number)[1]:
        print(blow)
    kind, hits, wrong = kills.make(number)
    print(kind, hits, *(wrong or ["nothing wrong"]), sep="\n")
    return 1 if wrong else 0


def _go_on(kills: Kills, kinds: list[str]) -> int:
    drawn = {"seed": _SEED.value, "kinds": kinds, "xla": _XLA.value}
    known = _known(drawn)
    while known["kills"] < _RUNS.value:
        before = _cpu()
        number = known["runs"]
        kind, hits, wrong = kills.make(number)
        known["runs"] += 1
        known["kills"] += len(hits)
        known["cpu_seconds"] += _cpu() - before
        for phase, what in hits:
            counts = known["counts"].setdefault(kind, {}).setdefault(phase, {})
            counts[what] = counts.get(what, 0) + 1
        if wrong:
            failure = {"number": number, "kind": kind, "wrong": wrong}
            known["failures"].append(failure)
        _write(known)
        told = ", ".join(" ".join(hit) for hit in hits)
        print(
            f"{number}: {kind}: {told}: {wrong or 'as undisturbed'}", flush=True
        )
    phases = _by_phase(known["counts"])
    each = known["cpu_seconds"] / known["kills"]
    print(f"{known['kills']} kills, {each:.1f} CPU seconds each: {phases}")
    print(f"{len(known['failures'])} failures")
    return 1 if known["failures"] else 0


def _by_phase(counts) -> dict[str, int]:
    total = collections.Counter()
    for phases in counts.values():
        for phase, signals in phases.items():
            total[phase] += sum(signals.values())
    return dict(total)


def _known(drawn: dict[str, Any]) -> dict[str, Any]:
    """The record so far."""
    if _OUT.value and pathlib.Path(_OUT.value).exists():
        known = json.loads(pathlib.Path(_OUT.value).read_text())
        if known["drawn"] != drawn:
            raise SystemExit(
                f"--out={_OUT.value} holds {known['drawn']}. Received: {drawn}"
            )
        return known
    return {
        "drawn": drawn,
        "kills": 0,
        "runs": 0,
        "cpu_seconds": 0.0,
        "by_phase": {},
        "counts": {},
        "failures": [],
    }


def _write(known: dict[str, Any]) -> None:
    if not _OUT.value:
        return
    known |= {
        "by_phase": _by_phase(known["counts"]),
        "machine": record.machine(),
        "versions": record.versions(),
        "git_revision": record.git_revision(),
    }
    files.write_text(_OUT.value, json.dumps(known, indent=1) + "\n")


def _cpu() -> float:
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = map(resource.getrusage, both)
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    run(main)
