"""The library does without the extras, and commands say which one they miss."""

import pathlib
import subprocess
import sys

import gymnasium
import pytest

from ram_tf_runs import extras
from ram_tf_runs.command import Command
from ram_tf_runs.errors import UserError

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Where Matplotlib and scikit-learn are installed, Keras imports them itself,
# for keras.visualization and keras.wrappers, and SciPy with them. So what
# counts is what `ram_tf` adds.
_ADDED = """
import sys
import tensorflow, keras, tf_keras
before = set(sys.modules)
import ram_tf
print(*set(sys.modules) - before)
"""


@pytest.fixture(scope="module")
def added():
    """Top-level names of what `import ram_tf` adds to TensorFlow and Keras."""
    done = subprocess.run(
        [sys.executable, "-c", _ADDED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = {name.partition(".")[0] for name in done.stdout.split()}
    assert "ram_tf" in names
    return names


@pytest.mark.parametrize("package", [*extras.EXTRAS, "tensorboard"])
def test_the_library_imports_no_extra(added, package):
    assert package not in added


def test_an_environment_is_found_through_its_module():
    code = (
        "import gymnasium; "
        "gymnasium.make('ram_tf.games:ram_tf/Catch-v0').reset(); "
        "gymnasium.make('ram_tf/Catch-v0')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_environments_are_registered_once(recwarn):
    import ram_tf.games  # noqa: F401
    from ram_tf.episodes.environments import gymnasium_catch

    known = gymnasium.registry[gymnasium_catch.ID]
    gymnasium_catch.register()
    assert gymnasium.registry[gymnasium_catch.ID] is known
    assert not recwarn


@pytest.mark.parametrize("package", ["gymnasium", "tensorflow_serving"])
def test_a_missing_extra_is_named(package):
    extra = extras.EXTRAS[package]
    message = rf"needs {package}: pip install 'ram_tf\[{extra}\]'"
    with pytest.raises(UserError, match=message), extras.explained():
        raise ModuleNotFoundError(f"No module named {package}", name=package)


def test_what_no_extra_has_is_a_fault_of_ours():
    with pytest.raises(ModuleNotFoundError), extras.explained():
        raise ModuleNotFoundError("No module named ram", name="ram")


def test_a_command_tells_it_in_a_line(monkeypatch, capsys, run_command):
    def main():
        import optuna  # noqa: F401

    class Module:
        COMMAND = Command(main)

    monkeypatch.setitem(sys.modules, "optuna", None)
    assert run_command(Module) == 1
    lines = capsys.readouterr().err.splitlines()
    (line,) = lines
    said = "error: This needs optuna: pip install 'ram_tf[search]'"
    assert line.startswith(f"{said} (at {__file__}, line ")
