"""Runs the fast tests; keeps which of them run which line, and their seconds.

    python -m tests.mutants.measure [ARGUMENTS OF PYTEST]

It writes lines.json beside this file, which is for this commit alone and is not
kept in the repository.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import coverage

from tests.mutants.draw import COUNTS, ROOT

LINES = pathlib.Path(__file__).with_name("lines.json")
_PACKAGES = [folder for folders in COUNTS for folder in folders]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "coverage")
        command = [sys.executable, "-m", "pytest", "-q", "-m", "not slow"]
        command += ["--cov-context=test", "--cov-report=", "--dist=loadfile"]
        command += [f"--cov={package}" for package in _PACKAGES]
        environment = os.environ | {"COVERAGE_FILE": data}
        seconds = {}
        for part in "12":  # What they compile would fill the memory in one.
            report = os.path.join(folder, f"report_{part}.xml")
            parted = [f"--part={part}/2", "--cov-append"]
            parted += [f"--junitxml={report}", *sys.argv[1:]]
            subprocess.run(
                [*command, *parted], cwd=ROOT, env=environment, check=False
            )
            seconds |= _seconds(report)
        found = {"seconds": seconds, "lines": _lines(data)}
    LINES.write_text(json.dumps(found))


def _lines(data: str) -> dict[str, dict[str, list[str]]]:
    """Of each file and line, the tests that run it."""
    measured = coverage.CoverageData(data)
    measured.read()
    found = {}
    for path in measured.measured_files():
        file = str(pathlib.Path(path).relative_to(ROOT))
        found[file] = {
            str(line): sorted({name.partition("|")[0] for name in names} - {""})
            for line, names in measured.contexts_by_lineno(path).items()
        }
    return found


def _seconds(report: str) -> dict[str, float]:
    """Seconds of each test that passed, with its fixtures'."""
    from xml.etree import ElementTree

    seconds = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        if len(case):  # It failed, or was skipped.
            continue
        file = case.get("classname").replace(".", "/") + ".py"
        seconds[f"{file}::{case.get('name')}"] = float(case.get("time"))
    return seconds


if __name__ == "__main__":
    main()
