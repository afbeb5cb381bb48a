"""Errors by the place of the digit, against digits placed by hand."""

import json

import numpy as np
import pytest
from PIL import Image

from ram_tf_commands import invariance
from ram_tf_data.canvas import Canvas
from ram_tf_data.sources import Split
from ram_tf_reports.place_errors import corners, error_grid, halves
from ram_tf_runs.records.workdir import Workdir, write_json
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from ram_tf_runs.tasks.kinds.classify import ClassifyTask

SIDE = 36
CASES = 60


def _settings(**changes):
    """All settings at their defaults but some."""
    small = {"source": "digits", "canvas": SIDE, "glimpses": 2, "scales": 2}
    return ClassifySettings.build(small | changes)


def _model(**changes):
    """A new model of such settings."""
    return ClassifyTask(_settings(**changes)).make_model()


def _maker(model):
    """What makes the evaluators of a model."""
    task = ClassifyTask(_settings())
    return lambda data: task.make_evaluator(model, data)


@pytest.fixture(scope="module")
def split(digits):
    return Split(digits.test.image[:CASES], digits.test.label[:CASES])


@pytest.fixture(scope="module", params=["ram", "fc_64"])
def model(request):
    """Not trained, and so nothing that the place cannot change."""
    return _model(network=request.param)


def test_each_error_is_that_of_digits_placed_by_hand(model, split):
    rows, columns = [0, 5, 8], [1, 8]
    grid = error_grid(_maker(model), split, Canvas(SIDE), rows, columns)
    expected = np.zeros([3, 2])
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            images = np.zeros([CASES, SIDE, SIDE, 1], np.uint8)
            images[:, row : row + 28, column : column + 28] = split.image
            answers = model(images)["probabilities"].numpy()[:, -1].argmax(-1)
            expected[i, j] = 100 * np.mean(answers != split.label)
    np.testing.assert_allclose(grid, expected, atol=1e-4)
    assert len(np.unique(expected)) > 2  # Or this would show little.


def test_places_are_counted(model, split):
    done = []
    error_grid(
        _maker(model),
        split,
        Canvas(SIDE),
        [0, 8],
        [0, 8],
        lambda: done.append(1),
    )
    assert len(done) == 4


def test_corners_reach_from_edge_to_edge(split):
    assert corners(Canvas(60), split.image, 3) == [[0, 16, 32]] * 2
    assert corners(Canvas(60), split.image, 5) == [[0, 8, 16, 24, 32]] * 2
    wide = np.zeros([1, 2, 4, 1], np.uint8)
    assert corners(Canvas(6), wide, 3) == [[0, 2, 4], [0, 1, 2]]


@pytest.mark.parametrize("count", [1, 34])
def test_places_that_are_not_there(split, count):
    with pytest.raises(
        ValueError, match=rf"--places must.*between 2 and 33.*: {count}"
    ):
        corners(Canvas(60), split.image, count)


def test_halves_by_hand():
    grid = np.array([[1.0, 2.0, 5.0], [3.0, 6.0, 9.0]])
    # On 60 a digit of 28 at column 16 is in the middle, and counts as left.
    assert halves(grid, Canvas(60), 28, [0, 16, 17]) == {
        "left": 3.0,
        "right": 7.0,
    }
    assert halves(grid, Canvas(60, place="right"), 28, [0, 17, 32]) == {
        "left": 2.0,
        "right": 5.5,
    }


@pytest.fixture(scope="module")
def workdirs(tmp_path_factory):
    """Directories as training leaves them, but for the training."""
    paths = {}
    for name, changes in {
        "ram": {},
        "fc_64": {"network": "fc_64"},
        "anywhere": {"network": "fc_64", "place": "anywhere"},
        "standardised": {"network": "fc_64", "standardise": True},
    }.items():
        settings = _settings(**{"place": "left"} | changes)
        paths[name] = tmp_path_factory.mktemp("runs") / name
        run_dir = Workdir(paths[name])
        run_dir.claim(settings, {})
        run_dir.save_model(ClassifyTask(settings).make_model())
    return paths


def test_the_command_measures_all_models(
    workdirs, run_command, tmp_path, split, capsys
):
    out, picture = tmp_path / "errors.json", tmp_path / "maps.png"
    code = run_command(
        invariance,
        f"--workdirs={workdirs['ram']},{workdirs['fc_64']}",
        "--places=2",
        f"--cases={CASES}",
        f"--out={out}",
        f"--picture={picture}",
    )
    printed = capsys.readouterr()
    assert code == 0, printed.err
    result = json.loads(out.read_text())
    assert list(result["models"]) == ["ram", "fc_64"]
    assert result["rows"] == result["columns"] == [0, 8]
    assert result["cases_per_place"] == CASES
    assert result["place"] == "left"
    fc_64 = _maker(_model(network="fc_64"))
    np.testing.assert_allclose(
        result["models"]["fc_64"]["grid"],
        error_grid(fc_64, split, Canvas(SIDE), [0, 8], [0, 8]),
    )
    for name, measured in result["models"].items():
        expected = _settings(place="left", network=name).record()
        assert measured["config"] == json.loads(json.dumps(expected))
        grid = np.array(measured["grid"])
        means = [measured["left"], measured["right"]]
        np.testing.assert_allclose(grid.mean(axis=0), means, atol=1e-4)
        row = f"{name} {means[0]:.2f} {means[1]:.2f}"
        assert row in " ".join(printed.out.split())
    with Image.open(picture) as image:
        assert min(image.size) > 400


@pytest.mark.parametrize(
    ("names", "arguments", "words"),
    [
        ([], [], "--workdirs must name a finished run"),
        (["ram", "anywhere"], [], "place was 'left', now 'anywhere'"),
        (["ram", "standardised"], [], "standardise was False, now True"),
        (["ram", "ram"], [], "two of the name ram"),
        (["ram"], ["--cases=301"], "--cases must be at most 300"),
        (["ram"], ["--cases=9", "--places=10"], "between 2 and 9"),
    ],
)
def test_runs_that_cannot_be_measured(
    workdirs, run_command, names, arguments, words, capsys
):
    paths = ",".join(str(workdirs[name]) for name in names)
    code = run_command(invariance, f"--workdirs={paths}", *arguments)
    assert code == 1
    assert words in capsys.readouterr().err


def test_a_run_that_has_not_finished(run_command, tmp_path, capsys):
    write_json(
        tmp_path / "config.json",
        {"config": _settings().record(), "machine": {}},
    )
    assert run_command(invariance, f"--workdirs={tmp_path}") == 1
    assert "the run has not finished" in capsys.readouterr().err
