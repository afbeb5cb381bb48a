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
from ram_tf_data.errors import UserError

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


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """A file that takes two images at a time."""
    from ram_tf import RecurrentAttentionModel

    path = tmp_path_factory.mktemp("pairs")
    model = RecurrentAttentionModel(glimpses=2, glimpse_size=6, scales=2)
    model.build((None, SIDE, SIDE, 1))
    tflite.save_tflite(model, SIDE, path, "model", batch=2)
    return model, path / "model.tflite"


def test_as_many_files_as_a_file_takes(made, pairs, digits, capsys):
    model, path = pairs
    files = [str(made[0] / f"{row}.png") for row in (0, 1, 1, 0)]
    flags = [f"--model={path}", "--json"]
    assert device.main([*flags, *files]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [one["image"] for one in printed] == files
    answers = model(digits.test.image[[0, 1, 1, 0]])["probabilities"][:, -1]
    for one, expected in zip(printed, answers.numpy(), strict=True):
        np.testing.assert_allclose(one["probabilities"], expected, atol=1e-5)
        assert one["label"] == str(expected.argmax())
    assert device.main([*flags, *files[:3]]) == 1
    error = capsys.readouterr().err
    assert "--model answers 2 images at a time" in error
    assert "Received: 3" in error


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
    printed = capsys.readouterr()
    assert f": {answers[0].argmax()} (" in printed.out
    doubt = f"there is no {tmp_path / 'alone.json'} to say if {alone} is whole"
    assert printed.err == f"note: {doubt}.\n"


def test_a_json_older_than_digests_is_said(made, tmp_path, capsys):
    path, answers = made
    about = json.loads((path / "model.json").read_text())
    del about["sha256"]
    old = _with_json(json.dumps(about))(made, tmp_path)
    assert device.main([f"--model={old}", str(path / "0.png")]) == 0
    printed = capsys.readouterr()
    assert f": digit {answers[0].argmax()} (" in printed.out
    assert "model.json is too old to say if" in printed.err


def test_a_state_of_another_shape_is_told(tmp_path):
    from ram_tf import RecurrentAttentionModel

    model = RecurrentAttentionModel(glimpses=2, glimpse_size=6, stop=True)
    model.build((None, SIDE, SIDE, 1))
    path, _ = tflite.save_tflite(model, SIDE, tmp_path, "stops")
    file = path.with_suffix(".json")
    about = json.loads(file.read_text())
    device.DeviceModel(path)
    for state in ({}, {"core": [[0.0]]}, about["initial_state"] | {"more": 1}):
        file.write_text(json.dumps(about | {"initial_state": state}))
        with pytest.raises(UserError, match=r"stops\.json must have an"):
            device.DeviceModel(path)


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


def _of_other(made, tmp_path):
    labels = [str(k) for k in range(10)]
    text = json.dumps({"labels": labels, "bytes": 1, "sha256": "ab"})
    return _with_json(text)(made, tmp_path)


def _flipped(made, tmp_path):
    """Of the same size, with one bit of a weight turned."""
    path = _with_json((made[0] / "model.json").read_text())(made, tmp_path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda *unused: "missing.tflite", "must name a file.*missing.tflite"),
        (_broken, "must name a .tflite file.*broken.tflite.*LiteRT says"),
        (_step_only, "signature `classify`.*step.tflite' with .'step'."),
        (_with_json("{"), "model.json must be the JSON.*JSONDecodeError"),
        (_with_json("{}"), "model.json must be the JSON.*KeyError"),
        (_with_json('{"labels": ["a"]}'), "must have 10 labels. Received: 1"),
        (_with_json('{"labels": 7}'), "model.json must be the JSON.*of 7"),
        (_with_json("[]"), "model.json must be the JSON.*TypeError"),
        (_with_json("[" * 10**5), "model.json must be.*RecursionError"),
        (_with_json('{"labels": [], "bytes": 1}'), "model.json must be"),
        (
            _with_json('{"labels": ["a"], "initial_state": [1]}'),
            "model.json must be the JSON.*AttributeError",
        ),
        (
            _with_json('{"labels": ["a"], "standardise": "no"}'),
            "model.json must be the JSON.*'no'",
        ),
        (_of_other, r"model.tflite is not.*model.json is about.*'bytes': 1"),
        (_flipped, r"model.tflite is not the file.*'sha256': '\w{64}'"),
    ],
)
def test_bad_models(made, tmp_path, capsys, make, message):
    model = make(made, tmp_path)
    assert device.main([f"--model={model}", str(made[0] / "0.png")]) == 1
    assert re.fullmatch(f"error: .*{message}.*\n", capsys.readouterr().err)


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


def _draw(path):
    """A dark bar on light paper, which a camera might have seen."""
    paper = np.full((480, 640), 220, np.uint8)
    paper[100:300, 400:430] = 40
    Image.fromarray(paper).save(path)
    bar = np.zeros((SIDE, SIDE, 1), np.uint8)
    # 30 of 200 pixels are 3 of 20; the centre of mass is the middle.
    bar[4:24, 13:15] = 255
    bar[4:24, [12, 15]] = round(255 / 2)
    return bar


def test_find_ink(made, tmp_path, capsys):
    file = str(tmp_path / "photo.png")
    bar = _draw(file)
    model = device.DeviceModel(made[0] / "model.tflite")
    expected = model(bar)["probabilities"][0]
    flags = [f"--model={made[0] / 'model.tflite'}", "--json"]
    assert device.main([*flags, "--find_ink", file]) == 0
    captured = capsys.readouterr()
    said = json.loads(captured.out)[0]["probabilities"]
    np.testing.assert_allclose(said, expected, atol=2e-3)
    assert not captured.err
    assert device.main([*flags, file]) == 0
    captured = capsys.readouterr()
    assert f"note: {file} is mostly light." in captured.err
    assert "--find_ink" in captured.err
    said = json.loads(captured.out)[0]["probabilities"]
    assert np.abs(said - expected).max() > 4e-3
    assert device.main([*flags, "--find_ink", "--invert", file]) == 1
    assert "takes no --invert" in capsys.readouterr().err


def test_a_blank_picture_is_refused(made, tmp_path, capsys):
    file = str(tmp_path / "ink.png")
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[2:4, 2:4, 3] = 255  # Black on nothing.
    Image.fromarray(pixels).save(file)
    model = f"--model={made[0] / 'model.tflite'}"
    assert device.main([model, file]) == 1
    assert "ink.png' is blank" in capsys.readouterr().err
    assert device.main([model, "--invert", file]) == 0


def test_an_answer_of_nan_is_none(tmp_path, capsys):
    answers = np.array([[0.5, np.nan]], np.float32)

    @tf.function(input_signature=[tf.TensorSpec([1, 8, 8, 1], tf.uint8)])
    def classify(image):
        seen = tf.reduce_sum(tf.cast(image, tf.float32))
        probabilities = answers + 0 * seen
        return {
            "class": tf.argmax(probabilities, -1),
            "probabilities": probabilities,
            "locations": tf.zeros([1, 2, 2]) + 0 * seen,
        }

    path = tmp_path / "nan.tflite"
    concrete = classify.get_concrete_function()
    path.write_bytes(tflite.from_functions({"classify": concrete}, []))
    file = str(tmp_path / "dot.png")
    Image.fromarray(np.eye(8, dtype=np.uint8)).save(file)
    assert device.main([f"--model={path}", file]) == 1
    error = capsys.readouterr().err
    assert "dot.png' is none" in error
    assert "`probabilities` with NaN" in error


class _Clock:
    """Time that passes only while a model answers."""

    def __init__(self, seconds):
        self.now, self._seconds = 0.0, iter(seconds)

    def perf_counter(self):
        return self.now

    def answer(self):
        self.now += next(self._seconds)


@pytest.mark.parametrize(
    ("seconds", "median"),
    [
        # Five are not timed, however slow; of the others the middle counts.
        ([0.038] * 5 + [0.0002] * 8 + [0.03] * 7, 0.0002),
        # What is slow is asked twice, the second time is told.
        ([3, 2], 2),
        ([0.2, 0.2, 0.2, 0.1], 0.1),
    ],
)
def test_the_time_is_the_median_of_warm_answers(monkeypatch, seconds, median):
    clock = _Clock(seconds)
    monkeypatch.setattr(device, "time", clock)
    taken = device.median_seconds(clock.answer)
    assert taken == pytest.approx(median)
    assert clock.now == pytest.approx(sum(seconds))


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
