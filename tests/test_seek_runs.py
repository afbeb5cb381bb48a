"""Runs that choose among cells, on canvases of several sizes, as users run."""

import json
import shutil
import signal

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from ram_tf.evaluation.finding import Finder, _counted, at_once
from ram_tf.export import flatbuffer, tflite
from ram_tf.served.saved_model import save_saved_model
from ram_tf_commands import evaluate, export, mnist, predict, sizes
from ram_tf_data.batches import streamed
from ram_tf_data.canvas import Canvas
from ram_tf_runs import model_source

TINY = [
    "--source=digits",
    "--canvas=64",
    "--clutter=2",
    "--mixed=32x0,64x2,64x2",
    "--glimpses=2",
    "--glimpse_size=12",
    "--scales=0",
    "--encoder_scales=2",
    "--sensor=pyramid",
    "--location_policy=cells",
    "--first_fixation=centre",
    "--glimpse_encoder=conv",
    "--glimpse_units=16",
    "--location_units=8",
    "--units=16",
    "--core_units=16",
    "--rollouts=2",
    "--baseline=leave_one_out",
    "--batch_size=30",
    "--grow=0.5",
    "--evaluation_cases=200",
    "--evaluate_every=0.5",
]
# What differs from run to run: the file of the model has dates, too.
TIMES = ("seconds", "images_per_second", "model_sha256")


def _result(path):
    result = json.loads((path / "result.json").read_text())
    return {
        name: value
        for name, value in result.items()
        if name not in (*TIMES, "curve")
    }


@pytest.fixture(scope="module")
def workdir(tmp_path_factory, run_command):
    """A finished run."""
    path = tmp_path_factory.mktemp("runs") / "tiny"
    assert run_command(mnist, *TINY, "--epochs=2", f"--workdir={path}") == 0
    return path


@pytest.fixture(scope="module")
def model(workdir):
    return model_source.of_run(workdir).model


def _canvases(digits, side, count=3):
    pieces = streamed(digits.validation, Canvas(side, 2), count, count, 1)
    return next(iter(pieces)).image


@pytest.mark.slow
def test_a_run_trains_on_canvases_in_turn(workdir):
    result = _result(workdir)
    assert result["config"]["mixed"] == ["32x0", "64x2", "64x2"]
    assert len(result["test_error_by_glimpse"]) == 2
    assert (workdir / "glimpses.png").exists()


@pytest.mark.slow
def test_an_interrupted_run_ends_the_same(
    workdir, tmp_path, run_command, monkeypatch
):
    # After an evaluation that is within a block of steps.
    from ram_tf.training.checkpoint import Checkpointer

    save, saved = Checkpointer.save, []

    def save_and_stop(self):
        save(self)
        if not saved:
            signal.raise_signal(signal.SIGTERM)
        saved.append(True)

    command = [*TINY, "--epochs=2", f"--workdir={tmp_path}"]
    with monkeypatch.context() as patch:
        patch.setattr(Checkpointer, "save", save_and_stop)
        assert run_command(mnist, *command) == 128 + signal.SIGTERM
    assert not (tmp_path / "result.json").exists()
    assert run_command(mnist, *command) == 0
    assert _result(tmp_path) == _result(workdir)


@pytest.mark.slow
def test_it_is_evaluated_again(workdir, tmp_path, run_command):
    out = tmp_path / "again.json"
    assert run_command(evaluate, f"--workdir={workdir}", f"--out={out}") == 0
    again = json.loads(out.read_text())
    assert (
        again["test_error_by_glimpse"]
        == _result(workdir)["test_error_by_glimpse"]
    )


@pytest.mark.slow
def test_predict_takes_pictures_as_they_are(
    workdir, model, digits, tmp_path, run_command, capsys
):
    said = []
    for side in (40, 150):
        image = _canvases(digits, side, 1)[0, :, : side - 7]
        path = tmp_path / f"{side}.png"
        Image.fromarray(image[..., 0]).save(path)
        answer = model(image[None])["probabilities"][0, -1].numpy()
        said.append(f"{path}: {answer.argmax()} ({100 * answer.max():.1f}%)")
    files = [str(tmp_path / f"{side}.png") for side in (40, 150)]
    picture = tmp_path / "paths.png"
    film = tmp_path / "eye.gif"
    arguments = [f"--workdir={workdir}", f"--picture={picture}", *files]
    assert run_command(predict, *arguments, f"--film={film}") == 0
    with Image.open(film) as frames:
        assert frames.n_frames == 2
    printed = capsys.readouterr().out
    for line in said:
        assert line in printed
    with Image.open(picture) as drawn:
        assert min(drawn.size) > 200


@pytest.mark.slow
def test_sizes_are_measured_as_by_hand(
    workdir, model, digits, tmp_path, run_command, capsys
):
    out = tmp_path / "sizes.json"
    arguments = [
        f"--workdir={workdir}",
        "--canvases=50x1:130,100x4:20",
        "--looks=3",
        "--split=validation",
        f"--out={out}",
    ]
    assert run_command(sizes, *arguments) == 0
    rows = json.loads(out.read_text())["canvases"]
    assert [row["cases"] for row in rows] == [130, 20]
    pieces = streamed(digits.validation, Canvas(100, 4), 20, 100, 1)
    piece = next(iter(pieces))
    model.glimpses = 3
    outputs = model(piece.image[:20])
    model.glimpses = 2
    answers = outputs["probabilities"].numpy().argmax(-1)
    wrong = 100 * (answers != piece.label[:20, None]).mean(0)
    np.testing.assert_allclose(rows[1]["error_by_glimpse"], wrong, atol=1e-3)
    pixels = (outputs["locations"].numpy() + 1) * 50
    apart = np.abs(pixels - piece.centre[:20, None]).max(-1)
    found = 100 * np.maximum.accumulate(apart <= 14, axis=1).mean(0)
    np.testing.assert_allclose(rows[1]["found_by_glimpse"], found, atol=1e-3)
    # It goes on from what is there, and measures nothing twice.
    before = out.stat().st_mtime_ns
    capsys.readouterr()
    assert run_command(sizes, *arguments) == 0
    assert out.stat().st_mtime_ns == before
    assert f"{rows[1]['error_by_glimpse'][-1]:.2f}" in capsys.readouterr().out


def test_where_digits_are_said_to_be(digits):
    canvas = Canvas(90)  # Nothing but the digit.
    (piece,) = streamed(digits.validation, canvas, 8, 8, 1)
    for image, label, (y, x), row in zip(
        piece.image, piece.label, piece.centre, range(8), strict=True
    ):
        top, left = int(y) - 14, int(x) - 14
        expected = digits.validation.image[row]
        np.testing.assert_array_equal(
            image[top : top + 28, left : left + 28], expected
        )
        assert image.sum() == expected.sum()
        assert label == digits.validation.label[row]


@pytest.mark.slow
def test_validation_and_test_have_their_own_digits(workdir, run_command):
    split = {
        name: model_source.of_run(workdir).task.source.splits[name]
        for name in ("validation", "test")
    }
    assert not np.array_equal(
        split["test"].image[:50], split["validation"].image[:50]
    )


@pytest.mark.slow
def test_random_choices_are_cells_and_random(model, digits):
    finder, image = Finder(model, 4), _canvases(digits, 64, 50)
    (piece,) = streamed(digits.validation, Canvas(64, 2), 50, 50, 1)
    np.testing.assert_array_equal(piece.image, image)
    by = {
        policy: finder.measure([piece], 50, policy)
        for policy in ("deterministic", "random", "random_choices")
    }
    assert len({tuple(found["found_by_glimpse"]) for found in by.values()}) == 3


def test_memory_bounds_what_is_measured_at_once():
    assert [at_once(side) for side in (28, 256, 1024, 4096, 8192)] == [
        100,
        100,
        16,
        1,
        1,
    ]


def _measured(directory, run_command, *flags):
    out = directory / "sizes.json"
    command = [f"--workdir={directory}", f"--out={out}", *flags]
    few = ["--canvases=64x2", "--looks=3", "--cases=50"]
    assert run_command(sizes, *command, *few) == 0
    (row,) = json.loads(out.read_text())["canvases"]
    return row


@pytest.mark.slow
def test_how_often_a_model_looks_that_stops(tmp_path, run_command, capsys):
    changes = ["--stop", "--glimpse_cost=0.01", "--mixed=", "--epochs=0.1"]
    run = f"--workdir={tmp_path}"
    assert run_command(mnist, *TINY, *changes, run) == 0
    row = _measured(tmp_path, run_command)
    assert 1 <= row["mean_glimpses"] <= 3
    assert 0 <= row["error_at_stop"] <= 100
    assert "stopped after" in capsys.readouterr().out


def test_errors_at_the_stop_by_hand():
    wrong = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1]], bool)
    assert _counted(wrong, used=np.array([2, 2, 3])) == {
        "error_by_glimpse": [100.0, 33.3333, 33.3333],
        "mean_glimpses": 2.3333,
        "error_at_stop": 66.6667,
    }


@pytest.mark.slow
def test_wide_windows_are_cut_where_they_are_wanted(
    model, workdir, tmp_path, run_command, digits
):
    image = _canvases(digits, 64)
    exact = model.read_by("integral")
    offsets = tf.fill([len(image), 2], 0.07)
    snapped, centred = (m.cell.sensor(image, offsets) for m in (model, exact))
    np.testing.assert_array_equal(centred[..., 0], snapped[..., 0])
    assert not np.array_equal(centred, snapped)
    copied = tmp_path / "run"
    shutil.copytree(workdir, copied)
    own = _measured(copied, run_command, "--sensor=pyramid")
    (copied / "sizes.json").unlink()
    other = _measured(copied, run_command, "--sensor=integral")
    assert own != other


@pytest.mark.slow
@pytest.mark.parametrize("network", ["conv_any", "conv_128"])
def test_networks_on_whole_images_of_any_size(
    network, tmp_path, run_command, capsys
):
    mixed = "--mixed=128x1,256x2"
    changes = [f"--network={network}", "--canvas=128", mixed, "--epochs=0.1"]
    run = f"--workdir={tmp_path}"
    assert run_command(mnist, *TINY, *changes, run) == 0
    few = ["--canvases=128x1,384x2", "--cases=20"]
    out = tmp_path / "sizes.json"
    assert run_command(sizes, run, f"--out={out}", *few) == 0
    for row in json.loads(out.read_text())["canvases"]:
        assert len(row["error_by_glimpse"]) == 1
        assert "found_by_glimpse" not in row
    assert run_command(sizes, run, "--sensor=gather") == 1
    assert "--sensor is for models that look" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("side", [12, 64, 200])
def test_one_saved_model_answers_all_sizes(model, digits, tmp_path, side):
    save_saved_model(model, tmp_path, 300)
    served = tf.saved_model.load(tmp_path).signatures
    image = np.random.default_rng(side).integers(0, 99, [2, side, 40, 1])
    image = tf.constant(image, tf.uint8)
    expected, found = model(image), served["serving_default"](image=image)
    np.testing.assert_allclose(
        found["probabilities_by_glimpse"], expected["probabilities"], atol=1e-6
    )
    np.testing.assert_allclose(
        found["locations"], expected["locations"], atol=1e-6
    )
    large = tf.zeros([1, 301, 40, 1], tf.uint8)
    with pytest.raises(tf.errors.InvalidArgumentError, match="300"):
        served["serving_default"](image=large)


@pytest.mark.slow
def test_steps_of_a_saved_model_are_its_looks(model, digits, tmp_path):
    save_saved_model(model, tmp_path, 300)
    served = tf.saved_model.load(tmp_path).signatures
    image = tf.constant(_canvases(digits, 100))
    expected = model(image)
    state = served["initial_state"](stream=tf.zeros([3], tf.int32))
    assert "fixations" in state
    for look in range(2):
        np.testing.assert_allclose(
            state["location"], expected["locations"][:, look], atol=1e-6
        )
        outputs = served["step"](frame=image, **state)
        state = {name: outputs[name] for name in state}
    np.testing.assert_allclose(
        outputs["probabilities"], expected["probabilities"][:, 1], atol=1e-5
    )


@pytest.mark.slow
def test_it_runs_on_devices(model, digits, tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    paths = tflite.save_tflite(model, 100, tmp_path, "tiny")
    images = _canvases(digits, 100, 30)
    expected = model(images)
    for path, atol in zip(paths, (1e-5, 0.05), strict=True):
        run = Interpreter(str(path)).get_signature_runner("classify")
        outputs = [run(image=image[None]) for image in images]
        same = 0
        for row, output in enumerate(outputs):
            apart = output["locations"][0] - expected["locations"][row]
            if np.abs(apart).max() < 1e-4:
                same += 1
                np.testing.assert_allclose(
                    output["probabilities"][0],
                    expected["probabilities"][row, -1],
                    atol=atol,
                )
        assert same >= (30 if atol < 1e-3 else 24)
        flatbuffer.check_builtin(flatbuffer.read(path.read_bytes()))


@pytest.mark.slow
def test_videos_are_read_and_drawn_as_videos(tmp_path, run_command):
    changes = ["--frames=3", "--mixed=", "--canvas=40", "--epochs=0.1"]
    run = f"--workdir={tmp_path / 'run'}"
    assert run_command(mnist, *TINY, *changes, run) == 0
    assert (tmp_path / "run" / "glimpses.png").exists()
    assert not model_source.of_run(tmp_path / "run").settings.any_size


@pytest.mark.slow
def test_what_is_refused(workdir, tmp_path, run_command, capsys):
    for change, words in (
        ("--first_fixation=learned", "must be centre or random"),
        ("--location_unit=20", "--location_unit must not be given"),
        ("--encoder_scales=4", "at most the number of windows, 3"),
        ("--location_policy=gaussian", "--scales=0 needs"),
        ("--mixed=32x", "each SIDExPATCHES"),
        ("--mixed=20x0", "at least as large as the images"),
        ("--pooling=max", "`pooling` must be average"),
        ("--network=conv", "--mixed needs a --network of images of any size"),
    ):
        command = [*TINY, change, f"--workdir={tmp_path / 'none'}"]
        assert run_command(mnist, *command) == 1
        assert words in capsys.readouterr().err
    for change, words in (
        ("--canvases=64", "SIDExPATCHES"),
        ("--canvases=20x1", "at least as large as the images"),
    ):
        assert run_command(sizes, f"--workdir={workdir}", change) == 1
        assert words in capsys.readouterr().err
    film = ["--film=x.gif", "--pretrained=cluttered", "x.png"]
    assert run_command(predict, *film) == 1
    assert (
        "--film needs a model of any size that looks" in capsys.readouterr().err
    )
    assert run_command(sizes, "--pretrained=cluttered") == 1
    assert "must be one of --scales=0" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_exports_both(workdir, tmp_path, run_command):
    command = [f"--workdir={workdir}", f"--out={tmp_path}"]
    assert run_command(export, *command, "--format=saved_model,tflite") == 0
    about = json.loads(next(tmp_path.glob("**/*_int8.json")).read_text())
    assert "fixations" in about["initial_state"]
    assert about["windows"] == [12, 24, 48, 96]
