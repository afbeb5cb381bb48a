"""Runs that are killed anywhere end as undisturbed ones: the short version.

`python -m benchmarks.kills` is the long one; its record is in
`benchmarks/results/kills.json`.
"""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from benchmarks import kill_checks
from benchmarks.kill_child import PHASES

ROOT = pathlib.Path(__file__).parents[1]
RECORD = ROOT / "benchmarks" / "results" / "kills.json"


@pytest.mark.slow
def test_some_kills(tmp_path):
    out = tmp_path / "kills.json"
    command = [sys.executable, "-m", "benchmarks.kills", f"--out={out}"]
    done = subprocess.run(
        [*command, "--runs=6", "--kinds=conv"],
        cwd=ROOT,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads(out.read_text())
    assert record["kills"] >= 6
    assert sum(record["by_phase"].values()) == record["kills"]
    assert record["failures"] == []


@pytest.fixture
def left(tmp_path):
    """What a run leaves that is as an undisturbed one; and where it is."""
    run = tmp_path / "run"
    run.mkdir()
    result = {"test_error": 1.5, "seconds": 3.0, "curve": [{"epoch": 1}]}
    (run / "result.json").write_text(json.dumps(result))
    (run / "metrics.jsonl").write_text('{"step": 1}\n{"step": 2}\n')
    (run / "events.out.tfevents.17.host").write_text("")
    return run, kill_checks.read(run)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (".model.keras.17.tmp/model.keras", "half", "left .model"),
        ("lock", "{}", "left lock"),
        ("ckpt-3.data-00000-of-00001", "", "left ckpt-3.data"),
        ("metrics.jsonl", '{"step": 1}\n{"step": 1}\n', "steps"),
        ("result.json", '{"test_error": 1.4}', "other results"),
    ],
)
def test_what_is_wrong_is_found(left, name, content, told):
    run, whole = left
    (run / name).parent.mkdir(exist_ok=True)
    (run / name).write_text(content)
    found = kill_checks.differences(kill_checks.read(run), whole, told=False)
    assert found
    assert all(what.startswith(told) for what in found)


def test_times_may_differ(left):
    run, whole = left
    result = {"test_error": 1.5, "seconds": 9.0, "curve": [{"epoch": 1}]}
    (run / "result.json").write_text(json.dumps(result))
    (run / "events.out.tfevents.18.host").write_text("")
    left = kill_checks.read(run)
    assert kill_checks.differences(left, whole, told=False) == []


def test_the_record_counts_each_kill_and_has_no_difference():
    record = json.loads(RECORD.read_text())
    counted = dict.fromkeys(PHASES, 0)
    for phases in record["counts"].values():
        for phase, ways in phases.items():
            counted[phase] += sum(ways.values())
    assert record["failures"] == []
    assert record["by_phase"] == counted
    assert record["kills"] == sum(counted.values())
    assert min(counted.values()) > 0


def test_the_whole_record_has_kills_in_every_phase():
    record = json.loads(RECORD.read_text())
    if record["kills"] < 1000:
        pytest.skip(f"The long version is at {record['kills']} of 1,000 kills.")
    assert all(record["by_phase"][phase] >= 100 for phase in PHASES)
