"""Files of a run that are damaged, or of another shape, are told by name."""

import json
import os
import pathlib
import shutil

import pytest

from ram_tf_commands import evaluate, release
from ram_tf_runs.errors import UserError
from ram_tf_runs.records.workdir import Workdir

FINISHED = pathlib.Path(__file__).parent / "fixtures/old_runs/classify/finished"


@pytest.fixture
def run(tmp_path):
    """The directory of a finished run."""
    return pathlib.Path(shutil.copytree(FINISHED, tmp_path / "run"))


def _told(capsys):
    """The one line of an error."""
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    return line


@pytest.mark.parametrize("start", [0, 0.3, 0.6, 0.97])
@pytest.mark.parametrize("damage", ["cut", "zeros", "noise"])
def test_a_damaged_model(run, start, damage):
    path = run / "model.keras"
    sound = path.read_bytes()
    start = int(start * len(sound))
    behind = {"cut": b"", "zeros": bytes(len(sound) - start)}
    behind["noise"] = b"\xa5\x3c" * ((len(sound) - start) // 2)
    path.write_bytes(sound[:start] + behind[damage])
    with pytest.raises(UserError) as told:
        Workdir(run).load_model()
    assert str(told.value).startswith(f"{path} is not a model that can be")
    assert "\n" not in str(told.value)


def test_a_damaged_model_is_one_line_of_a_command(run, run_command, capsys):
    (run / "model.keras").write_bytes(b"no zip")
    assert run_command(evaluate, f"--workdir={run}") == 1
    assert str(run / "model.keras") in _told(capsys)
    path = run / "model.keras"
    assert run_command(evaluate, f"--pretrained={path}") == 1
    assert str(path) in _told(capsys)


@pytest.mark.parametrize("name", ["model.keras", "config.json", "result.json"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_not_waited_for(
    run, name, make, run_command, capsys
):
    (run / name).unlink()
    make(run / name)
    assert run_command(evaluate, f"--workdir={run}") == 1
    line = _told(capsys)
    assert str(run / name) in line
    assert "must be a regular file" in line


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "{", "null", "{}", '{"config": 7}'),
        *('{"config": null}', '{"config": {"kind": "classify"}}'),
        '{"config": {"kind": "classify", "version": 1, "canvas": "a"}}',
        '{"config": {"kind": "classify", "version": 1, "canvas": [1]}}',
        '{"config": {"kind": {}, "version": 1}}',
        "[" * 100_000,
    ],
)
def test_a_configuration_of_another_shape(run, content, run_command, capsys):
    (run / "config.json").write_text(content)
    assert run_command(evaluate, f"--workdir={run}") == 1
    assert str(run / "config.json") in _told(capsys)


def test_bytes_that_are_no_text(run):
    (run / "config.json").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"config\.json is not JSON"):
        Workdir(run).load_settings()


@pytest.mark.parametrize("lost", ["test_cases", "test_error_by_glimpse"])
def test_a_result_of_another_shape(tmp_path, run_command, lost, capsys):
    """Of a released model's record, of which a card is made."""
    record = json.loads((FINISHED / "result.json").read_text())
    del record[lost]
    (tmp_path / "tiny.json").write_text(json.dumps(record))
    assert run_command(release, "--cards_only", f"--dir={tmp_path}") == 1
    assert str(tmp_path / "tiny.json") in _told(capsys)
    assert not (tmp_path / "tiny.md").exists()


def test_a_machine_of_another_shape(run):
    config = json.loads((run / "config.json").read_text())
    settings = Workdir(run).load_settings()
    data, machine = config["data"], config["machine"]
    for name in ("machine", "data"):
        for other in (7, None, []):
            changed = json.dumps(config | {name: other})
            (run / "config.json").write_text(changed)
            with pytest.raises(UserError, match=r"config\.json.* shape"):
                Workdir(run).claim(settings, machine, data)
