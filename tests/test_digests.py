"""A model is tied to its record by its SHA-256, and a release is whole."""

import contextlib
import hashlib
import json
import pathlib
import shutil
import subprocess

import pytest

import ram_tf
from ram_tf import files, pretrained
from ram_tf.errors import UserError
from ram_tf_commands import evaluate, export, predict, release
from ram_tf_runs import releases
from ram_tf_runs.errors import UserError as RunError
from ram_tf_runs.records.workdir import Workdir
from ram_tf_serving import versions

OLD = pathlib.Path(__file__).parent / "fixtures/old_runs"


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def run(tmp_path):
    """The directory of a finished run whose record has the model's digest."""
    path = shutil.copytree(OLD / "classify" / "finished", tmp_path / "run")
    _record(path, **{pretrained.DIGEST: _sha256(path / "model.keras")})
    return path


def _record(run, **changes):
    values = json.loads((run / "result.json").read_text()) | changes
    (run / "result.json").write_text(json.dumps(values))


def test_the_digest_of_a_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    # The example of the standard, FIPS 180-2.
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert files.digest(path) == known
    files.check_digest(path, known, "record.json")
    files.check_digest(path, None, "old.json")
    path.write_bytes(b"abd")
    with pytest.raises(UserError, match=rf"file is not .*record.json.*{known}"):
        files.check_digest(path, known, "record.json")


@pytest.mark.parametrize("name", pretrained.NAMES)
def test_released_records_know_their_models(name):
    path = pretrained.DIRECTORY / f"{name}.keras"
    assert pretrained.record(name)[pretrained.DIGEST] == _sha256(path)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A directory of released models with one that may be changed."""
    for suffix in ("keras", "json"):
        file = f"mnist.{suffix}"
        shutil.copy(pretrained.DIRECTORY / file, tmp_path / file)
    monkeypatch.setattr(pretrained, "DIRECTORY", tmp_path)
    return tmp_path


def test_released_weights_of_another_record(elsewhere):
    ram_tf.load_pretrained("mnist")
    path = elsewhere / "mnist.keras"
    shutil.copy(OLD / "classify" / "finished" / "model.keras", path)
    with pytest.raises(UserError, match=r"mnist\.keras.*mnist\.json.*SHA-256"):
        ram_tf.load_pretrained("mnist")


@pytest.mark.parametrize("text", ["", "[]", "{}", "7", "[" * 10**5, "\0"])
def test_released_records_of_another_shape(
    elsewhere, text, run_command, capsys
):
    (elsewhere / "mnist.json").write_text(text)
    for read in (pretrained.record, ram_tf.load_pretrained):
        with pytest.raises(UserError, match=r"mnist\.json (must|cannot)"):
            read("mnist")
    assert run_command(evaluate, "--pretrained=mnist") == 1
    assert str(elsewhere / "mnist.json") in capsys.readouterr().err


def test_weights_of_another_run(run, tmp_path, run_command, capsys):
    """In every command that reads a model: none of them measures it."""
    assert Workdir(run).load_model()
    other = OLD / "stop" / "finished" / "model.keras"
    shutil.copy(other, run / "model.keras")
    place = f"--workdir={run}"
    for command, arguments in [
        (evaluate, [place]),
        (evaluate, [f"--pretrained={run / 'model.keras'}"]),
        (predict, [place, "x.png"]),
        (export, [place, f"--out={tmp_path / 'out'}"]),
        (release, [place, f"--dir={tmp_path / 'out'}", "--name=mine"]),
    ]:
        assert run_command(command, *arguments) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert f"{run / 'model.keras'} is not the file that" in line
        assert _sha256(other) in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("known", [7, "", "ab", [], {}])
def test_digests_that_are_none(run, known):
    _record(run, **{pretrained.DIGEST: known})
    with pytest.raises(UserError, match=r"model\.keras is not the file"):
        Workdir(run).load_model()


def test_a_result_of_another_run(run):
    shutil.copy(OLD / "stop" / "finished" / "result.json", run / "result.json")
    with pytest.raises(RunError, match=r"result\.json must be.*stop was False"):
        Workdir(run).load_model()


def test_records_older_than_digests_are_accepted():
    old = Workdir(OLD / "classify" / "finished")
    assert pretrained.DIGEST not in old.load_result()
    assert old.load_model()


@pytest.fixture
def place(tmp_path):
    """Where an old release is, of a run whose model is another one's."""
    path = tmp_path / "released"
    path.mkdir()
    old = OLD / "stop" / "finished"
    for kind, name in (("keras", "model.keras"), ("json", "result.json")):
        shutil.copy(old / name, path / f"mine.{kind}")
    return path


class _Killed(BaseException):
    """Nobody catches it."""


def _release(run, place):
    releases.release(Workdir(run), place, "mine")


@pytest.mark.parametrize("digest", [True, False])
def test_a_release_has_the_digest_of_its_model(run, place, digest):
    if not digest:
        shutil.copy(OLD / "classify/finished/result.json", run / "result.json")
    _release(run, place)
    record = json.loads((place / "mine.json").read_text())
    assert record[pretrained.DIGEST] == _sha256(run / "model.keras")
    assert _sha256(place / "mine.keras") == record[pretrained.DIGEST]
    assert {path.name for path in place.iterdir()} == {
        f"mine.{kind}" for kind in ("keras", "json", "md")
    }


@pytest.mark.parametrize("moved", [0, 1, 2, 3])
def test_a_release_that_is_killed_leaves_no_mixture(
    run, place, moved, monkeypatch
):
    """After any number of its files are there: the model is whole, or gone."""
    move, done = files.move, []

    def killed(draft, path):
        # Inside the record's draft there is one of its own.
        if path.parent == place:
            if len(done) == moved:
                raise _Killed
            done.append(path.name)
        move(draft, path)

    monkeypatch.setattr(files, "move", killed)
    killing = pytest.raises(_Killed) if moved < 3 else contextlib.nullcontext()
    with killing:
        _release(run, place)
    assert done == ["mine.json", "mine.md", "mine.keras"][:moved]
    model = place / "mine.keras"
    if moved < 3:
        assert not model.exists()
    else:
        assert _sha256(model) == _sha256(run / "model.keras")
    monkeypatch.undo()
    _release(run, place)  # The same command again mends it.
    assert _sha256(model) == _sha256(run / "model.keras")


def test_a_release_that_fails_changes_nothing(run, place, monkeypatch):
    before = {path.name: path.read_bytes() for path in place.iterdir()}

    def full(*unused):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(releases, "write_json", full)
    with pytest.raises(OSError, match="No space"):
        _release(run, place)
    assert {p.name: p.read_bytes() for p in place.iterdir()} == before


def test_versions_hold_the_sums_of_their_files(tmp_path):
    with versions.new_version(tmp_path / "model", 1) as draft:
        (draft / "variables").mkdir()
        (draft / "variables" / "a b").write_bytes(b"abc")
        (draft / "saved_model.pb").write_bytes(b"")
    place = tmp_path / "model" / "1"
    check = ["sha256sum", "-c", "--strict", versions.SUMS]
    subprocess.run(check, cwd=place, check=True, capture_output=True)
    lines = (place / versions.SUMS).read_text().splitlines()
    assert [line.split("  ")[1] for line in lines] == [
        "saved_model.pb",
        "variables/a b",
    ]
    (place / "variables" / "a b").write_bytes(b"abd")
    assert subprocess.run(
        check, cwd=place, check=False, capture_output=True
    ).returncode
