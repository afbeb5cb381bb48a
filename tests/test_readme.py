"""What README.md says can be run, or read off a record, is true."""

import pathlib
import re

import numpy as np
import pytest

from ram_tf import pretrained

README = pathlib.Path(__file__).parents[1].joinpath("README.md").read_text()


def test_released_models_are_listed_with_their_errors():
    rows = re.findall(r"\| `(\w+)` \| (\d+)×\d+ \| ([\d.]+) \|", README)
    listed = {name: (int(side), float(error)) for name, side, error in rows}
    assert listed == {
        name: (record["config"]["canvas"], record["test_error"])
        for name in pretrained.classifiers()
        for record in [pretrained.record(name)]
    }


def test_the_library_can_be_used_as_shown(digits):
    section = README.split("## As a library")[1].split("\n## ")[0]
    names = {
        "images": np.zeros([3, 60, 60, 1], np.uint8),
        "labels": digits.test.label[:3],
        "step": 5,
    }
    for block in re.findall(r"```python\n(.*?)```", section, re.DOTALL):
        exec(block, names)  # As a reader would, one after another.
    assert names["outputs"]["probabilities"].shape == (2, 8, 10)
    assert names["outputs"]["locations"].shape == (2, 8, 2)
    assert np.isfinite(names["info"].loss)


@pytest.mark.parametrize("package", ["trainers", "benchmarks"])
def test_commands_and_files_are_there(package):
    root = pathlib.Path(__file__).parents[1]
    commands = set(re.findall(rf"python -m {package}\.(\w+)", README))
    assert commands
    for command in commands:
        assert (root / package / f"{command}.py").exists()
    for name in re.findall(r"(\w+\.flags)\b", README):
        if name != "NAME.flags":
            assert (root / "ram_tf_runs" / "flagfiles" / name).exists()
