"""A run that is stopped, killed or damaged ends like one that was not."""

import json
import pathlib
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

import ram_tf  # noqa: F401  Keras finds the model's class.

ROOT = pathlib.Path(__file__).parents[1]
RUN = [
    "-m",
    "trainers.mnist",
    "--source=digits",
    "--glimpses=2",
    "--core_units=32",
    "--units=32",
    "--glimpse_units=32",
    "--location_units=16",
    "--epochs=60",
    "--evaluate_every=5",
]
# What differs from run to run: the file of the model has dates, too.
TIMES = ("seconds", "images_per_second", "model_sha256")


def _start(workdir):
    return subprocess.Popen(
        [sys.executable, *RUN, f"--workdir={workdir}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _finish(workdir):
    process = _start(workdir)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def _newest(workdir):
    return max(
        workdir.glob("checkpoints/ckpt-*.index"),
        key=lambda path: int(path.stem.partition("-")[2]),
        default=None,
    )


def _stop_after_next_checkpoint(workdir, number):
    """Starts the run and sends the signal once it has saved something new."""
    before = _newest(workdir)
    process = _start(workdir)
    while _newest(workdir) == before:
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.02)
    process.send_signal(number)
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def _result(workdir):
    result = json.loads((workdir / "result.json").read_text())
    return {name: v for name, v in result.items() if name not in TIMES}


def _weights(workdir):
    return keras.saving.load_model(workdir / "model.keras").get_weights()


@pytest.mark.slow
def test_stopped_killed_and_damaged_runs_end_the_same(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    _finish(whole)

    code, output = _stop_after_next_checkpoint(broken, signal.SIGTERM)
    assert code == 128 + signal.SIGTERM
    assert "SIGTERM: saved step" in output
    code, output = _stop_after_next_checkpoint(broken, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert "resuming from step" in output
    newest = _newest(broken).with_suffix(".data-00000-of-00001")
    newest.write_bytes(newest.read_bytes()[:1000])
    # As who is killed in the middle of writing leaves them.
    drafts = [
        newest.parent / "draft",
        broken / ".result.json.17.tmp",
        newest.parent / ".checkpoint.17.tmp",
    ]
    for draft in drafts:
        draft.mkdir()
    output = _finish(broken)
    assert not [draft for draft in drafts if draft.exists()]
    assert "is damaged" in output
    assert "resuming from step" in output

    assert _result(broken) == _result(whole)
    for one, other in zip(_weights(broken), _weights(whole), strict=True):
        np.testing.assert_array_equal(one, other)
    lines = (broken / "metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert steps == sorted(set(steps)), "a step is logged twice"
    assert len(steps) == 60 // 5
