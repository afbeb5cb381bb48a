"""Each study says what it needs of a run that is none of its kind."""

import json
import re
import shutil

import pytest

from ram_tf_commands import (
    catch_film,
    export,
    invariance,
    larger_canvases,
    photographs,
    predict,
    release,
    sizes,
    stopping,
)
from tests.fixtures import kinds_of_run

LOOKS = "Received: one that (reads|plays)"
# What each says of runs; the name of a kind, or all others.
REFUSALS = [
    (larger_canvases, "numbers", LOOKS),
    (larger_canvases, "catch", LOOKS),
    (larger_canvases, "conv", "one of RAM.*a run with --network=conv"),
    (larger_canvases, "no_test", "a run that had a test set.*no_test"),
    (sizes, "numbers", LOOKS),
    (sizes, "play", LOOKS),
    (sizes, "conv", "of any size.*conv, of --network=conv"),
    (sizes, "no_test", "--scales=0"),
    (stopping, "numbers", "classify images.*reads numbers"),
    (stopping, "play", "classify images.*plays ram_tf/Catch-v0"),
    (stopping, "classify", "made with --stop.*classify"),
    (invariance, "numbers", "classify images.*reads numbers"),
    (invariance, "catch", "classify images.*plays Catch"),
    (invariance, "video", "one digit that stands still.*video"),
    (invariance, "no_test", "had a test set.*no_test"),
    (invariance, "conv", "larger than the images.*28x28.*28x28"),
    (catch_film, "numbers", "plays Catch.*one that reads numbers"),
    (catch_film, "play", "plays Catch.*plays ram_tf/Catch-v0"),
    (catch_film, "conv", "plays Catch.*one that classifies"),
    (predict, "catch", "cannot show pictures.*plays Catch"),
    (export, "numbers", "Models of numbers cannot be exported"),
    (export, "play", "cannot export.*plays ram_tf/Catch-v0"),
    (release, "video", "still images.*--frames=2"),
    (release, "play", "play Catch.*--env=ram_tf/Catch-v0"),
]


def _run(name, folder):
    """The directory of a run of a kind; `no_test` had no test pictures."""
    kind = "folder" if name == "no_test" else name
    shutil.copytree(kinds_of_run.finished(kind), folder / name)
    if name == "no_test":
        for file in ("config.json", "result.json"):
            path = folder / name / file
            record = json.loads(path.read_text())
            record["config"]["test_dir"] = None
            path.write_text(json.dumps(record))
    return name


@pytest.mark.parametrize(("command", "kind", "words"), REFUSALS)
def test_what_it_needs_is_said(
    command, kind, words, run_command, tmp_path, monkeypatch, capsys
):
    kinds_of_run.write_pictures(tmp_path)
    kinds_of_run.write_unseen(tmp_path)
    monkeypatch.chdir(tmp_path)
    flag = "workdirs" if command in (stopping, invariance) else "workdir"
    arguments = [f"--{flag}={_run(kind, tmp_path)}"]
    if command is invariance:
        arguments.append("--cases=4")
    if command is predict:
        arguments.append("still.png")
    if command is export:
        arguments.append("--out=exports")
    assert run_command(command, *arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(f"error: .*{words}.*", line)


@pytest.mark.parametrize(
    ("command", "flag", "rule"),
    [
        (larger_canvases, "--canvases=", "whole numbers above zero"),
        (larger_canvases, "--canvases=30,0", "whole numbers above zero"),
        (larger_canvases, "--canvases=30,x", "whole numbers above zero"),
        (photographs, "--shorter=63", "at least 64"),
        (photographs, "--shorter=8193", "at most 8192"),
    ],
)
def test_sizes_that_are_none(
    command, flag, rule, run_command, tmp_path, capsys
):
    out = f"--out={tmp_path / 'out'}"
    assert run_command(command, flag, out) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert rule in line
    assert flag in line
    assert not (tmp_path / "out").exists()
