"""The folder trainer, on a real folder made of the bundled digits."""

import json

import numpy as np
import pytest
from PIL import Image

from ram_tf_commands import (
    classify,
    device,
    evaluate,
    export,
    mnist,
    predict,
    release,
)
from ram_tf_data.files import read_image
from ram_tf_runs.records import recipe
from ram_tf_runs.records.workdir import Workdir

NAMES = ("naught", "one", "two")
TINY = [
    "--canvas=28",
    "--grey",
    "--standardise",
    "--glimpses=3",
    "--glimpse_size=12",
    "--scales=2",
    "--core_units=32",
    "--units=32",
    "--glimpse_units=32",
    "--location_units=16",
    "--epochs=8",
    "--evaluate_every=4",
]
pytestmark = pytest.mark.slow


def _write(root, split, each):
    """So many digits of three classes as files, one of which is damaged."""
    for k, name in enumerate(NAMES):
        (root / name).mkdir(parents=True)
        for i in np.flatnonzero(split.label == k)[:each]:
            picture = Image.fromarray(split.image[i, ..., 0])
            picture.save(root / name / f"{i}.png")
    (root / NAMES[1] / "damaged.png").write_bytes(b"\x89PNG and no more")


@pytest.fixture(scope="module")
def folders(tmp_path_factory, digits):
    root = tmp_path_factory.mktemp("pictures")
    _write(root / "train", digits.train, 100)
    _write(root / "test", digits.test, 20)
    return root


@pytest.fixture(scope="module")
def flags(folders):
    return [f"--train_dir={folders}/train", f"--test_dir={folders}/test", *TINY]


@pytest.fixture(scope="module")
def run(flags, tmp_path_factory, run_command):
    """The directory of a finished run."""
    path = tmp_path_factory.mktemp("runs") / "digits"
    assert run_command(classify, *flags, f"--workdir={path}") == 0
    return path


def test_a_run_learns_the_classes(run):
    result = json.loads((run / "result.json").read_text())
    assert result["config"]["source"] == "folder"
    assert result["data"]["class_names"] == list(NAMES)
    assert result["data"]["images"] == {
        "train": 240,
        "validation": 60,
        "test": 60,
    }
    assert result["test_cases"] == 60
    assert result["test_error"] < 30  # Two thirds are wrong by chance.
    with Image.open(run / "glimpses.png") as picture:
        assert min(picture.size) > 200


def test_predict_says_the_names(run, folders, run_command, capsys):
    files = sorted(map(str, (folders / "test" / "one").glob("[0-9]*.png")))[:5]
    capsys.readouterr()
    arguments = [f"--workdir={run}", *files]
    assert run_command(predict, *arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    model = Workdir(run).load_model()
    images = np.stack(
        [read_image(path, 28, 1, standardised=True) for path in files]
    )
    answers = model(images)["probabilities"].numpy()[:, -1].argmax(-1)
    for line, path, answer in zip(lines, files, answers, strict=False):
        assert line.startswith(f"{path}: {NAMES[answer]} (")
    assert (run / "predictions.png").exists()


def test_a_device_answers_as_predict_does(
    run, folders, run_command, tmp_path, capsys
):
    """Names and contrast travel with the exported file."""
    arguments = [f"--workdir={run}", f"--out={tmp_path}", "--format=tflite"]
    assert run_command(export, *arguments) == 0
    assert "must be standardised before they are put" in capsys.readouterr().out
    files = sorted(map(str, (folders / "test" / "two").glob("*.png")))[:5]
    assert not run_command(predict, f"--workdir={run}", *files)
    expected = capsys.readouterr().out.splitlines()[:5]
    model = tmp_path / "digits" / "1" / "digits.tflite"
    assert device.main([f"--model={model}", *files]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(",")[0] for line in lines] == expected


def test_evaluate_reads_the_folder_again(run, run_command, tmp_path):
    out = tmp_path / "again.json"
    assert run_command(evaluate, f"--workdir={run}", f"--out={out}") == 0
    before, again = Workdir(run).load_result(), json.loads(out.read_text())
    assert again["test_error_by_glimpse"] == before["test_error_by_glimpse"]


def test_other_pictures_are_refused(run, flags, folders, run_command, capsys):
    arguments = [*flags, f"--workdir={run}"]
    assert run_command(classify, *arguments) == 0
    assert "finished already" in capsys.readouterr().out
    extra = folders / "train" / "two" / "another.png"
    Image.new("L", (5, 5), 99).save(extra)
    try:
        assert run_command(classify, *arguments) == 1
    finally:
        extra.unlink()
    message = capsys.readouterr().err
    assert "a run on other images" in message
    assert "'train': 240" in message
    assert "'train': 241" in message


def test_without_a_test_folder_validation_is_all(
    folders, tmp_path, run_command, capsys
):
    arguments = [f"--train_dir={folders}/train", *TINY, "--epochs=1"]
    arguments.append(f"--workdir={tmp_path}")
    assert run_command(classify, *arguments) == 0
    output = capsys.readouterr().out
    assert "no test set" in output
    assert "validation error, % of 60 cases" in output
    result = json.loads((tmp_path / "result.json").read_text())
    assert not [name for name in result if name.startswith("test_")]
    assert len(result["validation_error_by_glimpse"]) == 3
    assert (tmp_path / "glimpses.png").exists()
    assert run_command(classify, *arguments) == 0
    assert "validation error, % of 60" in capsys.readouterr().out
    assert run_command(evaluate, f"--workdir={tmp_path}") == 0
    assert "validation error, % of 60" in capsys.readouterr().out


def test_a_released_model_learns_other_classes(
    folders, tmp_path, run_command, capsys
):
    arguments = [f"--train_dir={folders}/train", "--flagfile=mnist.flags"]
    arguments += ["--source=folder", "--pretrained=mnist", "--epochs=1"]
    arguments += [f"--workdir={tmp_path}"]
    assert run_command(classify, *arguments) == 0
    output = capsys.readouterr().out
    assert "new weights, for 3 classes instead of 10" in output
    assert (tmp_path / "result.json").exists()


def test_only_a_stop_needs_the_classes_that_it_knows(
    folders, tmp_path, run_command, capsys
):
    arguments = [f"--train_dir={folders}/train", "--flagfile=mnist.flags"]
    arguments += ["--source=folder", "--pretrained=mnist", "--stop"]
    arguments += ["--train_only_stop", f"--workdir={tmp_path}"]
    assert run_command(classify, *arguments) == 1
    assert "needs data with the 10 classes" in capsys.readouterr().err


def test_its_model_is_not_released(run, tmp_path, run_command, capsys):
    arguments = [f"--workdir={run}", f"--dir={tmp_path}", "--name=mine"]
    assert run_command(release, *arguments) == 1
    assert "Received: a run with --source=folder" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_command_of_a_run(run):
    settings = Workdir(run).load_settings()
    program, _, arguments = recipe.command(settings).partition(" --")
    assert program == "python -m trainers.classify"
    assert recipe.parse(type(settings), f"--{arguments}".split()) == settings


def test_bad_calls(folders, tmp_path, run_command, capsys):
    workdir = f"--workdir={tmp_path / 'run'}"
    train = f"--train_dir={folders}/train"
    for module, arguments, message in [
        (classify, [], "--train_dir must name a folder. Received: None"),
        (classify, ["--source=digits"], "must be one of ['folder']"),
        (classify, ["--source=digits", train], "need --source=folder"),
        (mnist, [train], "need --source=folder, that of trainers.classify"),
        (mnist, ["--source=folder"], "'fashion_mnist', 'digits']"),
    ]:
        assert run_command(module, *arguments, workdir) == 1
        assert message in capsys.readouterr().err
        assert not (tmp_path / "run").exists()
