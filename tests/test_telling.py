"""Errors that the user can mend are a line; all others keep their traceback."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT
from PIL import Image

import ram_tf
from ram_tf.episodes.environments.gymnasium_frames import find_interface
from ram_tf_data import files, gate
from ram_tf_runs import plugins, telling
from ram_tf_runs.records.workdir import Workdir


def _python(code, cwd, *arguments, **variables):
    return subprocess.run(
        [sys.executable, *arguments, *(["-c", code] if code else [])],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


_COMMAND = """
import mine
from ram_tf_runs.command import run
run(lambda: mine.work({!r}))
"""
_MINE = """
from ram_tf_data.errors import UserError

def work(kind):
    if kind == "mended":
        raise UserError("--size must be at least 1. Received: 0")
    if kind == "file":
        open("nowhere")
    return {"value": int}[kind]("x")
"""


def test_an_error_of_the_user_in_code_of_the_user_has_its_place(tmp_path):
    (tmp_path / "mine.py").write_text(_MINE)
    done = _python(_COMMAND.format("mended"), tmp_path)
    assert done.returncode == 1
    place = tmp_path / "mine.py"
    assert done.stderr == (
        f"error: --size must be at least 1. Received: 0 (at {place}, line 6)\n"
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("file", "FileNotFoundError"),
        ("value", "ValueError: invalid literal"),
        ("other", "KeyError: 'other'"),
    ],
)
def test_other_errors_keep_their_traceback(tmp_path, kind, words):
    (tmp_path / "mine.py").write_text(_MINE)
    done = _python(_COMMAND.format(kind), tmp_path)
    assert done.returncode == 1
    assert f'File "{tmp_path / "mine.py"}", line ' in done.stderr
    assert words in done.stderr
    assert "error: " not in done.stderr


@pytest.mark.slow
def test_errors_of_an_environment_keep_their_place(tmp_path):
    """As of a real process, of which all but the model is the user's."""
    (tmp_path / "mine.py").write_text("""
import gymnasium, numpy as np

class Env(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(0, 255, (8, 8, 1), np.uint8)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, seed=None, options=None):
        raise ValueError("no ball")

gymnasium.register("mine/Env-v0", Env)
""")
    arguments = ("-m", "ram_tf_commands", "play", "--env=mine:mine/Env-v0")
    sizes = ("--core_units=4", "--units=4", "--glimpse_size=4", "--updates=1")
    done = _python("", tmp_path, *arguments, *sizes)
    assert done.returncode == 1
    assert f'File "{tmp_path / "mine.py"}", line 9, in reset' in done.stderr
    assert done.stderr.endswith("ValueError: no ball\n")


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("inner_1", "import gone_1", ModuleNotFoundError),
        ("inner_2", "from math import gone", ImportError),
        ("inner_3", "1 / 0", ZeroDivisionError),
    ],
)
def test_a_module_that_fails_is_no_unknown_one(
    tmp_path, monkeypatch, name, text, error
):
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(error) as told:
        find_interface(f"{name}:Any-v0")
    assert not telling.is_told(told.value)
    monkeypatch.setenv(plugins.VARIABLE, name)
    with pytest.raises(error) as told:
        plugins.load()
    assert not telling.is_told(told.value)


@pytest.mark.parametrize("name", ["gone_2", "gone_2.inner", "json.gone_2"])
def test_a_plugin_that_is_not_there(monkeypatch, name):
    monkeypatch.setenv(plugins.VARIABLE, name)
    with pytest.raises(ValueError, match=f"be imported.*'{name}'"):
        plugins.load()


@keras.saving.register_keras_serializable("test_telling")
class Refusing(keras.layers.Layer):
    def call(self, x):
        if x.shape[0] == 3:
            raise ram_tf.UserError("`x` must not be 3. Received: 3")
        return x


@keras.saving.register_keras_serializable("test_telling")
class Failing(keras.layers.Layer):
    """A plugin's layer, in whose code there is a fault."""

    def __init__(self, fails=False, **kwargs):
        super().__init__(**kwargs)
        if fails:
            {}["fault"]

    def get_config(self):
        return {**super().get_config(), "fails": True}


def _predict(x):
    inputs = keras.Input(x.shape[1:])
    model = keras.Model(inputs, Refusing()(inputs))
    model.predict(x, batch_size=3, verbose=0)


@pytest.mark.parametrize(
    "call", [Refusing(), tf.function(Refusing()), _predict]
)
def test_what_keras_and_tensorflow_say_around_it_is_left_out(call):
    with pytest.raises(ram_tf.UserError) as told:
        call(tf.zeros([3, 2]))
    said = telling.line(told.value)
    assert said.startswith("`x` must not be 3. Received: 3 (at ")
    assert "\n" not in said
    assert "test_telling.py, line " in said


def test_a_fault_in_a_layer_is_no_damaged_file(tmp_path):
    run = Workdir(tmp_path)
    run.save_model(keras.Sequential([keras.Input([2]), Failing()]))
    with pytest.raises(TypeError, match="'fault'") as told:
        run.load_model()
    assert not telling.is_told(told.value)
    run.model.write_bytes(run.model.read_bytes()[:300])
    with pytest.raises(ValueError, match="is not a model that can be read"):
        run.load_model()


def test_a_fault_of_the_gate_is_no_damaged_picture(tmp_path, monkeypatch):
    path = str(tmp_path / "a.png")
    Image.fromarray(np.eye(4, dtype=np.uint8)).save(path)
    told = ValueError("operands could not be broadcast")

    def fault(self, array):
        raise told

    monkeypatch.setattr(gate.Gate, "_through", fault)
    with pytest.raises(ValueError, match="broadcast") as found:
        files.read(path, gate.Gate(None, 1))
    assert found.value is told


def test_a_picture_that_cannot_be_opened(tmp_path):
    for name in ("\0.png", "x" * 300):
        with pytest.raises(files.UserError, match="cannot be read"):
            files.read(name, gate.Gate(None, 1))
