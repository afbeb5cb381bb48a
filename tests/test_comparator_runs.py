"""Comparators, trained and used by the commands."""

import functools
import json
import re

import pytest
from PIL import Image

from ram_tf_commands import evaluate, mnist, predict


@pytest.fixture(scope="module")
def trained(tmp_path_factory, run_command):
    """Trains a network, once; gives the directory of the run."""

    @functools.cache
    def train(network):
        path = tmp_path_factory.mktemp("runs") / network
        settings = ["--source=digits", "--epochs=6", "--evaluate_every=6"]
        settings += [f"--network={network}", f"--workdir={path}"]
        assert run_command(mnist, *settings) == 0
        return path

    return train


@pytest.mark.slow
@pytest.mark.parametrize("network", ["fc_64", "fc_256", "conv", "conv_any"])
def test_a_run_leaves_its_results(network, trained):
    path = trained(network)
    result = json.loads((path / "result.json").read_text())
    assert result["config"]["network"] == network
    assert result["test_cases"] == 3000
    assert result["test_error"] < 40  # Chance is 90.
    assert result["test_error_by_glimpse"] == [result["test_error"]]
    assert result["pixels_by_glimpse"] == [784]
    assert len(result["multiply_adds_by_glimpse"]) == 1
    # It looks nowhere, so there is nothing to say or draw about looking.
    assert not [n for n in result if "fixations" in n or "mc10" in n]
    assert not (path / "glimpses.png").exists()
    assert "location_spread" not in (path / "metrics.jsonl").read_text()


@pytest.mark.slow
def test_evaluate_gives_the_same_result(trained, run_command, tmp_path):
    path, out = trained("conv"), tmp_path / "again.json"
    assert run_command(evaluate, f"--workdir={path}", f"--out={out}") == 0
    before = json.loads((path / "result.json").read_text())
    again = json.loads(out.read_text())
    assert again.items() <= before.items()
    assert {"test_error", "parameters"} <= again.keys()


@pytest.mark.slow
def test_predict_names_the_class_and_draws_nothing(
    trained, run_command, tmp_path, digits, capsys
):
    path, file = trained("conv"), tmp_path / "digit.png"
    Image.fromarray(digits.test.image[0, ..., 0]).save(file)
    arguments = [f"--workdir={path}", str(file)]
    assert run_command(predict, *arguments) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert re.fullmatch(rf"{file}: \d \(\d+\.\d%\)", line)
    assert not (path / "predictions.png").exists()


def test_a_network_that_is_not_known(run_command, capsys):
    assert run_command(mnist, "--network=vit") == 1
    known = "'conv_any', 'conv_128']. Received: --network=vit"
    assert known in capsys.readouterr().err
