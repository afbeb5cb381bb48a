"""What models are asked about, by task; answers and weights that are none."""

import numpy as np
import pytest
from PIL import Image

from ram_tf_commands import predict
from ram_tf_data import answers
from ram_tf_data.files import read
from ram_tf_data.gate import Gate
from ram_tf_runs import model_source
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from ram_tf_runs.settings.kinds.numbers import NumbersSettings
from ram_tf_runs.tasks.registry import task_of


def _task(kind=ClassifySettings, **settings):
    return task_of(kind.build(settings))


def test_the_gate_is_what_the_settings_say():
    standardised = {"source": "svhn_cropped", "standardise": True}
    assert _task(canvas=40).gate(1, True) == Gate(40, 1, invert=True)
    made = _task(canvas=40, **standardised).gate(3)
    assert made == Gate(40, 3, standardised=True)
    made = _task(canvas=40, frames=3, **standardised).gate(3)
    assert made == Gate(40, 3, standardised=True, frames=3)
    made = _task(NumbersSettings).gate(1)
    assert made == Gate(NumbersSettings().numbers.canvas, 1)


def test_a_digit_that_was_found_stands_on_a_canvas_of_any_size():
    settings = {"scales": 0, "encoder_scales": 2, "first_fixation": "centre"}
    task = _task(canvas=128, location_policy="cells", **settings)
    assert task.gate(1) == Gate(None, 1)
    assert task.gate(1, find_ink=True) == Gate(128, 1, find_ink=True)


def test_ink_of_numbers_is_not_found():
    with pytest.raises(ValueError, match=r"single digits.*--max_digits="):
        _task(NumbersSettings).gate(1, find_ink=True)


def test_videos_of_standardised_models(tmp_path):
    """Row W8: a deviation of 11.8 where models know 64."""
    frames = np.random.default_rng(0).integers(30, 71, (2, 28, 28), np.uint8)
    path = str(tmp_path / "video.tiff")
    first, second = map(Image.fromarray, frames)
    first.save(path, save_all=True, append_images=[second])
    for standardise, deviation in ((False, 11.8), (True, 64)):
        task = _task(canvas=28, frames=2, standardise=standardise)
        pixels = read(path, task.gate(1)).pixels
        assert pixels.shape == (2, 28, 28, 1)
        for frame in pixels:
            assert frame.std() == pytest.approx(deviation, rel=0.05)


def test_weights_of_nan_are_named(make_model, tmp_path):
    model = make_model()
    model_source.Trained("fine", None, model, tmp_path)
    weight = model.weights[2]
    values = np.array(weight)
    values.flat[1] = np.nan
    weight.assign(values)
    with pytest.raises(
        ValueError, match=rf"weights of mine.*{weight.path} with 1 of"
    ):
        model_source.Trained("mine", None, model, tmp_path)


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        ({"probabilities": [[0.5, 0.5], [np.nan, 1]]}, "with NaN"),
        ({"probabilities": [0.5, 0.5], "locations": [np.nan]}, "`locations`"),
        ({"probabilities": [1.5, -0.5]}, "shares of 1"),
        ({"class": 1}, "must have .'probabilities'"),
        ({"probabilities": ["a", "b"]}, "`probabilities` must be numbers"),
        ({"probabilities": []}, "`probabilities`"),
        ({"probabilities": [0.5, 0.5], "class": [0]}, "`class`"),
        ({"probabilities": [0.5, 0.5], "class": 0.5}, "`class`"),
        ({"probabilities": [0.3, 0.7], "class": 0}, "the largest share"),
    ],
)
def test_answers_that_are_none(outputs, words):
    with pytest.raises(ValueError, match=rf"x\.png.*{words}"):
        answers.check("x.png", outputs)


def test_answers_that_are_some():
    answers.check("x.png", {"probabilities": [[0.2, 0.8], [1, 0]], "class": 1})


def test_predict_refuses_what_is_blank(tmp_path, run_command, capsys):
    path = tmp_path / "ink.png"
    pixels = np.zeros((28, 28, 4), np.uint8)
    pixels[4:24, 13:16, 3] = 255  # Black on nothing.
    Image.fromarray(pixels).save(path)
    flags = ["--pretrained=mnist", f"--picture={tmp_path / 'out.png'}"]
    assert run_command(predict, *flags, str(path)) == 1
    assert "ink.png' is blank" in capsys.readouterr().err
    assert run_command(predict, *flags, "--invert", str(path)) == 0
    assert f"{path}: 1 (" in capsys.readouterr().out


@pytest.mark.slow
def test_photographed_digits_are_known(mnist, tmp_path, run_command, capsys):
    """Dark ink on shaded paper, of sizes and at places of its own."""
    images, labels = mnist.test.image[:8], mnist.test.label[:8]
    rng, files = np.random.default_rng(3), []
    for row, digit in enumerate(images[..., 0]):
        paper = 150 + np.arange(640) / 8 + rng.normal(0, 4, (480, 640))
        side = int(rng.integers(130, 300))
        ink = np.asarray(Image.fromarray(digit).resize((side, side)))
        top, left = rng.integers(0, 480 - side), rng.integers(0, 640 - side)
        paper[top : top + side, left : left + side] *= 1 - ink / 340
        files.append(str(tmp_path / f"{row}.png"))
        Image.fromarray(paper.clip(0, 255).astype(np.uint8)).save(files[-1])
    flags = ["--pretrained=translated", f"--picture={tmp_path / 'out.png'}"]
    assert run_command(predict, *flags, "--find_ink", *files) == 0
    captured = capsys.readouterr()
    said = [line.split(": ")[1] for line in captured.out.splitlines()[:8]]
    assert [int(one.split()[0]) for one in said] == labels.tolist()
    assert "mostly light" not in captured.err
    assert run_command(predict, *flags, files[0]) == 0
    assert f"note: {files[0]} is mostly light" in capsys.readouterr().err


_SHARES = np.full((1, 4), 0.25, np.float32)
_WHOLE = {
    "class": np.array([3], np.int32),
    "probabilities": _SHARES,
    "probabilities_by_glimpse": np.stack([_SHARES, _SHARES], 1),
    "locations": np.zeros((1, 2, 2), np.float32),
}


@pytest.mark.parametrize("name", _WHOLE)
@pytest.mark.parametrize(
    "value",
    [
        *(np.zeros(shape, np.float32) for shape in ((), (0,), (1,), (1, 0))),
        *(
            np.zeros(shape, np.float32)
            for shape in ((2, 4), (1, 3, 3), (1,) * 5)
        ),
        *(np.array(value) for value in ([1.5], [np.inf], [b"x"], ["a"], [99])),
    ],
)
def test_outputs_of_another_shape(name, value):
    """Of a server, which may have a model that is not ours."""
    one = answers.of_one("x.png", _WHOLE, tuple(_WHOLE))
    assert one.keys() == _WHOLE.keys()
    others = {"more": np.array([["?"]]), name: value}
    with pytest.raises(ValueError, match=rf"x\.png.*{name}") as told:
        answers.of_one("x.png", _WHOLE | others, ("class", "probabilities"))
    assert told.value.for_the_user
    del others[name]
    lacking = {n: v for n, v in _WHOLE.items() if n != name} | others
    with pytest.raises(ValueError, match=rf"must have .*{name}"):
        answers.of_one("x.png", lacking, (name, *_WHOLE))
