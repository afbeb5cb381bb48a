"""Puts in each fault, runs the tests of its line, and says which failed.

    python -m tests.mutants.run

A fault is noticed if a test fails, or takes many times as long. It is tried
with the fastest of the tests that run its line: with half a minute of them, and
if all pass, with two minutes.
The report is written after every fault; the same command goes on from there,
and tries those that were not noticed anew with --again. With

    python -m tests.mutants.run --try=NUMBER TESTS

a fault is tried with tests that one names, such as new or slow ones.
"""

import json
import math
import pathlib
import shutil
import subprocess
import sys
import tempfile

from tests.mutants import sites
from tests.mutants.draw import FAULTS, ROOT
from tests.mutants.measure import LINES

REPORT = pathlib.Path(__file__).with_name("report.json")
_COPIED = ("git", "ls-files", "-z")
_QUICK, _LONG = 30.0, 120.0  # Seconds of tests.
_SLOWER = 5  # Times, and half a minute: then a fault is said to hang.


def main() -> None:
    faults = json.loads(FAULTS.read_text())["faults"]
    report = json.loads(REPORT.read_text()) if REPORT.exists() else {}
    first, named = (sys.argv[1:] or [""])[0], sys.argv[2:]
    if first == "--again":
        report = {k: v for k, v in report.items() if v["found"] != "survived"}
    if first.startswith("--try="):
        numbers = [int(first.removeprefix("--try="))]
        known = {"seconds": dict.fromkeys(named, _LONG), "lines": {}}
    else:
        numbers = [n for n in range(len(faults)) if str(n) not in report]
        known = json.loads(LINES.read_text())
    with tempfile.TemporaryDirectory() as folder:
        tree = _copy(pathlib.Path(folder, "main"))
        for number in numbers:
            fault = faults[number]
            found = _try(sites.Fault(**fault), known, tree, named)
            report[str(number)] = {**fault, **found}
            files = dict(sorted(report.items(), key=lambda kv: int(kv[0])))
            text = json.dumps(files, indent=1, ensure_ascii=False)
            REPORT.write_text(text + "\n")
            print(number, fault["file"], fault["line"], found, flush=True)
    counts = [one["found"] for one in report.values()]
    print({name: counts.count(name) for name in sorted(set(counts))})


def _copy(tree: pathlib.Path) -> pathlib.Path:
    """A tree of what git knows, whose files may be changed."""
    names = subprocess.run(_COPIED, cwd=ROOT, check=True, capture_output=True)
    for name in names.stdout.decode().split("\0")[:-1]:
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return tree


def _try(fault, known, tree, named):
    """What became of a fault: noticed, by which test; survived; gone."""
    path = tree / fault.file
    source = (ROOT / fault.file).read_text()
    try:
        changed = sites.put_in(source, fault)
    except sites.FaultIsGoneError:
        return {"found": "gone"}
    tests = named or _tests(fault, source, changed, known)
    if not tests:
        return {"found": "survived", "tests": 0, "of": 0}
    path.write_text(changed)
    try:
        for limit in [math.inf] if named else [_QUICK, _LONG]:
            chosen = _within(tests, known["seconds"], limit)
            failed = _run(chosen, known["seconds"], tree)
            if failed is not None:
                return {"found": "noticed", "by": failed}
            if len(chosen) == len(tests):
                break
    finally:
        path.write_text(source)
    return {"found": "survived", "tests": len(chosen), "of": len(tests)}


def _tests(fault, source, changed, known):
    """The tests that run the fault's lines, else its file's, fastest first."""
    first = _first_difference(source, changed)
    lines = known["lines"].get(fault.file, {})
    height = fault.before.count("\n") + 1
    names = {
        name
        for line in range(first, first + height)
        for name in lines.get(str(line), ())
    }
    # What runs as a module is imported belongs to no test.
    names = names or {name for tests in lines.values() for name in tests}
    seconds = known["seconds"]
    return sorted(names & seconds.keys(), key=lambda name: seconds[name])


def _first_difference(source, changed):
    pairs = zip(source.splitlines(), changed.splitlines(), strict=False)
    return next(n for n, (a, b) in enumerate(pairs, 1) if a != b)


def _within(tests, seconds, limit):
    """The first tests that take a time in all; one at least."""
    chosen, total = [], 0.0
    for name in tests:
        total += seconds[name] + 0.05
        if chosen and total > limit:
            break
        chosen.append(name)
    return chosen


def _run(tests, seconds, tree):
    """The name of the first test that fails, or None."""
    expected = sum(seconds[name] for name in tests)
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0"]
    command += ["-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command,
            cwd=tree,
            capture_output=True,
            text=True,
            timeout=30 + _SLOWER * expected,
        )
    except subprocess.TimeoutExpired:
        return "it hangs"
    if done.returncode == 0:
        return None
    for line in done.stdout.splitlines():
        if line.startswith(("FAILED ", "ERROR ")):
            return line.split(" - ")[0].partition(" ")[2]
    return f"exit code {done.returncode}"


if __name__ == "__main__":
    main()
