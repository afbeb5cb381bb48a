"""The commands, run as a user runs them."""

import json
import pathlib
import re
import subprocess
import sys
import types

import pytest
from PIL import Image

from ram_tf import files
from ram_tf_commands import evaluate, mnist, predict
from ram_tf_runs.command import FLAGFILES, Command
from ram_tf_runs.records.recipe import parse
from ram_tf_runs.records.workdir import Workdir
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from ram_tf_runs.settings.options import RunOptions
from ram_tf_runs.settings.run import of_kind

ROOT = pathlib.Path(__file__).parents[1]
TINY = [
    "--source=digits",
    "--canvas=32",
    "--glimpses=2",
    "--core_units=16",
    "--units=16",
    "--glimpse_units=16",
    "--location_units=8",
]


def _run(module, *arguments, cwd=ROOT):
    # Any directory will do, if the repository is on the path.
    return subprocess.run(
        [sys.executable, "-m", f"trainers.{module}", *arguments],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": "/tmp"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    """A finished run with the paper's own optimizer settings."""
    path = tmp_path_factory.mktemp("runs") / "tiny"
    done = _run(
        "mnist",
        "--flagfile=mnist_paper.flags",
        *TINY,
        f"--workdir={path}",
        "--epochs=4",
        "--learning_rate=0.02",
        cwd=path.parent,
    )
    assert done.returncode == 0, done.stderr
    assert "the best on validation" in done.stdout
    return path


@pytest.mark.slow
def test_a_run_leaves_its_results(workdir):
    result = json.loads((workdir / "result.json").read_text())
    assert result["config"]["batch_size"] == 20
    assert result["config"]["rollouts"] == 1
    assert result["config"]["optimizer"] == "sgd"
    assert result["test_cases"] == 3000
    assert result["model_sha256"] == files.digest(workdir / "model.keras")
    for name in ("mc10", "random_fixations", "centre_only"):
        assert 0 <= result[f"test_error_{name}"] <= 100
    rows = (workdir / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(row) for row in rows]
    assert len(rows) == 4
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert rows[-1]["learning_rate"] == 0.0
    errors = [row["validation_error"] for row in rows]
    assert result["validation_error"] == min(errors)
    assert [row["epoch"] for row in result["curve"]] == [1, 2, 3, 4]
    last = result["curve"][-1]["validation_error_by_glimpse"]
    assert last == pytest.approx(
        rows[-1]["validation_error_by_glimpse"], abs=0.01
    )
    with Image.open(workdir / "glimpses.png") as picture:
        assert min(picture.size) > 200


@pytest.mark.slow
def test_evaluate_gives_the_same_errors(workdir, tmp_path):
    out = tmp_path / "again.json"
    done = _run("evaluate", f"--workdir={workdir}", f"--out={out}")
    assert done.returncode == 0, done.stderr
    before = json.loads((workdir / "result.json").read_text())
    again = json.loads(out.read_text())
    errors = {name for name in before if name.startswith("test_")}
    assert {n: again[n] for n in errors} == {n: before[n] for n in errors}


@pytest.mark.slow
def test_predict_classifies_files_and_draws_them(workdir, tmp_path, digits):
    files = []
    for row in range(2):
        files.append(str(tmp_path / f"{row}.png"))
        Image.fromarray(digits.test.image[row, ..., 0]).save(files[-1])
    out = tmp_path / "paths.png"
    done = _run("predict", f"--workdir={workdir}", f"--picture={out}", *files)
    assert done.returncode == 0, done.stderr
    for file in files:
        assert f"{file}: " in done.stdout
    with Image.open(out) as picture:
        assert min(picture.size) > 100


@pytest.fixture
def again(run_command, workdir):
    """Runs what made the finished run again; returns the exit code."""

    def run(*changes):
        return run_command(
            mnist,
            "--flagfile=mnist_paper.flags",
            *TINY,
            f"--workdir={workdir}",
            "--epochs=4",
            "--learning_rate=0.02",
            *changes,
        )

    return run


@pytest.mark.slow
def test_a_finished_run_prints_its_result_again(workdir, again, capsys):
    before = (workdir / "result.json").read_bytes()
    assert again() == 0
    assert "finished already" in capsys.readouterr().out
    assert (workdir / "result.json").read_bytes() == before


@pytest.mark.slow
def test_another_configuration_is_refused(again, capsys):
    assert again("--seed=3") == 1
    message = capsys.readouterr().err
    assert "holds a run of another configuration" in message
    assert "seed was 0, now 3. Use" in message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--glimpses=0"], "--glimpses=0"),
        (["--rollouts=1"], "needs --rollouts of at least 2"),
        (["--reward=luck"], "['accuracy', 'log_likelihood']"),
        (["--location_std=-1"], "--location_std=-1"),
        (["--learning_rate=nan"], "--learning_rate=nan"),
        (["--place=top"], "['anywhere', 'left', 'right']"),
        (["--glimpses=x"], "--glimpses=x"),
        (["--nonsense"], "Unknown flag --nonsense"),
        (["stray"], "Unknown arguments: stray"),
    ],
)
def test_flags_out_of_range(arguments, words, run_command, capsys):
    assert run_command(mnist, *arguments) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--canvas=20"], r"canvas.*28x28.*canvas=20"),
        (["--clutter=1", "--clutter_size=29"], r"clutter_size.*28.*29"),
        (["--batch_size=2000"], r"batch_size.*1197.*2000"),
        (["--pretrained=catch"], "plays Catch, for one that classifies images"),
    ],
)
def test_settings_that_do_not_fit_the_data(
    arguments, words, run_command, tmp_path, capsys
):
    workdir = tmp_path / "run"
    arguments = ["--source=digits", *arguments, f"--workdir={workdir}"]
    assert run_command(mnist, *arguments) == 1
    assert re.search(words, capsys.readouterr().err)
    assert not workdir.exists()


def test_an_unknown_flagfile_names_the_known_ones(run_command, capsys):
    assert run_command(mnist, "--flagfile=nowhere.flags") == 1
    assert re.search(r"cluttered\.flags.*nowhere", capsys.readouterr().err)


def test_a_fault_of_ours_keeps_its_traceback(run_command):
    def main():
        raise ValueError("not for the user")

    module = types.SimpleNamespace(COMMAND=Command(main))
    with pytest.raises(ValueError, match="not for the user"):
        run_command(module)


@pytest.mark.parametrize(
    ("module", "files"), [(evaluate, []), (predict, ["x.png"])]
)
def test_a_workdir_without_a_run(module, files, run_command, tmp_path, capsys):
    arguments = [f"--workdir={tmp_path}", *files]
    assert run_command(module, *arguments) == 1
    assert "must name the directory of a run" in capsys.readouterr().err


def test_a_run_from_before_there_were_all_flags(tmp_path):
    settings = parse(ClassifySettings, ["--canvas=60"])
    old = settings.record()
    assert old.pop("network") == "ram"
    assert old.pop("place") == "anywhere"
    record = {"config": old, "machine": {}}
    (tmp_path / "config.json").write_text(json.dumps(record))
    run_dir = Workdir(tmp_path)
    assert run_dir.load_settings() == settings
    assert run_dir.claim(settings, {}) == []
    with pytest.raises(ValueError, match="place was 'anywhere', now 'left'"):
        run_dir.claim(settings.replace(place="left"), {})


def test_runs_are_told_apart_by_what_they_are_to_do(tmp_path):
    def run(name, data, *flags):
        workdir = Workdir(tmp_path / name)
        workdir.claim(parse(ClassifySettings, list(flags)), {}, data)
        return workdir.load_run()

    runs = [
        run("seed_0", {"sha256": "a"}),
        run("seed_1", {"sha256": "a"}, "--seed=1"),
        run("others", {"sha256": "b"}),
    ]
    assert len(set(runs)) == 3
    assert run("again", {"sha256": "a"}) == runs[0]


@pytest.mark.parametrize(
    ("words", "workdir"),
    [
        ("--flagfile cluttered.flags", "runs/cluttered"),
        ("--flagfile cluttered.flags --workdir=elsewhere", "elsewhere"),
        ("--workdir=elsewhere --flagfile cluttered.flags", "elsewhere"),
    ],
)
def test_flagfiles_name_the_workdir_unless_it_is_given(
    run_command, words, workdir
):
    def main(settings, options):
        assert options.place.workdir == workdir
        assert settings.scene.clutter == 4

    command = Command(main, (ClassifySettings, RunOptions))
    module = types.SimpleNamespace(COMMAND=command)
    assert run_command(module, *words.split()) == 0


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in FLAGFILES.glob("*.flags"))
)
def test_flagfiles_parse(name):
    kinds = {"minatar": "play"}
    kinds |= {kind: kind for kind in ("catch", "find", "numbers")}
    kinds |= {"find_128": "find", "numbers_cells": "numbers"}
    kind = of_kind(kinds.get(name, "classify"))
    settings = parse(kind, [f"--flagfile={name}.flags"])
    assert settings.model.glimpse_size > 1
