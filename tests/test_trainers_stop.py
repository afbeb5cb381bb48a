"""The commands that train a stop, compare it, and use it on a device."""

import json
import re
import types

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from ram_tf import load_pretrained
from ram_tf.evaluation.images import Rollouts
from ram_tf.export import tflite
from ram_tf_commands import device, mnist, stopping
from ram_tf_reports import stop_curves
from ram_tf_runs import command, start
from ram_tf_runs.records.recipe import parse
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from ram_tf_runs.tasks.kinds.classify import ClassifyTask

TINY = [
    "--source=digits",
    "--canvas=28",
    "--glimpses=3",
    "--core_units=16",
    "--units=16",
    "--glimpse_units=16",
    "--location_units=8",
    "--batch_size=64",
    "--rollouts=2",
]


@pytest.fixture(scope="module")
def workdir(tmp_path_factory, run_command):
    """A finished run that learned to stop."""
    path = tmp_path_factory.mktemp("runs") / "stop"
    code = run_command(
        mnist,
        *TINY,
        "--stop",
        "--glimpse_cost=0.1",
        "--epochs=1",
        f"--workdir={path}",
    )
    assert code == 0
    return path


@pytest.mark.slow
def test_a_run_records_its_glimpses(workdir):
    result = json.loads((workdir / "result.json").read_text())
    assert 1 <= result["mean_glimpses"] <= 3
    assert len(result["test_error_by_glimpse"]) == 3
    assert result["config"]["stop"] is True
    rows = (workdir / "metrics.jsonl").read_text().splitlines()
    row = json.loads(rows[-1])
    price = 100 * 0.1 * row["validation_mean_glimpses"]
    at_stop = row["validation_error_at_stop"]
    assert row["validation_error"] == pytest.approx(at_stop + price)
    assert 1 <= row["glimpses"] <= 3


@pytest.mark.slow
def test_the_comparison(workdir, tmp_path, run_command, capsys):
    folder = tmp_path / "new" / "folder"  # It is made.
    out, picture = folder / "stopping.json", folder / "stopping.png"
    code = run_command(
        stopping,
        f"--workdirs={workdir}",
        f"--out={out}",
        f"--picture={picture}",
    )
    assert code == 0
    printed = capsys.readouterr().out
    assert re.search("beats a confidence threshold .* in [01] of 1", printed)
    model = json.loads(out.read_text())["models"]["stop"]
    result = json.loads((workdir / "result.json").read_text())
    assert model["error"] == pytest.approx(result["test_error"], abs=1e-3)
    assert model["mean_glimpses"] == pytest.approx(result["mean_glimpses"])
    assert sum(model["used"]) == pytest.approx(1)
    with Image.open(picture) as opened:
        assert min(opened.size) > 300


def test_curves_by_hand():
    sure, unsure = [0.9, 0.1], [0.6, 0.4]
    probabilities = np.float32(
        [[sure, sure], [unsure, sure], [unsure, sure[::-1]], [unsure, unsure]]
    )
    labels = np.array([0, 0, 1, 1])
    np.testing.assert_array_equal(
        stop_curves.confident(probabilities, 0.8), [1, 2, 2, 2]
    )
    used = np.array([1, 1, 2, 1])
    measured = stop_curves.measure(
        Rollouts(probabilities, glimpses_used=used), labels
    )
    assert measured["error"] == 25
    assert measured["mean_glimpses"] == 1.25
    assert measured["used"] == [0.75, 0.25]
    assert measured["error_by_glimpse"] == [50, 25]
    at = {row["mean_glimpses"]: row["error"] for row in measured["threshold"]}
    assert at == {1.0: 50, 1.75: 25, 2.0: 25}
    # A third of the way from (1, 50) to (1.75, 25).
    assert measured["threshold_error"] == pytest.approx(50 - 25 / 3)
    models = {"run": {**measured, "config": {"glimpse_cost": 0.1}}}
    result = {
        "models": models,
        "test_cases": 4,
        "published": stop_curves.PUBLISHED,
    }
    assert "in 1 of 1 models" in stop_curves.table(result)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stop", "--network=conv"], "--stop needs --network=ram"),
        (["--glimpse_cost=0.1"], "--glimpse_cost needs --stop"),
        (["--stop", "--glimpse_cost=-1"], "--glimpse_cost=-1"),
        (["--train_only_stop", "--stop"], "needs --stop and --pretrained"),
        (["--train_only_stop", "--pretrained=mnist"], "needs --stop and"),
    ],
)
def test_flags_that_do_not_fit(arguments, words, run_command, capsys):
    assert run_command(mnist, *arguments) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flag", "old", "new"),
    [("location_range", "0.8", "1.0"), ("first_fixation", "learned", "random")],
)
def test_a_stop_is_not_trained_on_another_way_of_looking(
    flag, old, new, tmp_path, run_command, capsys
):
    arguments = [
        "--flagfile=mnist.flags",
        "--source=digits",
        "--canvas=28",
        "--stop",
        "--train_only_stop",
        "--glimpse_cost=0.01",
        "--pretrained=mnist",
        f"--workdir={tmp_path / 'run'}",
    ]
    assert run_command(mnist, *arguments, f"--{flag}={new}") == 1
    assert f"needs --{flag}={old}, with" in capsys.readouterr().err


def test_a_trained_model_gets_a_stop():
    flagfile = command.FLAGFILES / "mnist.flags"
    settings = parse(
        ClassifySettings,
        [f"--flagfile={flagfile}", "--stop", "--pretrained=mnist"],
    )
    task = ClassifyTask(settings)
    task.source = types.SimpleNamespace(
        num_classes=10,
        train=types.SimpleNamespace(image=np.zeros([1, 28, 28, 1], np.uint8)),
    )
    model = start.make_model(task)
    released = load_pretrained("mnist")
    image = tf.random.stateless_uniform([2, 28, 28, 1], [1, 2])
    np.testing.assert_array_equal(
        model(image)["probabilities"], released(image)["probabilities"]
    )
    assert model.count_params() == released.count_params() + 258


@pytest.mark.parametrize(
    ("workdirs", "words"),
    [("", "must name a finished run"), ("nowhere", "directory of a run")],
)
def test_bad_workdirs(workdirs, words, run_command, capsys):
    assert run_command(stopping, f"--workdirs={workdirs}") == 1
    assert words in capsys.readouterr().err


def test_a_run_without_stops_is_refused(tmp_path, run_command, capsys):
    record = {"config": parse(ClassifySettings, []).record(), "machine": {}}
    (tmp_path / "config.json").write_text(json.dumps(record))
    assert run_command(stopping, f"--workdirs={tmp_path}") == 1
    assert "runs made with --stop" in capsys.readouterr().err


@pytest.fixture(scope="module")
def on_device(tmp_path_factory):
    """A directory with a model that stops, and the model."""
    from ram_tf import RecurrentAttentionModel

    path = tmp_path_factory.mktemp("device")
    model = RecurrentAttentionModel(
        glimpses=4, glimpse_size=6, core_units=32, stop=True
    )
    model.build((None, 28, 28, 1))
    dense = model.cell.stop_policy.dense
    kernel = np.random.default_rng(1).normal(0, 3, [33, 1])
    dense.kernel.assign(kernel)
    dense.bias.assign([0.0])
    tflite.save_tflite(model, 28, path, "model")
    return path, model


def test_a_device_looks_no_longer_than_it_must(on_device, digits, capsys):
    path, model = on_device
    images = digits.test.image[:6]
    files = []
    for row, image in enumerate(images):
        files.append(str(path / f"{row}.png"))
        Image.fromarray(image[..., 0]).save(files[-1])
    outputs = model(images)
    used = outputs["glimpses_used"].numpy()
    assert used.min() < 4
    tool = device.DeviceModel(path / "model.tflite")
    for row, image in enumerate(images):
        answer = tool(image)
        assert answer["glimpses_used"] == used[row]
        assert answer["locations"].shape == (1, used[row], 2)
        np.testing.assert_allclose(
            answer["probabilities"][0], outputs["answer"][row], atol=1e-5
        )
    assert device.main([f"--model={path / 'model.tflite'}", files[0]]) == 0
    assert f", {used[0]} glimpses" in capsys.readouterr().out
    alone = path / "alone.tflite"
    alone.write_bytes((path / "model.tflite").read_bytes())
    answer = device.DeviceModel(alone)(images[0])
    assert answer["glimpses_used"] == used[0]
    assert answer["locations"].shape == (1, 4, 2)
