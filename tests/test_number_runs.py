"""Runs on whole numbers, by the commands, and their part of the report."""

import json
import re

import numpy as np
import pytest
from PIL import Image
from test_house_numbers import write_numbers

from ram_tf_commands import evaluate, export, mnist, numbers, predict, release
from ram_tf_data.contrast import standardise
from ram_tf_reports import document
from ram_tf_runs.command import FLAGFILES
from ram_tf_runs.records.recipe import command, parse
from ram_tf_runs.settings.kinds.numbers import NumbersSettings
from ram_tf_runs.tasks.kinds.numbers import NumbersTask

TINY = [
    "--source=digits",
    "--canvas=40",
    "--max_digits=2",
    "--glimpses=6",
    "--glimpse_size=8",
    "--core_units=16",
    "--units=16",
    "--glimpse_units=16",
    "--location_units=8",
    "--epochs=2",
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory, run_command):
    """A finished run of each kind, by --network."""
    path = tmp_path_factory.mktemp("runs")
    for network in ("ram", "conv"):
        flag = f"--network={network}"
        assert not run_command(
            numbers, *TINY, flag, f"--workdir={path / network}"
        )
    return path


def _result(path):
    return json.loads((path / "result.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("network", ["ram", "conv"])
def test_a_run_leaves_its_errors_by_length(trained, network):
    result = _result(trained / network)
    by_length = result["test_error_by_length"]
    cases = result["test_cases_by_length"]
    assert len(by_length) == 2
    assert sum(cases) == result["test_cases"] == 3000
    weighted = np.dot(by_length, cases) / 3000
    assert result["test_error"] == pytest.approx(weighted, abs=1e-3)
    assert len(result["multiply_adds_by_glimpse"]) == 1
    assert (trained / network / "glimpses.png").exists() == (network == "ram")
    fixations = "test_error_random_fixations"
    assert (fixations in result) == (network == "ram")
    rows = (trained / network / "metrics.jsonl").read_text().splitlines()
    losses = [json.loads(row)["loss"] for row in rows]
    assert losses[-1] < losses[0]


@pytest.mark.slow
def test_evaluate_gives_the_same_result(trained, tmp_path, run_command):
    path, out = trained / "ram", tmp_path / "again.json"
    assert not run_command(evaluate, f"--workdir={path}", f"--out={out}")
    again = json.loads(out.read_text())
    assert again.items() <= _result(path).items()
    assert "test_error_by_length" in again


@pytest.mark.slow
def test_predict_names_all_digits(trained, tmp_path, run_command, capsys):
    file = tmp_path / "number.png"
    pixels = np.random.default_rng(0).integers(0, 256, [40, 40], np.uint8)
    Image.fromarray(pixels).save(file)
    for network in ("ram", "conv"):
        workdir = f"--workdir={trained / network}"
        assert not run_command(predict, workdir, str(file))
        said = capsys.readouterr().out.splitlines()[0]
        assert re.fullmatch(rf"{file}: \d{{0,3}} \(\d+\.\d%\)", said)


@pytest.mark.slow
def test_numbers_are_not_released(trained, tmp_path, run_command, capsys):
    workdir, out = f"--workdir={trained / 'ram'}", f"--dir={tmp_path / 'out'}"
    assert run_command(release, workdir, out) == 1
    assert "answers with one class" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_numbers_are_not_exported(trained, tmp_path, run_command, capsys):
    workdir, out = f"--workdir={trained / 'ram'}", f"--out={tmp_path / 'out'}"
    assert run_command(export, workdir, out) == 1
    assert "`classify` has one answer. Received: one of --max_digits=2" in (
        capsys.readouterr().err
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_report_has_a_table_by_length(trained, tmp_path):
    folder = tmp_path / "results"
    assert "Whole numbers" not in document.render(tmp_path, folder)
    (folder / "numbers").mkdir(parents=True)
    for network in ("ram", "conv"):
        text = (trained / network / "result.json").read_text()
        (folder / "numbers" / f"{network}.json").write_text(text)
    text = document.render(tmp_path, folder)
    section = text.split("## Whole numbers")[1].split("\n## ")[0]
    assert "one to 2 MNIST digits" in section.replace("\n", " ")
    row = next(line for line in section.splitlines() if "| RAM " in line)
    first, second = _result(trained / "ram")["test_error_by_length"]
    assert f" {first:.2f} | " in row
    assert f" {second:.2f} | " in row
    assert "conv net, 2 layers" in section
    assert "python -m trainers.numbers" in section


@pytest.mark.slow
def test_the_report_refuses_other_numbers(trained, tmp_path):
    folder = tmp_path / "results" / "numbers"
    folder.mkdir(parents=True)
    result = _result(trained / "ram")
    (folder / "ram.json").write_text(json.dumps(result))
    result["config"]["canvas"] = 50
    (folder / "other.json").write_text(json.dumps(result))
    with pytest.raises(ValueError, match=r"same numbers as.*canvas=40 and 50"):
        document.render(tmp_path, folder.parent)
    del result["test_error_by_length"]
    (folder / "other.json").write_text(json.dumps(result))
    with pytest.raises(ValueError, match=r"other\.json must be of a run of"):
        document.render(tmp_path, folder.parent)


@pytest.mark.slow
def test_house_numbers_are_trained_on(tmp_path, run_command):
    digit = {"left": 4, "top": 3, "width": 6, "height": 9}
    for part, count in (("train", 40), ("test", 4)):
        write_numbers(
            tmp_path / part,
            [[digit | {"label": 1 + i % 10}] for i in range(count)],
        )
    path = tmp_path / "run"
    settings = [*TINY, f"--svhn_dir={tmp_path}", "--canvas=16"]
    assert not run_command(numbers, *settings, f"--workdir={path}")
    result = _result(path)
    assert result["test_cases_by_length"] == [4, 0]
    assert result["test_error_by_length"][1] is None
    again = tmp_path / "again.json"
    assert not run_command(evaluate, f"--workdir={path}", f"--out={again}")
    assert json.loads(again.read_text())["test_error"] == result["test_error"]


def test_house_numbers_can_be_standardised(tmp_path):
    digit = {"left": 4, "top": 3, "width": 6, "height": 9, "label": 1}
    for part in ("train", "test"):
        write_numbers(tmp_path / part, [[digit]] * 20)
    arguments = [*TINY, f"--svhn_dir={tmp_path}", "--canvas=16"]
    plain, found = (
        NumbersTask(parse(NumbersSettings, given)).source.test.image[0]
        for given in (arguments, [*arguments, "--standardise"])
    )
    np.testing.assert_array_equal(found, standardise(plain))
    assert (found != plain).any()


def test_the_flagfile_and_the_command_of_a_run():
    path = FLAGFILES / "numbers.flags"
    settings = parse(NumbersSettings, [f"--flagfile={path}"])
    expected = "python -m trainers.numbers --flagfile=numbers.flags"
    assert command(settings) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--max_digits=0"], "--max_digits must be at least 1"),
        (["--max_digits=2", "--glimpses=8"], "--glimpses must be a multiple"),
        ([*TINY, "--distort=0.1"], "Unknown flag --distort"),
        ([*TINY, "--clutter=4"], "Unknown flag --clutter"),
        ([*TINY, "--canvas=20"], "of 2 digits need a canvas of at least"),
        ([*TINY, "--svhn_dir=nowhere"], r"no nowhere.train.digitStruct\.mat"),
    ],
)
def test_bad_settings(arguments, message, tmp_path, run_command, capsys):
    workdir = f"--workdir={tmp_path / 'run'}"
    assert run_command(numbers, *arguments, workdir) == 1
    assert re.search(message, capsys.readouterr().err)


@pytest.mark.parametrize("flag", ["--max_digits=2", "--svhn_dir=x"])
def test_classifiers_have_no_numbers(flag, run_command, capsys):
    assert run_command(mnist, flag) == 1
    name = flag.partition("=")[0]
    assert (
        f"Unknown flag {name}. It belongs to other" in capsys.readouterr().err
    )
