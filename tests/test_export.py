"""`trainers.export`: numbered versions, whole or not there."""

import functools
import json
import pathlib
import re

import numpy as np
import pytest
import tensorflow as tf

from ram_tf import pretrained
from ram_tf.errors import FileError
from ram_tf.served import saved_model
from ram_tf_commands import export
from ram_tf_runs.errors import UserError
from ram_tf_runs.records.recipe import parse
from ram_tf_runs.records.workdir import Workdir
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from ram_tf_runs.settings.options import Served
from ram_tf_serving import versions


@pytest.fixture(scope="module")
def workdir(make_model, tmp_path_factory):
    """The directory of a run that has finished, with an untrained model."""
    run = Workdir(tmp_path_factory.mktemp("runs") / "small")
    run.claim(parse(ClassifySettings, ["--source=digits"]), {})
    run.save_model(make_model())
    return run


@pytest.fixture
def export_run(run_command, workdir):
    """Runs the command on that run; returns its exit code."""
    return functools.partial(run_command, export, f"--workdir={workdir.path}")


def _files(folder):
    """All files, but for the sums that each version has."""
    found = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    }
    sums = {name for name in found if name.endswith(f"/{versions.SUMS}")}
    places = tuple(name.removesuffix(versions.SUMS) for name in sums)
    assert all(name.startswith(places) for name in found)
    return sorted(found - sums)


def test_the_longest_side_is_what_the_library_has_by_default():
    assert Served().max_side == saved_model.MAX_SIDE


def test_versions_are_numbered(export_run, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(
        export.FORMATS,
        "saved_model",
        lambda trained, name, directory, version: (directory / name).touch(),
    )
    assert export_run(f"--out={tmp_path}") == 0
    assert f"exported: {tmp_path}/small/1" in capsys.readouterr().out
    assert export_run(f"--out={tmp_path}", "--version=9") == 0
    assert export_run(f"--out={tmp_path}") == 0
    assert export_run(f"--out={tmp_path}", "--name=other") == 0
    assert _files(tmp_path) == [
        "other/1/other",
        "small/1/small",
        "small/10/small",
        "small/9/small",
    ]
    assert export_run(f"--out={tmp_path}", "--version=9") == 1
    assert "never overwritten. Received:" in capsys.readouterr().err


@pytest.mark.slow
def test_a_real_export_is_served(workdir, export_run, tmp_path, capsys):
    assert export_run(f"--out={tmp_path}", "--max_side=30") == 0
    assert capsys.readouterr().out.count("saved_model_cli run") == 2
    place = tmp_path / "small" / "1"
    assert (place / "assets.extra" / "tf_serving_warmup_requests").is_file()
    assert place.stat().st_mode & 0o777 == 0o755
    serve = tf.saved_model.load(place).signatures["serving_default"]
    images = np.full([2, 28, 28, 1], 200, np.uint8)
    outputs = serve(image=tf.constant(images))
    np.testing.assert_allclose(
        outputs["probabilities_by_glimpse"],
        workdir.load_model()(images)["probabilities"],
        rtol=1e-5,
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match="1 to 30 pixels"):
        serve(image=tf.zeros([1, 31, 31, 1], tf.uint8))


@pytest.mark.slow
def test_a_released_model_in_both_formats(run_command, tmp_path):
    name = pretrained.classifiers()[0]
    arguments = [f"--pretrained={name}", "--format=saved_model,tflite"]
    assert run_command(export, f"--out={tmp_path}", *arguments) == 0
    files = _files(tmp_path / name)
    for file in ("saved_model.pb", f"{name}.tflite", f"{name}_int8.json"):
        assert f"1/{file}" in files
    about = json.loads((tmp_path / name / "1" / f"{name}.json").read_text())
    error = pretrained.record(name)["test_error"]
    assert about["measured"]["test_error"] == error


def test_the_file_of_a_run_names_its_export(workdir, run_command, tmp_path):
    arguments = [f"--pretrained={workdir.model}", "--format=tflite"]
    assert run_command(export, f"--out={tmp_path}", *arguments) == 0
    about = json.loads((tmp_path / "small/1/small_int8.json").read_text())
    assert about["measured"] is None  # This run has no result.


def test_a_failure_midway_leaves_nothing(
    export_run, tmp_path, capsys, monkeypatch
):
    def fails(trained, name, directory, version):
        (directory / "half").write_text("written")
        raise FileError(f"{directory} cannot be written: no space left")

    monkeypatch.setitem(export.FORMATS, "saved_model", fails)
    assert export_run(f"--out={tmp_path}") == 1
    assert "cannot be written: no space left" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_other_versions(tmp_path):
    base = tmp_path / "model"
    with versions.new_version(base, 1) as draft:
        (draft / "file").touch()
    with pytest.raises(KeyboardInterrupt), versions.new_version(base, 2):
        raise KeyboardInterrupt
    assert _files(tmp_path) == ["model/1/file"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_version_that_appears_meanwhile_stays(tmp_path):
    base = tmp_path / "model"
    mine = versions.new_version(base, 1)
    (mine.__enter__() / "mine").touch()
    with versions.new_version(base, 1) as draft:
        (draft / "theirs").touch()
    with pytest.raises(UserError, match="not empty"):
        mine.__exit__(None, None, None)
    assert _files(tmp_path) == ["model/1/theirs"]


def test_what_is_no_version_does_not_count(tmp_path):
    for name in ("3", "007", "notes", "-8", "4.5"):
        pathlib.Path(tmp_path, name).mkdir()
    assert versions.next_version(tmp_path) == 8
    assert versions.next_version(tmp_path / "nothing") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--out must name a directory"),
        (["--out=x", "--name=a/b"], "--name must be.*'a/b'"),
        (["--out=x", "--name=.."], "--name must be.*'..'"),
        (["--out=x", "--pretrained=none"], "Only one of"),
    ],
)
def test_bad_arguments(export_run, arguments, words, capsys):
    assert export_run(*arguments) == 1
    assert re.search(words, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("--format=onnx", "one or more of saved_model.*onnx"),
        ("--format=", "one or more of saved_model"),
        ("--version=0", "--version=0"),
        ("--max_side=0", "--max_side=0"),
        ("--batch=0", "--batch=0"),
        ("--batch=2", "--batch is for --format=tflite.*--batch=2"),
    ],
)
def test_flags_out_of_range(export_run, argument, words, capsys):
    assert export_run("--out=x", argument) == 1
    assert re.search(words, capsys.readouterr().err)
