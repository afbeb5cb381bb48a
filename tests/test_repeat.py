"""Several seeds: what is asked for, what is started, what is made of it."""

import json
import os
import pathlib
import signal
import subprocess
import sys

import numpy as np
import pytest
from absl import flags

from ram_tf_commands import repeat
from ram_tf_runs import cluster, repeated
from ram_tf_runs.errors import UserError
from ram_tf_runs.records.workdir import Workdir
from ram_tf_runs.settings import flags as setting_flags
from ram_tf_runs.settings.run import names, of_kind

ROOT = pathlib.Path(__file__).resolve().parent.parent
TINY = [
    "--source=digits",
    "--canvas=30",
    "--glimpses=2",
    "--glimpse_size=4",
    "--core_units=8",
    "--units=8",
    "--glimpse_units=8",
    "--location_units=8",
    "--batch_size=120",
    "--epochs=40",
    "--evaluate_every=2",
]


def test_every_command_that_trains_is_known():
    folder = ROOT / "ram_tf_commands"
    training = {
        path.stem
        for path in folder.glob("*.py")
        if "COMMAND = training.command(" in path.read_text()
    }
    assert set(repeat.TRAINERS) == training


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name of one that trains"),
        (["nonsense"], "Received: nonsense"),
        (["--seeds=0,0", "mnist"], "--seeds=0,0"),
        (["--seeds=-1", "mnist"], "--seeds=-1"),
        (["--seeds=a", "mnist"], "different whole numbers"),
        (["--seeds=", "mnist"], "--seeds="),
        (["--jobs=0", "mnist"], "--jobs=0"),
        (["--canvas=30", "mnist"], "stand after its name"),
        (["mnist", "--jobs=2"], "stand before the name"),
        (["mnist", "--canvas=0"], "--canvas=0"),
        (["mnist", "more"], "Unknown arguments: more"),
    ],
)
def test_what_cannot_be_repeated_is_told_in_a_line(
    run_command, arguments, words, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert run_command(repeat, *arguments) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert words in lines[0]
    assert list(tmp_path.iterdir()) == []


def test_runs_of_a_team_are_not_started_in_each_of_its_processes(
    run_command, monkeypatch, capsys
):
    monkeypatch.setenv("TF_CONFIG", cluster.on_loopback(2)[0])
    assert run_command(repeat, "mnist") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "TF_CONFIG must not name several processes" in line
    assert "TF_CONFIG of 2 workers" in line


@pytest.mark.parametrize("kind", names())
def test_arguments_make_the_same_settings(kind):
    """To the last bit of a number, and none that has its default."""
    needed = {"env": "one"} if kind == "play" else {}
    settings = of_kind(kind).build(needed)
    assert len(setting_flags.arguments(settings)) == len(needed)
    changes = {"seed": 7, "learning_rate": 1 / 3000, "evaluate_every": 2.0}
    changes = {n: v for n, v in changes.items() if n in settings.flat()}
    changed = settings.replace(**changes)
    arguments = setting_flags.arguments(changed)
    assert len(arguments) == len(changes | needed)
    values = flags.FlagValues()
    setting_flags.define(of_kind(kind), values, kind, {})
    values([kind, *arguments])
    assert setting_flags.build(of_kind(kind), values) == changed


def test_arguments_of_every_type():
    from ram_tf_commands.search import Search

    search = Search(
        location_std_range=(1 / 30, 0.1 + 0.2), minutes=0.5, report=False
    )
    assert setting_flags.arguments(search, {"trials": 21}) == [
        "--location_std_range=0.03333333333333333,0.30000000000000004",
        "--trials=20",
        "--minutes=0.5",
        "--noreport",
    ]


@pytest.fixture
def finished(tmp_path):
    """Makes a directory look like that of a run that has finished."""

    def finished(seed, images="some", **result):
        settings = of_kind("classify")(seed=seed)
        one = repeated.Seed(settings, tmp_path / f"seed_{seed}")
        one.workdir.mkdir()
        config = {"config": settings.record(), "data": {"sha256": images}}
        (one.workdir / "config.json").write_text(json.dumps(config))
        (one.workdir / "result.json").write_text(json.dumps(result))
        return one

    return finished


def test_the_summary_by_hand(finished, tmp_path):
    common = {"parameters": 9, "by_glimpse": [1.0], "versions": {}}
    seeds = [
        finished(0, test_error=1.0, **common),
        finished(1, test_error=2.0, **common, only_here=1.0),
        finished(4, test_error=6.0, **common),
        repeated.Seed(of_kind("classify")(seed=5), tmp_path / "seed_5"),
    ]
    summary = repeated.summarise("mnist", seeds, {"seed 5": "no room"})
    assert summary["seeds"] == [0, 1, 4]
    assert summary["figures"] == {
        "test_error": {
            "mean": 3.0,
            "standard_deviation": pytest.approx(7**0.5),
            "each": [1.0, 2.0, 6.0],
        }
    }
    assert summary["failed"] == {"seed 5": "no room"}
    assert "seed" not in summary["config"]
    lines = repeated.table(summary).splitlines()
    assert lines[0] == "finished: seeds 0, 1, 4"
    assert lines[2].split() == ["test_error", "3", "2.646", "1", "2", "6"]
    assert lines[3] == "seed 5 failed: no room"


def test_one_seed_has_no_deviation(finished):
    summary = repeated.summarise("mnist", [finished(0, test_error=1.0)], {})
    assert summary["figures"]["test_error"]["standard_deviation"] is None
    assert repeated.table(summary).splitlines()[2].split()[2] == "-"


def test_no_seed_at_all(tmp_path):
    seed = repeated.Seed(of_kind("classify")(seed=0), tmp_path / "seed_0")
    summary = repeated.summarise("mnist", [seed], {"seed 0": "why"})
    assert repeated.table(summary).splitlines()[0] == "finished: seeds None"


def test_seeds_on_different_images_are_told(finished):
    seeds = [finished(0), finished(1, images="others")]
    with pytest.raises(UserError, match=r"same images.*seed_1 than .*seed_0"):
        repeated.summarise("mnist", seeds, {})


def test_only_this_very_run_has_finished(finished):
    seed = finished(0, test_error=1.0)
    assert seed.result() == {"test_error": 1.0}
    other = seed._replace(settings=seed.settings.replace(glimpses=3))
    assert other.result() is None
    (seed.workdir / "result.json").unlink()
    assert seed.result() is None


def _command(*arguments):
    return [sys.executable, "-m", *arguments]


def _alone(workdir):
    """A run of seed 1 without this command, on as many cores: one."""
    core = min(os.sched_getaffinity(0))
    subprocess.run(
        _command("trainers.mnist", *TINY, "--seed=1", f"--workdir={workdir}"),
        cwd=ROOT,
        check=True,
        capture_output=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )


def _assert_same(run, expected):
    """To the bit, but for what was measured of time."""
    found, right = (
        Workdir(path).load_model().get_weights() for path in (run, expected)
    )
    assert len(found) == len(right)
    for a, b in zip(found, right, strict=True):
        np.testing.assert_array_equal(a, b)
    found, right = (
        [
            {n: v for n, v in json.loads(line).items() if "second" not in n}
            for line in (path / "metrics.jsonl").read_text().splitlines()
        ]
        for path in (run, expected)
    )
    assert found == right


@pytest.mark.slow
def test_seeds_that_are_interrupted_end_like_runs_alone(tmp_path):
    """Two processes at a time; one more seed has no place to be trained in."""
    runs = tmp_path / "runs"
    runs.mkdir()
    (runs / "seed_2").write_text("not a directory")
    command = _command("trainers.repeat", "--seeds=0,1,2", "--jobs=2", "mnist")
    command += [*TINY, f"--workdir={runs}"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        said = process.stdout.readline()
        refused = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False
        )
        while said.count("compiled, and made") < 2:
            said += process.stdout.readline()
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said += process.communicate()[0]
    assert process.returncode == 130
    assert said.endswith("interrupted: run the same command again to resume\n")
    for seed in (0, 1):
        assert f"seed {seed}: SIGTERM: saved step" in said
    assert refused.returncode == 1
    assert f"process {process.pid} of" in refused.stderr
    assert refused.stderr.count("\n") == 1

    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "seed 0: resuming from step" in done.stdout
    summary = json.loads((runs / "seeds.json").read_text())
    assert summary["seeds"] == [0, 1]
    assert "is no directory" in summary["failed"]["seed 2"]
    assert "seed 2 failed: " in done.stdout
    result = json.loads((runs / "seed_1" / "result.json").read_text())
    errors = summary["figures"]["test_error"]
    assert errors["each"][1] == result["test_error"]
    assert result["config"]["seed"] == 1
    assert result["machine"]["threads"] == 1

    _alone(tmp_path / "alone")
    _assert_same(runs / "seed_1", tmp_path / "alone")
