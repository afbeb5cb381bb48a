"""The command for devices, in this process and in an environment of its own."""

import json
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from ram_tf.export import tflite
from ram_tf_commands import device

ROOT = pathlib.Path(__file__).parents[1]
NEEDED = ("ai-edge-litert", "numpy", "pillow")
SIDE = 28


@pytest.fixture(scope="module")
def made(tmp_path_factory, digits):
    """A directory with a model and two images, and what Keras answers."""
    from ram_tf import RecurrentAttentionModel

    path = tmp_path_factory.mktemp("device")
    model = RecurrentAttentionModel(glimpses=2, glimpse_size=6, scales=2)
    model.build((None, SIDE, SIDE, 1))
    labels = [f"digit {k}" for k in range(10)]
    tflite.save_tflite(model, SIDE, path, "model", labels=labels)
    images = digits.test.image[:2]
    for row, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(path / f"{row}.png")
    answers = model(images)["probabilities"][:, -1].numpy()
    return path, answers


def _arguments(path, *more):
    files = [str(path / f"{row}.png") for row in range(2)]
    return [f"--model={path / 'model.tflite'}", *more, *files]


def _check(printed, answers):
    """Compares the lines with the probabilities of Keras."""
    lines = printed.splitlines()
    assert len(lines) == len(answers)
    for row, (line, probabilities) in enumerate(
        zip(lines, answers, strict=True)
    ):
        best = probabilities.argmax()
        said = re.fullmatch(
            rf".*{row}\.png: digit {best} \((.*)%\), [\d.]+ ms", line
        )
        assert float(said[1]) == pytest.approx(
            100 * probabilities[best], abs=0.06
        )


def test_classifies_files(made, capsys):
    path, answers = made
    assert device.main(_arguments(path)) == 0
    _check(capsys.readouterr().out, answers)


def test_json(made, capsys):
    path, answers = made
    assert device.main(_arguments(path, "--json", "--threads=2")) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [one["class"] for one in printed] == answers.argmax(-1).tolist()
    for one, expected in zip(printed, answers, strict=True):
        np.testing.assert_allclose(one["probabilities"], expected, atol=1e-5)
        assert np.shape(one["locations"]) == (2, 2)
        assert one["milliseconds"] > 0


def test_invert(made, tmp_path, capsys):
    path, answers = made
    pixels = np.asarray(Image.open(path / "0.png"))
    Image.fromarray(255 - pixels).save(tmp_path / "0.png")
    file = str(tmp_path / "0.png")
    model = f"--model={path / 'model.tflite'}"
    assert device.main([model, "--invert", file]) == 0
    _check(capsys.readouterr().out, answers[:1])


def test_without_its_json_classes_are_numbers(made, tmp_path, capsys):
    path, answers = made
    alone = tmp_path / "alone.tflite"
    alone.write_bytes((path / "model.tflite").read_bytes())
    assert device.main([f"--model={alone}", str(path / "0.png")]) == 0
    assert f": {answers[0].argmax()} (" in capsys.readouterr().out


def _step_only(made, tmp_path):
    step = tf.function(lambda frame: {"seen": -frame}).get_concrete_function(
        tf.TensorSpec([1], name="frame")
    )
    path = tmp_path / "step.tflite"
    path.write_bytes(tflite.from_functions({"step": step}, []))
    return path


def _broken(made, tmp_path):
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"not a model, but long enough to be one")
    return path


def _with_json(text):
    def write(made, tmp_path):
        path = tmp_path / "model.tflite"
        path.write_bytes((made[0] / "model.tflite").read_bytes())
        path.with_suffix(".json").write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda *unused: "missing.tflite", "must name a file.*missing.tflite"),
        (_broken, "must name a .tflite file.*broken.tflite.*LiteRT says"),
        (_step_only, "signature `classify`.*step.tflite' with .'step'."),
        (_with_json("{"), "model.json must be the JSON.*JSONDecodeError"),
        (_with_json("{}"), "model.json must be the JSON.*KeyError"),
        (_with_json('{"labels": ["a"]}'), "must have 10 labels. Received: 1"),
    ],
)
def test_bad_models(made, tmp_path, capsys, make, message):
    model = make(made, tmp_path)
    assert device.main([f"--model={model}", str(made[0] / "0.png")]) == 1
    assert re.match(f"error: .*{message}", capsys.readouterr().err)


def test_bad_images(made, tmp_path, capsys):
    model = f"--model={made[0] / 'model.tflite'}"
    text = tmp_path / "text.png"
    text.write_text("no picture")
    for file, message in [
        ("missing.png", "There is no image file 'missing.png'"),
        (str(text), "is not an image that can be read"),
    ]:
        assert device.main([model, file]) == 1
        captured = capsys.readouterr()
        assert message in captured.err
        assert not captured.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: --model"),
        (["--model=x"], "required: IMAGE"),
        (["--model=x", "--threads=0", "y"], "positive integer. Received: '0'"),
    ],
)
def test_usage(arguments, message, capsys):
    with pytest.raises(SystemExit) as raised:
        device.main(arguments)
    assert raised.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_in_an_environment_without_tensorflow(made, tmp_path):
    path, answers = made
    python = tmp_path / "bin" / "python"
    pinned = (ROOT / "requirements.txt").read_text()
    needed = [re.search(rf"^{n}==\S+", pinned, re.M)[0] for n in NEEDED]
    for command in (
        [sys.executable, "-m", "venv", str(tmp_path)],
        [str(python), "-m", "pip", "install", "--quiet", *needed],
    ):
        subprocess.run(command, check=True, capture_output=True, timeout=300)

    def run(*command):
        return subprocess.run(
            [str(python), *command],
            cwd=ROOT,
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    for absent in ("tensorflow", "keras", "absl"):
        assert "ModuleNotFound" in run("-c", f"import {absent}").stderr
    done = run("-m", "trainers.device", *_arguments(path))
    assert done.returncode == 0, done.stderr
    _check(done.stdout, answers)
