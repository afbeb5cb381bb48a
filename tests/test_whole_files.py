"""Files are whole or not there, and one module alone writes them."""

import ast
import errno
import pathlib

import pytest

from ram_tf import files
from ram_tf.errors import FileError

ROOT = pathlib.Path(__file__).parents[1]
# Of locks, which hold no result; and logs, to which lines are added.
_OTHERS = {"ram_tf_runs/records/lock.py", "ram_tf/training/log.py"}
# pathlib's and the standard library's; those of arrays and of pictures.
_WRITERS = {"write_text", "write_bytes", "copyfile", "savefig", "savez", "save"}
# What these write to: memory, or a draft.
_INTO = {"content", "draft", "None"}


def _modules():
    for package in ROOT.glob("ram_tf*"):
        for path in package.rglob("*.py"):
            if str(path.relative_to(ROOT)) not in _OTHERS:
                yield path


def _writes(path):
    """Lines of a module that write a file by themselves."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        function, source = node.func, ast.unparse(node)
        name = getattr(function, "attr", getattr(function, "id", ""))
        if source.startswith(("files.", "viz.save", "paths.save", "write_")):
            continue
        mode = [a.value for a in node.args if isinstance(a, ast.Constant)]
        if name == "open" and {"w", "wb", "x", "a"} & {
            value for value in mode if isinstance(value, str)
        }:
            yield source
        elif name in _WRITERS:
            into = ast.unparse(node.args[0]) if node.args else "None"
            if into not in _INTO:
                yield source


def test_one_module_writes_files():
    found = {
        f"{path.relative_to(ROOT)}: {source}"
        for path in _modules()
        if path != ROOT / "ram_tf/files.py"
        for source in _writes(path)
    }
    allowed = {
        # Before the process has anything to say.
        "ram_tf_runs/quiet.py: open(os.devnull, 'w')",
        # Drafts, which are renamed when all are whole.
        "ram_tf_runs/releases.py: model.write_bytes(source.model.read_bytes())",
        "ram_tf_runs/releases.py: text.write_text(card, encoding='utf-8')",
        # Into a folder that is renamed when it is whole, or a temporary one.
        "ram_tf_serving/versions.py: (folder / SUMS).write_text("
        "''.join(lines), encoding='utf-8')",
        "ram_tf/served/saved_model.py: tf.saved_model.save(served.module, "
        "os.fspath(directory), functions)",
        "ram_tf/export/tflite.py: tf.saved_model.save(module, directory, "
        "functions)",
        # It measures, and calls those of others.
        "ram_tf_commands/invariance.py: compared.save(options, result, "
        "draw_heat_maps)",
        "ram_tf_commands/stopping.py: compared.save(options, result, "
        "stop_curves.draw)",
        # By way of a checkpointer.
        "ram_tf/training/loop.py: self._checkpointer.save()",
    }
    assert found - allowed == set()


class _Killed(BaseException):
    pass


def _write_half(path, error):
    with files.whole(path) as draft:
        assert draft.suffix == ".keras"
        # Nobody who looks for such files finds it.
        assert list(path.parent.glob("*.keras")) == [path]
        draft.write_text("hal")
        raise error


@pytest.mark.parametrize("error", [_Killed, OSError])
def test_what_was_there_stays_until_the_new_is_whole(tmp_path, error):
    path = tmp_path / "model.keras"
    path.write_text("before")
    with pytest.raises((_Killed, FileError)):
        _write_half(path, error)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_the_disk_has_it_before_the_name_does(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(files.os, "fsync", lambda _: done.append("sync"))
    replace = files.os.replace
    monkeypatch.setattr(
        files.os, "replace", lambda *a: done.append("name") or replace(*a)
    )
    files.write_text(tmp_path / "a.json", "{}")
    assert done == ["sync", "name", "sync"]
    assert (tmp_path / "a.json").read_text() == "{}"


def test_a_folder_in_its_place_is_named(tmp_path):
    (tmp_path / "a.json").mkdir()
    with pytest.raises(FileError, match=r"a\.json cannot be written"):
        files.write_text(tmp_path / "a.json", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_full_disk_is_said(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(FileError, match=r"a\.json cannot be .*: No space"):
        files.write_text(tmp_path / "a.json", "{}")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_has_left_is_removed(tmp_path):
    """And nothing that is called otherwise."""
    for name in (".a.json.123.tmp", ".b[1].png.7.tmp", ".own.tmp", "c.9.tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "half").write_text("")
    files.remove_drafts(tmp_path, "a.json")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [".b[1].png.7.tmp", ".own.tmp", "c.9.tmp"]
    files.remove_drafts(tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [".own.tmp", "c.9.tmp"]
