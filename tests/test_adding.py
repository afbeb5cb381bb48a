"""Adding to ram_tf: a kind of run, an encoder and a policy, a module each.

`tests/plugins` has them; nothing else names them. They are used as their author
would: by the commands, in processes of their own.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from ram_tf_commands import device, evaluate
from tests.fixtures import small_gtsrb

ROOT = pathlib.Path(__file__).parents[1]
PLUGINS = ROOT / "tests" / "plugins"
NAMES = sorted(path.stem for path in PLUGINS.glob("*.py"))
RUN = (
    "shapes",
    "--glimpse_encoder=strided",
    "--location_policy=ink",
    "--first_fixation=centre",
    "--glimpses=3",
    "--glimpse_size=6",
    "--scales=2",
    "--core_units=24",
    "--units=24",
    "--rollouts=2",
    "--batch_size=30",
    "--learning_rate=0.01",
    "--epochs=40",
    "--evaluate_every=10",
)
# Of a result, what differs from run to run.
# What differs from run to run: the file of the model has dates, too.
TIMES = ("seconds", "images_per_second", "model_sha256")


def _start(module, *arguments):
    environment = {
        "HOME": "/tmp",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}:{PLUGINS}",
        "RAM_TF_PLUGINS": ",".join(NAMES),
    }
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _run(module, *arguments):
    process = _start(module, *arguments)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def _result(workdir):
    result = json.loads((workdir / "result.json").read_text())
    return {name: v for name, v in result.items() if name not in TIMES}


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    """A finished run."""
    path = tmp_path_factory.mktemp("runs") / "shapes"
    _run("trainers", *RUN, f"--workdir={path}")
    return path


def test_nothing_else_names_them():
    names = ("shapes", "strided", "InkPolicy", "ink_policy")
    sources = [
        path
        for pattern in ("ram_tf*", "data", "trainers", "benchmarks")
        for path in ROOT.glob(f"{pattern}/**/*.py")
    ]
    assert len(sources) > 100
    for path in sources:
        text = path.read_text()
        for name in names:
            found = f'"{name}"' in text or f"import {name}" in text
            assert not found, f"{path} names {name}"


@pytest.mark.slow
def test_help_lists_them():
    listed = _run("trainers", "--help")
    assert re.search("shapes +A square, a cross or a bar somewhere", listed)
    process = _start("trainers", "shapes", "--help")
    output, _ = process.communicate(timeout=300)
    words = " ".join(output.split())
    assert "--drawn: Training pictures of each shape." in words
    assert "one of ['conv', 'dense', 'strided']" in words
    named = "['cells', 'colour_cells', 'directed_cells', 'gaussian', 'ink']"
    assert f"one of {named}" in words


@pytest.mark.slow
def test_a_run_learns(workdir):
    result = _result(workdir)
    assert result["config"]["kind"] == "shapes"
    assert result["config"]["location_policy"] == "ink"
    assert result["test_error"] < 20  # Two thirds are wrong by chance.
    # A convolution counts at each of its 2 x 2 places: 3 x 3 x 2 x 4 there;
    # then (16 + 2) x 24; the core 2 x 24 x 24; the policy's query 24 x 2.
    glimpse = 4 * 72 + 18 * 24 + 2 * 24 * 24 + 24 * 2
    answer = 24 * 3
    assert result["multiply_adds_by_glimpse"] == [
        t * glimpse + answer for t in (1, 2, 3)
    ]


@pytest.mark.slow
def test_a_killed_run_ends_the_same(workdir, tmp_path):
    process = _start("trainers", *RUN, f"--workdir={tmp_path}")
    while not list(tmp_path.glob("checkpoints/ckpt-*.index")):
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    output = _run("trainers", *RUN, f"--workdir={tmp_path}")
    assert "resuming from step" in output
    assert _result(tmp_path) == _result(workdir)


@pytest.fixture(scope="module")
def bar(tmp_path_factory):
    """A picture of a bar, as an array and as a file."""
    picture = np.zeros([20, 20], np.uint8)
    picture[5:14, 8:11] = 200
    file = tmp_path_factory.mktemp("pictures") / "bar.png"
    Image.fromarray(picture).save(file)
    return picture[None, ..., None], str(file)


@pytest.mark.slow
def test_it_is_measured_again(workdir, tmp_path):
    out = tmp_path / "again.json"
    _run("trainers.evaluate", f"--workdir={workdir}", f"--out={out}")
    again, before = json.loads(out.read_text()), _result(workdir)
    assert again["test_error_by_glimpse"] == before["test_error_by_glimpse"]
    assert again["config"] == before["config"]


@pytest.mark.slow
def test_its_exports_answer_as_it_does(workdir, bar, tmp_path):
    """Whoever runs them needs no plugin."""
    image, file = bar
    path = tmp_path / "path.png"
    said = _run(
        "trainers.predict", f"--workdir={workdir}", f"--picture={path}", file
    )
    answer = re.match(rf"{file}: bar \((\d+\.\d)%\)", said)
    assert answer, said
    with Image.open(path) as drawn:
        assert min(drawn.size) > 100
    arguments = [f"--workdir={workdir}", f"--out={tmp_path}"]
    _run("trainers.export", *arguments, "--format=saved_model,tflite")
    place = tmp_path / "shapes" / "1"
    served = tf.saved_model.load(place).signatures["serving_default"]
    outputs = served(image=tf.constant(image))
    assert outputs["class"] == [2]
    expected = pytest.approx(float(answer[1]), abs=0.06)
    assert 100 * outputs["probabilities"].numpy().max() == expected
    for name in ("shapes", "shapes_int8"):
        model = device.DeviceModel(place / f"{name}.tflite")
        outputs = model(image[0])
        assert model.labels[outputs["class"][0]] == "bar"
    assert (
        "last_fixation"
        in json.loads((place / "shapes.json").read_text())["initial_state"]
    )


@pytest.mark.slow
def test_without_the_plugin_its_runs_are_not_known(
    workdir, run_command, capsys
):
    assert run_command(evaluate, f"--workdir={workdir}") == 1
    message = capsys.readouterr().err
    assert "RAM_TF_PLUGINS" in message
    assert "Received: 'shapes'" in message


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", ["catch", "classify", "find", "numbers", "play"]
)
def test_a_kind_can_be_taken_away(kind, tmp_path):
    """The others then are what they were."""
    runs = tmp_path / "ram_tf_runs"
    shutil.copytree(ROOT / "ram_tf_runs", runs)
    for folder in ("settings", "tasks"):
        (runs / folder / "kinds" / f"{kind}.py").unlink()
    for package in ("ram_tf", "ram_tf_data"):
        (tmp_path / package).symlink_to(ROOT / package)
    small_gtsrb.write_signs(tmp_path)
    small_gtsrb.write_photographs(tmp_path, 12)
    done = subprocess.run(
        [sys.executable, "-c", _ALL_KINDS, kind],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "5 kinds but one" in done.stdout


# Makes what a run of each kind but one trains, and what trains it.
_ALL_KINDS = """
import sys
from ram_tf_runs.settings.run import names, of_kind
from ram_tf_runs.tasks.registry import task_of

values = {"source": "digits", "canvas": 64, "env": "ram_tf/Catch-v0"}
assert len(names()) == 4 and sys.argv[1] not in names(), names()
for kind in names():
    own = {"source": "gtsrb", "backgrounds": "."} if kind == "find" else {}
    task = task_of(of_kind(kind).build(values | own), ".")
    task.prepare()
    model = task.make_model()
    task.make_agent(model, task.length()[0])
    task.validation(model)
print("5 kinds but one")
"""


def test_a_plugin_that_is_not_there():
    done = subprocess.run(
        [sys.executable, "-m", "trainers", "--help"],
        cwd=ROOT,
        env=os.environ | {"RAM_TF_PLUGINS": "nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "RAM_TF_PLUGINS must name modules" in done.stderr
