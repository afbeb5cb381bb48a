"""A run is released, and its model is used by its name."""

import json
import re
import shlex
import shutil

import numpy as np
import pytest
from PIL import Image

import ram_tf
from ram_tf import pretrained
from ram_tf_commands import evaluate, larger_canvases, mnist, predict, release
from ram_tf_runs import model_source, start
from ram_tf_runs.cards.model_card import model_card
from ram_tf_runs.errors import UserError
from ram_tf_runs.records.image_results import ROWS
from ram_tf_runs.records.recipe import parse
from ram_tf_runs.records.workdir import Workdir
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from ram_tf_runs.tasks.kinds.classify import ClassifyTask

TINY = [
    "--source=digits",
    "--canvas=30",
    "--clutter=1",
    "--glimpses=2",
    "--scales=2",
    "--core_units=16",
    "--units=16",
    "--glimpse_units=16",
    "--location_units=8",
]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory, run_command):
    """The directory of a finished run."""
    path = tmp_path_factory.mktemp("runs") / "tiny"
    arguments = [*TINY, "--epochs=0.2", f"--workdir={path}"]
    assert run_command(mnist, *arguments) == 0
    return path


@pytest.fixture(scope="module")
def released(run, run_command, tmp_path_factory):
    """A directory of released models with that run's in it, in use."""
    path = tmp_path_factory.mktemp("released")
    arguments = [f"--workdir={run}", "--name=tiny_1", f"--dir={path}"]
    assert run_command(release, *arguments) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrained, "DIRECTORY", path)
        patch.setattr(pretrained, "NAMES", ("tiny_1",))
        yield path


def test_a_release_is_the_model_and_the_record_of_the_run(run, released):
    names = {path.name for path in released.iterdir()}
    assert names == {"tiny_1.keras", "tiny_1.json", "tiny_1.md"}
    assert pretrained.record("tiny_1") == Workdir(run).load_result()
    weights = ram_tf.load_pretrained("tiny_1").get_weights()
    expected = Workdir(run).load_model().get_weights()
    for weight, original in zip(weights, expected, strict=True):
        np.testing.assert_array_equal(weight, original)


def test_the_card_has_the_numbers_of_the_record(released):
    record = pretrained.record("tiny_1")
    card = (released / "tiny_1.md").read_text(encoding="utf-8")
    assert card == model_card("tiny_1", record)
    measured = {e: w for e, w in ROWS.items() if f"{e}_by_glimpse" in record}
    assert len(measured) == 4  # All but what only videos have.
    for error, words in measured.items():
        (row,) = re.findall(rf"^\| {words} \| (.*) \|$", card, re.MULTILINE)
        figures = [float(figure) for figure in row.split(" | ")]
        expected = record[f"{error}_by_glimpse"]
        assert figures == pytest.approx(expected, abs=0.005001)
    for fact in ("30\N{MULTIPLICATION SIGN}30", "1,197", "3,000 test cases"):
        assert fact in card
    for version in record["versions"].values():
        assert version in card
    assert record["git_revision"] in card


def test_the_cards_command_gives_the_records_configuration(released):
    card = (released / "tiny_1.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"```sh\n(.*?)\n```", card, re.DOTALL)
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "trainers.mnist"]
    asked = parse(ClassifySettings, words[3:]).record()
    assert asked == pretrained.record("tiny_1")["config"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "single run with seed 0"),
        ({"seed": 3}, "single run with seed 3"),
        ({"intermediate_weight": 0.25}, "weight 1, the others 0.25"),
        ({"clutter": 0}, "canvas of 30"),
        ({"clutter": 0, "canvas": 28}, "one unchanged digit. The"),
        ({"scales": 1}, "at one scale"),
        ({"jitter": 2}, "the digit is shifted by up to 2 pixels, at random."),
        ({"distort": 0.05}, "sheared and turned by up to 0.05 of its"),
        ({"lighting": 0.3}, "given up to 30% more or less contrast and"),
        ({"clutter": 0, "canvas": 28, "standardise": True}, "one digit. It is"),
        ({"pretrained": "tiny_0"}, "--pretrained=tiny_0"),
    ],
)
def test_cards_follow_the_configuration(released, changes, words):
    record = pretrained.record("tiny_1")
    usual = " ".join(model_card("tiny_1", record).split())
    record["config"] |= changes
    card = " ".join(model_card("tiny_1", record).split())
    assert words in card
    assert (card != usual) == bool(changes)
    assert ("patches" in card) == bool(record["config"]["clutter"])


def test_the_card_of_a_model_of_signs(released):
    record = pretrained.record("tiny_1")
    signs = {"source": "gtsrb", "canvas": 32, "clutter": 0, "standardise": True}
    record["config"] |= signs
    card = " ".join(model_card("tiny_1", record).split())
    for words in (
        "says which traffic sign is on an image of 32×32 pixels",
        "[B, 32, 32, 3] uint8, standardised",
        "[B, 2, 43]",
        "`ram_tf_data.contrast.standardise` gives each image equal brightness",
        "35,219 images for training, 3,990 for choosing the weights",
        "It knows pictures in colour, each cut around one traffic sign",
        "GTSRB's images are for research",
    ):
        assert words in card
    assert "digit" not in card


def test_the_interval_counts_each_digit_once(released):
    record = pretrained.record("tiny_1")
    record |= {"test_error": 2.0, "test_cases": 300}
    record |= {"test_draws": 10, "test_effective_cases": 1960}
    card = " ".join(model_card("tiny_1", record).split())
    # 2 * sqrt(2 * 98 / 1960) = 2 * sqrt(0.1).
    assert "**2.00% ± 0.63** (two standard errors, clustered by test" in card
    assert "3,000 test cases (10 canvases of each test image)" in card


def test_own_pictures_are_not_released(tmp_path):
    arguments = ["--source=folder", f"--train_dir={tmp_path}"]
    settings = parse(ClassifySettings, arguments)
    with pytest.raises(UserError, match=r"must be one of .*--source=folder"):
        ClassifyTask(settings).check_release()


def test_cards_are_written_again(released, tmp_path, run_command):
    shutil.copytree(released, tmp_path, dirs_exist_ok=True)
    card = tmp_path / "tiny_1.md"
    card.write_text("stale")
    assert run_command(release, "--cards_only", f"--dir={tmp_path}") == 0
    assert card.read_bytes() == (released / "tiny_1.md").read_bytes()


def test_an_unfinished_run_is_not_released(run, tmp_path, run_command, capsys):
    shutil.copytree(run, tmp_path / "run")
    (tmp_path / "run" / "result.json").unlink()
    arguments = [f"--workdir={tmp_path / 'run'}", f"--dir={tmp_path / 'out'}"]
    assert run_command(release, *arguments) == 1
    assert "has not finished" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../tiny", "Tiny", "tiny.keras"])
def test_names_that_files_cannot_have(run, tmp_path, name, run_command, capsys):
    arguments = [f"--workdir={run}", f"--dir={tmp_path}", f"--name={name}"]
    assert run_command(release, *arguments) == 1
    assert re.search(rf"--name must.*{name}", capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


def test_evaluate_a_released_model(released, tmp_path, run_command):
    out = tmp_path / "again.json"
    arguments = ["--pretrained=tiny_1", f"--out={out}"]
    assert run_command(evaluate, *arguments) == 0
    record, again = pretrained.record("tiny_1"), json.loads(out.read_text())
    errors = [name for name in record if name.startswith("test_")]
    assert {n: again[n] for n in errors} == {n: record[n] for n in errors}


def test_predict_with_a_released_model(
    released, tmp_path, run_command, digits, monkeypatch, capsys
):
    Image.fromarray(digits.test.image[0, ..., 0]).save(tmp_path / "digit.png")
    monkeypatch.chdir(tmp_path)
    arguments = ["--pretrained=tiny_1", "digit.png"]
    assert run_command(predict, *arguments) == 0
    assert "picture: predictions.png" in capsys.readouterr().out
    with Image.open(tmp_path / "predictions.png") as picture:
        assert min(picture.size) > 100


def test_training_starts_from_the_file_of_a_run(
    run, tmp_path, run_command, capsys
):
    """On a larger canvas, with more windows and longer moves."""
    arguments = [
        *TINY,
        "--canvas=40",
        "--scales=3",
        "--scale_gain=2",
        "--location_unit=15",
        "--location_range=2",
        "--grow=0.5",
        "--evaluation_cases=50",
        "--epochs=0.2",
        f"--pretrained={run / 'model.keras'}",
        f"--workdir={tmp_path / 'larger'}",
    ]
    assert run_command(mnist, *arguments) == 0
    result = Workdir(tmp_path / "larger").load_result()
    assert result["test_cases"] == 50
    assert result["config"]["pretrained"] == str(run / "model.keras")
    for name in ("weights.keras", "gone/model.keras"):
        arguments[-2] = f"--pretrained={run / name}"
        arguments[-1] = f"--workdir={tmp_path / 'none'}"
        assert run_command(mnist, *arguments) == 1
        assert re.search(r"must (be|name)", capsys.readouterr().err)


def test_a_run_on_larger_canvases(run, tmp_path, run_command, capsys):
    out = tmp_path / "larger.json"
    arguments = [f"--workdir={run}", "--canvases=30,45", "--test_canvases=100"]
    assert run_command(larger_canvases, *arguments, f"--out={out}") == 0
    found = json.loads(out.read_text())
    # Half of the canvas, 15 pixels, is a unit; the range is one unit.
    assert (found["trained_on"], found["reach"]) == (30, 15)
    same, larger = found["canvases"]
    assert (same["clutter"], larger["clutter"]) == (1, 2)
    assert str(larger["error"]) in capsys.readouterr().out
    # On the canvas that it knows, it is what the model does by itself.
    trained = model_source.of_run(run)
    data = trained.task.changed(evaluation_cases=100).evaluated("test")
    answers = trained.model(data["image"])["probabilities"][:, -1]
    wrong = np.argmax(answers, -1) != data["label"]
    assert same["error"] == pytest.approx(100 * wrong.mean())


@pytest.mark.parametrize("canvases", ["", "0", "30,x"])
def test_sides_that_are_none(run, run_command, canvases, capsys):
    arguments = [f"--workdir={run}", f"--canvases={canvases}"]
    assert run_command(larger_canvases, *arguments) == 1
    assert "must be whole numbers" in capsys.readouterr().err


def test_training_starts_from_a_released_model(released, digits):
    # No weight depends on the number of glimpses.
    changes = ["--pretrained=tiny_1", "--seed=5", "--glimpses=3"]
    task = ClassifyTask(parse(ClassifySettings, [*TINY, *changes]))
    task.source = digits
    model = task.make_model()
    before = model.get_weights()[0]
    start.copy_pretrained(task, model)
    expected = ram_tf.load_pretrained("tiny_1").get_weights()
    assert (before != expected[0]).any()
    for weight, original in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(weight, original)


@pytest.mark.parametrize(
    ("flag", "old", "new"),
    [("glimpse_size", 8, 9), ("core", "rnn", "lstm"), ("scales", 2, 1)],
)
def test_training_from_another_architecture(
    released, tmp_path, run_command, capsys, flag, old, new
):
    path = tmp_path / "tuned"
    arguments = [*TINY, "--pretrained=tiny_1", f"--workdir={path}"]
    assert run_command(mnist, *arguments, f"--{flag}={new}") == 1
    message = capsys.readouterr().err
    assert f"needs --{flag}={old}" in message
    assert f"Received: --{flag}={new}" in message
    assert not path.exists()


@pytest.mark.parametrize("module", [evaluate, predict])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--workdir=x", "--pretrained=tiny_1"], r"Only one.*=x.*=tiny_1"),
        (["--pretrained=nowhere"], r"\['tiny_1'\]. Received: 'nowhere'"),
        (
            ["--pretrained=tiny_1", "--canvas=9"],
            r"Unknown flag --canvas.*in its record",
        ),
    ],
)
def test_flags_that_name_no_model(
    released, module, arguments, words, run_command, capsys
):
    files = ["x.png"] if module is predict else []
    arguments = [*arguments, *files]
    assert run_command(module, *arguments) == 1
    assert re.search(words, capsys.readouterr().err)


def test_a_run_older_than_a_flag(run, tmp_path, run_command, capsys):
    path = tmp_path / "old"
    shutil.copytree(run, path)
    recorded = json.loads((path / "config.json").read_text())
    for flag in ("pretrained", "pooling", "clip_norm"):
        del recorded["config"][flag]
    (path / "config.json").write_text(json.dumps(recorded))
    settings = Workdir(path).load_settings()
    assert settings.model.pooling == "average"
    assert settings.optimizer.clip_norm == 5.0
    assert settings == Workdir(run).load_settings()
    arguments = [*TINY, "--epochs=0.2", f"--workdir={path}"]
    assert run_command(mnist, *arguments) == 0
    assert "finished already" in capsys.readouterr().out
