"""Video classification by its commands, run as a user runs them."""

import json

import numpy as np
import pytest
from PIL import Image

from ram_tf_commands import (
    evaluate,
    export,
    invariance,
    mnist,
    predict,
    release,
)
from ram_tf_runs.records.workdir import Workdir
from ram_tf_runs.tasks.registry import task_of

TINY = [
    "--source=digits",
    "--canvas=32",
    "--clutter=1",
    "--frames=3",
    "--speed=2",
    "--glimpse_size=6",
    "--scales=2",
    "--core_units=16",
    "--units=16",
    "--glimpse_units=16",
    "--location_units=8",
    "--learning_rate=0.003",
]


@pytest.fixture(scope="module")
def workdir(tmp_path_factory, run_command):
    """A finished run; --glimpses keeps its default, which is not 3."""
    path = tmp_path_factory.mktemp("runs") / "tiny"
    assert run_command(mnist, *TINY, "--epochs=2", f"--workdir={path}") == 0
    return Workdir(path)


@pytest.fixture
def videos(workdir):
    return task_of(workdir.load_settings()).evaluated("test")["image"]


@pytest.mark.slow
def test_a_run_leaves_its_results(workdir):
    result = workdir.load_result()
    assert result["test_cases"] == 3000
    assert len(result["test_error_by_glimpse"]) == 3
    assert len(result["pixels_by_glimpse"]) == 3
    names = ("mc10", "random_fixations", "centre_only", "first_frame_only")
    for name in names:
        errors = result[f"test_error_{name}_by_glimpse"]
        assert len(errors) == 3
        assert result[f"test_error_{name}"] == errors[-1]
    # The first glimpse is the first frame's in either case.
    first = result["test_error_first_frame_only_by_glimpse"]
    assert first[0] == result["test_error_by_glimpse"][0]
    assert first[1:] != result["test_error_by_glimpse"][1:]
    assert result["config"]["frames"] == 3
    with Image.open(workdir.picture) as picture:
        assert min(picture.size) > 200


@pytest.mark.slow
def test_evaluate_gives_the_same_errors(workdir, tmp_path, run_command, capsys):
    out = tmp_path / "again.json"
    run = f"--workdir={workdir.path}"
    assert run_command(evaluate, run, f"--out={out}") == 0
    assert "first frame only" in capsys.readouterr().out
    before, again = workdir.load_result(), json.loads(out.read_text())
    errors = {name for name in before if name.startswith("test_")}
    assert {n: again[n] for n in errors} == {n: before[n] for n in errors}


@pytest.mark.slow
def test_predict_reads_animated_images(
    workdir, videos, tmp_path, run_command, capsys
):
    files = [str(tmp_path / f"{row}.tiff") for row in range(2)]
    for file, video in zip(files, videos, strict=False):
        first, *others = map(Image.fromarray, video[..., 0])
        first.save(file, save_all=True, append_images=others)
    picture = tmp_path / "strips.png"
    run = [f"--workdir={workdir.path}", f"--picture={picture}"]
    assert run_command(predict, *run, *files) == 0
    answers = workdir.load_model()(videos[:2])["probabilities"][:, -1].numpy()
    said = capsys.readouterr().out
    for file, answer in zip(files, answers, strict=True):
        best = answer.argmax()
        assert f"{file}: {best} ({100 * answer[best]:.1f}%)" in said
    with Image.open(picture) as drawn:
        assert min(drawn.size) > 200


@pytest.mark.slow
def test_predict_wants_as_many_frames(workdir, tmp_path, run_command, capsys):
    file = str(tmp_path / "still.png")
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(file)
    run = f"--workdir={workdir.path}"
    assert run_command(predict, run, file) == 1
    message = capsys.readouterr().err
    assert "must have 3 frames, as the model's videos. Received: 1" in message


@pytest.mark.slow
def test_an_exported_model_is_stepped_through_a_video(
    workdir, videos, tmp_path, run_command
):
    import tensorflow as tf

    run = [f"--workdir={workdir.path}", f"--out={tmp_path}"]
    assert run_command(export, *run, "--format=saved_model,tflite") == 0
    place = tmp_path / "tiny" / "1"
    outputs = workdir.load_model()(videos[:1])["probabilities"].numpy()
    loaded = tf.saved_model.load(place)
    state = loaded.signatures["initial_state"](stream=tf.zeros([1], tf.int32))
    for t in range(3):
        frame = tf.constant(videos[:1, t])
        state = loaded.signatures["step"](frame=frame, **state)
        answer = state.pop("probabilities").numpy()
        np.testing.assert_allclose(answer, outputs[:, t], atol=1e-4)
    about = json.loads((place / "tiny.json").read_text())
    assert about["glimpses"] == 3


@pytest.mark.slow
def test_what_knows_still_images_only(workdir, tmp_path, run_command, capsys):
    run = f"--workdir={workdir.path}"
    assert run_command(release, run, f"--dir={tmp_path}") == 1
    assert "Received: a run with --frames=3" in capsys.readouterr().err
    assert run_command(invariance, f"--workdirs={workdir.path}") == 1
    assert "one digit that stands still" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--frames=8", "--network=conv"], "--frames needs --network=ram"),
        (["--frames=-1"], "--frames=-1"),
        (["--speed=-1"], "--speed=-1"),
    ],
)
def test_flags_out_of_range(arguments, words, run_command, capsys):
    assert run_command(mnist, *arguments) == 1
    assert words in capsys.readouterr().err


def test_a_digit_that_is_faster_than_the_canvas(run_command, tmp_path, capsys):
    workdir = tmp_path / "run"
    arguments = [*TINY, "--speed=40", f"--workdir={workdir}"]
    assert run_command(mnist, *arguments) == 1
    message = capsys.readouterr().err
    assert (
        "`speed` must lie between 0 and the side of the canvas, 32" in message
    )
    assert not workdir.exists()
