"""What commit 2e2c5ee left on disk is resumed, measured and used as before.

`fixtures/make_old_runs.py` made these runs, each of them tiny; their arguments
are in `fixtures/kinds_of_run.py`. On one machine all is equal to the bit, which
`benchmarks.same_bits` shows. Here it may be another processor's arithmetic:
compiled for AVX2 and SSE4.2 instead of AVX-512, the weights differed by 3e-6 at
most (those of `play`, whose steps are the largest; by 1e-7 otherwise), and no
answer did.
"""

import contextlib
import functools
import io
import json
import pathlib
import re
import shutil

import keras
import numpy as np
import pytest

from tests.fixtures import kinds_of_run, measured, probe
from tests.fixtures.kinds_of_run import KINDS, OLD_RUNS, finished
from trainers import (
    catch,
    classify,
    device,
    evaluate,
    export,
    mnist,
    numbers,
    play,
    predict,
    release,
    report,
    search,
    svhn,
)

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORDS = sorted(
    path.relative_to(ROOT)
    for folder in ("results", "ram_tf/pretrained")
    for path in (ROOT / folder).rglob("*.json")
)
TRAINERS = {
    "catch": catch,
    "classify": classify,
    "mnist": mnist,
    "numbers": numbers,
    "play": play,
    "svhn": svhn,
}
CLASSIFIERS = [name for name in KINDS if kinds_of_run.unseen(name)]
# A prediction as it is printed: the class, its probability, glimpses if any.
SAID = re.compile(r"\S+: (.*) \((.*)%\)(.*)")

each_kind = pytest.mark.parametrize("name", KINDS)


@pytest.fixture(scope="module")
def called(run_command):
    """Runs a command in a directory; returns its output, once it succeeded."""

    def called(root, module, *arguments):
        output = io.StringIO()
        with contextlib.chdir(root), contextlib.redirect_stdout(output):
            code = run_command(module, *arguments)
        assert code == 0, output.getvalue()
        return output.getvalue()

    return called


@pytest.fixture
def shared(request):
    """Gives the folder that a kind's data is in; skips where it is not.

    That of svhn may not be committed.
    """

    def shared(name):
        if KINDS[name].shared:
            return request.getfixturevalue("svhn_small_dir").parent
        return pathlib.Path()

    return shared


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """Copies a run, stopped or finished; returns the directory it is in."""

    def copied(name, state):
        root = tmp_path_factory.mktemp(name)
        kinds_of_run.write_unseen(root)
        if name == "folder":
            kinds_of_run.write_pictures(root)
        if needed := KINDS[name].needs:
            shutil.copytree(finished(needed), root / needed)
        shutil.copytree(OLD_RUNS / name / state, root / name)
        return root

    return copied


@pytest.fixture(scope="module")
def resumed(called, copied):
    """Takes a stopped run up, once: the directory it is in, and the output."""

    @functools.cache
    def resumed(name, shared):
        root = copied(name, "stopped")
        arguments = kinds_of_run.command(name, shared)
        return root, called(root, TRAINERS[KINDS[name].trainer], *arguments)

    return resumed


@pytest.fixture
def evaluated(called, shared):
    """Measures a run again; returns the record."""

    def evaluated(root, name):
        arguments = kinds_of_run.data_dir(name, shared(name))
        arguments += [f"--workdir={name}", "--out=again.json"]
        called(root, evaluate, *arguments)
        return json.loads((root / "again.json").read_text())

    return evaluated


def _result(run):
    return json.loads((run / "result.json").read_text())


def _rows(run):
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def _approx(name, number, cases):
    """What a number may be: two cases more or less, else as it was rounded."""
    if isinstance(number, int | str):
        return number
    if re.search("catch_rate|return|accuracy|glimpses|standard_error", name):
        return pytest.approx(number, rel=1e-4, abs=2 / cases)
    if "error" in name:  # In %.
        return pytest.approx(number, abs=200 / cases)
    return pytest.approx(number, rel=1e-4, abs=1e-4)


def _assert_same(found, expected, cases):
    """All that is expected was found; what is newer may be there, too."""
    found, expected = measured.numbers(found), measured.numbers(expected)
    assert expected
    for name, number in expected.items():
        assert found[name] == _approx(name, number, cases), name


def _cases(result):
    names = ("test_cases", "test_games", "test_episodes")
    return next(result[name] for name in names if name in result)


@pytest.mark.slow
@each_kind
def test_a_stopped_run_ends_as_it_would_have(name, resumed, shared):
    root, output = resumed(name, shared(name))
    stopped = _rows(OLD_RUNS / name / "stopped")[-1]["step"]
    assert f"resuming from step {stopped}\n" in output
    weights = probe.weights(root / name / "model.keras")
    with np.load(finished(name) / "weights.npz") as expected:
        assert list(weights) == list(expected)
        for place, array in expected.items():
            np.testing.assert_allclose(weights[place], array, atol=1e-5)
    expected = _result(finished(name))
    _assert_same(_result(root / name), expected, _cases(expected))
    rows = _rows(finished(name))
    assert len(rows) > KINDS[name].stopped_after
    _assert_same(_rows(root / name), rows, _cases(expected))


@each_kind
def test_the_weights_of_a_finished_run_are_read(name):
    weights = probe.weights(finished(name) / "model.keras")
    with np.load(finished(name) / "weights.npz") as expected:
        assert list(weights) == list(expected)
        for place, array in expected.items():
            np.testing.assert_array_equal(weights[place], array)


# That of `only_stop` is measured as `stop` is, and takes its time.
@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in KINDS if n != "only_stop"])
def test_a_finished_run_is_evaluated(name, copied, evaluated):
    again = evaluated(copied(name, "finished"), name)
    _assert_measured_again(again, _result(finished(name)))


# Few: what is resumed is measured at its end, too.
@pytest.mark.slow
@pytest.mark.parametrize("name", ["conv", "numbers_conv"])
def test_a_resumed_run_is_evaluated(name, resumed, shared, evaluated):
    root, _ = resumed(name, shared(name))
    _assert_measured_again(evaluated(root, name), _result(root / name))


def _assert_measured_again(again, result):
    """All that is measured again is as in the record of the run."""
    both = {name: value for name, value in result.items() if name in again}
    assert measured.numbers(both).keys() == measured.numbers(again).keys()
    _assert_same(again, both, _cases(result))


def _predicted(root, name, called):
    """The class, the certainty in % and the glimpses that are told."""
    arguments = [f"--workdir={name}", kinds_of_run.unseen(name)]
    line, _ = called(root, predict, *arguments).split("\n", 1)
    return _told(line)


def _told(line):
    said, certain, used = SAID.fullmatch(line.strip()).groups()
    return said, pytest.approx(float(certain), abs=0.2), used


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_finished_run_predicts(name, copied, called):
    expected = (finished(name) / "predicted.txt").read_text()
    root = copied(name, "finished")
    assert _predicted(root, name, called) == _told(expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_resumed_run_predicts(name, resumed, shared, called):
    expected = (finished(name) / "predicted.txt").read_text()
    root, _ = resumed(name, shared(name))
    assert _predicted(root, name, called) == _told(expected)


@pytest.mark.slow
def test_a_finished_run_is_served(copied, called):
    import tensorflow as tf

    root = copied("classify", "finished")
    called(root, export, "--workdir=classify", "--out=models")
    served = tf.saved_model.load(root / "models" / "classify" / "1")
    images = np.random.default_rng(0).integers(0, 256, [5, 32, 32, 1], np.uint8)
    outputs = served.signatures["serving_default"](image=tf.constant(images))
    model = keras.saving.load_model(root / "classify" / "model.keras")
    np.testing.assert_allclose(
        outputs["probabilities_by_glimpse"],
        model(images)["probabilities"],
        atol=1e-5,
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stop", "catch"])
def test_a_finished_run_is_put_on_a_device(name, copied, called, capsys):
    root = copied(name, "finished")
    arguments = [f"--workdir={name}", "--out=models", "--format=tflite"]
    called(root, export, *arguments)
    place = root / "models" / name / "1"
    about = json.loads((place / f"{name}.json").read_text())
    assert measured.numbers(about["measured"])
    if file := kinds_of_run.unseen(name):
        arguments = [f"--model={place / name}.tflite", str(root / file)]
        assert device.main(arguments) == 0
        line = capsys.readouterr().out.splitlines()[0]
        expected = (finished(name) / "predicted.txt").read_text()
        for part in expected.strip().partition(": ")[2].split(", "):
            assert part in line


def test_a_finished_run_is_released(copied, called):
    root = copied("classify", "finished")
    called(root, release, "--workdir=classify", "--dir=out", "--name=old")
    card = (root / "out" / "old.md").read_text()
    assert f"{_result(finished('classify'))['test_error']:.2f}" in card


@pytest.mark.slow
def test_a_stopped_search_ends_as_it_would_have(tmp_path, called):
    shutil.copytree(OLD_RUNS / "search" / "stopped", tmp_path / "search")
    output = called(tmp_path, search, *kinds_of_run.SEARCH)
    assert "trial 3 of 3" in output
    assert "trial 2 of 3" not in output
    record = json.loads((tmp_path / "search" / "study.json").read_text())
    expected = OLD_RUNS / "search" / "finished" / "study.json"
    trials = json.loads(expected.read_text())["trials"]
    _assert_same(record["trials"], trials, cases=500)


def _configs(value):
    """The configurations in a record, wherever they stand."""
    if isinstance(value, list):
        return [config for part in value for config in _configs(part)]
    if not isinstance(value, dict):
        return []
    own = [value["config"]] if "config" in value else []
    return own + _configs([v for k, v in value.items() if k != "config"])


@pytest.mark.parametrize("path", RECORDS, ids=str)
def test_every_record_is_that_of_a_run(path, tmp_path, run_command, capsys):
    """A directory with its configuration lacks a trained model, no more."""
    for i, config in enumerate(_configs(json.loads((ROOT / path).read_text()))):
        run = tmp_path / str(i)
        run.mkdir()
        record = {"config": config, "machine": {}}
        (run / "config.json").write_text(json.dumps(record))
        assert run_command(evaluate, f"--workdir={run}") == 1
        assert f"There is no {run}/model.keras" in capsys.readouterr().err


def test_every_record_is_reported(tmp_path, called):
    document = tmp_path / "RESULTS.md"
    called(ROOT, report, f"--document={document}")
    commands = re.findall("`python -m trainers[^`]*`", document.read_text())
    written = (ROOT / "RESULTS.md").read_text()
    assert commands
    assert commands == re.findall("`python -m trainers[^`]*`", written)


def test_records_of_these_runs_are_reported(tmp_path, called):
    """That of svhn among them, which can be resumed at few places only."""
    records = {"svhn_small/ram": "svhn", "numbers/conv": "numbers_conv"}
    for place, name in records.items():
        path = tmp_path / "results" / f"{place}.json"
        path.parent.mkdir(parents=True)
        shutil.copy(finished(name) / "result.json", path)
    arguments = ("--records=results", "--document=RESULTS.md")
    called(tmp_path, report, *arguments)
    text = (tmp_path / "RESULTS.md").read_text()
    for name in records.values():
        assert f"{_result(finished(name))['test_error']:.2f}" in text
