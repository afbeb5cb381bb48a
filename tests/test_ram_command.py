"""`ram`, the command of the wheel: what `python -m trainers.NAME` is here."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


# As a user has it: with what conftest sets, TensorFlow would say more.
ENVIRONMENT = {n: v for n, v in os.environ.items() if not n.startswith("TF_")}


def _run(module, *arguments, stdout=subprocess.PIPE, **variables):
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=ENVIRONMENT | variables,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=120,
    )


def _ram(*arguments):
    return _run("ram_tf_commands", *arguments)


def test_it_lists_commands_and_kinds():
    done = _ram("--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout == _ram().stdout
    commands, kinds = done.stdout.split("kinds of runs:")
    for path in (ROOT / "ram_tf_commands").glob("[a-z]*.py"):
        assert f"\n  {path.stem} " in commands
    for kind in ("catch", "classify", "find", "numbers", "play"):
        assert f"\n  {kind} " in kinds


@pytest.mark.parametrize("name", ["device", "mnist"])
def test_a_command_runs_from_its_own_module(name):
    done = _run(f"ram_tf_commands.{name}", "--help")
    assert done.returncode == 0
    assert f"python -m trainers.{name} " in done.stdout


def test_a_checkout_names_its_own_commands():
    done = _run("trainers")
    assert done.returncode == 0, done.stderr
    assert "python -m trainers.COMMAND --flag" in done.stdout
    assert "ram COMMAND --flag" not in done.stdout
    done = _run("trainers", "device", "--help")
    assert "usage: python -m trainers device " in done.stdout


def test_every_module_of_a_command_runs_it():
    for path in (ROOT / "ram_tf_commands").glob("[a-z]*.py"):
        assert '\nif __name__ == "__main__":\n' in path.read_text(), path


def test_a_level_of_tensorflow_makes_nothing_louder():
    """Its libraries heed none in what they say on start-up."""
    arguments = ("trainers.evaluate", "--pretrained=none")
    done = _run(*arguments, TF_CPP_MIN_LOG_LEVEL="3")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "'none'" in line


@pytest.mark.parametrize("name", ["predict", "mnist"])
def test_help_of_a_command_says_how_to_call_it_here(name):
    done = _ram(name, "--help")
    assert done.returncode == 0
    assert f"ram {name} --" in done.stdout
    assert "trainers." not in done.stdout.split("flags:")[0]


@pytest.mark.parametrize("flag", ["--help", "--helpfull", "-?"])
def test_help_in_a_checkout(flag):
    done = _run("trainers.mnist", flag)
    assert done.returncode == 0
    assert "python -m trainers.mnist --" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("ram_tf_commands", "--help"),
        ("ram_tf_commands", "predict", "--help"),
        ("trainers.mnist", "--help"),
    ],
)
def test_help_may_be_cut_short(arguments):
    """As by `head`."""
    reader, writer = os.pipe()
    os.close(reader)
    done = _run(*arguments, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_flags_reach_a_command(tmp_path):
    done = _ram("evaluate", f"--workdir={tmp_path}")
    assert done.returncode == 1
    assert str(tmp_path) in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["device", "serving_client"])
def test_commands_without_tensorflow(name):
    done = _ram(name, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: ram {name} ")


def test_an_unknown_name():
    done = _ram("nonsense", "--help")
    assert done.returncode == 1
    assert "Received: 'nonsense'" in done.stderr
    assert done.stderr.count("\n") == 1
