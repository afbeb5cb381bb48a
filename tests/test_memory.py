"""What no machine can hold is refused before work, by one estimate."""

import io
import json
import pathlib
import re
import shutil
import zipfile

import h5py
import numpy as np
import pytest

from ram_tf import RecurrentAttentionModel, cost
from ram_tf.comparators import NETWORKS, Comparator, make_comparator
from ram_tf_commands import (
    catch,
    catch_film,
    catch_players,
    classify,
    larger_canvases,
    mnist,
    numbers,
    play,
    repeat,
    search,
    sizes,
)
from ram_tf_data import memory as machine
from ram_tf_data.batches import evaluation_set
from ram_tf_data.canvas import Canvas
from ram_tf_data.errors import UserError as DataError
from ram_tf_data.gate import Gate
from ram_tf_runs import memory, weights
from ram_tf_runs.errors import UserError
from ram_tf_runs.records import model_file
from ram_tf_runs.records.workdir import Workdir
from ram_tf_runs.settings.kinds.classify import ClassifySettings

FINISHED = pathlib.Path(__file__).parent / "fixtures/old_runs/classify/finished"
HUGE = 10**8
CELLS = {
    "location_policy": "cells",
    "first_fixation": "centre",
    "sensor": "gather",
}
PHOTOGRAPHS = CELLS | {
    "location_policy": "colour_cells",
    "sensor": "pyramid",
    "scales": 3,
}
SIZES = {"core_units": 6, "glimpse_units": 5, "location_units": 4, "units": 7}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"core": "lstm", "scales": 3, "stop": True},
        {"num_classes": None, "num_actions": 3},
        {"glimpse_encoder": "conv", "scales": 2},
        {"glimpse_encoder": "conv", "scales": None, "encoder_scales": 3}
        | CELLS,
        {"scales": 4, "encoder_scales": 2, "policy_filters": 2} | CELLS,
        CELLS | {"location_policy": "directed_cells", "policy_filters": 2},
        PHOTOGRAPHS | {"policy_filters": 2},
        PHOTOGRAPHS | {"policy_filters": 24, "encoder_size": 6},
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_number_of_weights(changes, channels):
    model = RecurrentAttentionModel(**SIZES, **changes)
    model.build((None, 20, 20, channels))
    values = model.get_config() | {"channels": channels}
    assert weights.of_ram(values) == model.count_params()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_number_of_weights_of_a_network(name):
    shape = (20, 20, 3)
    model = make_comparator(name, 20, 3, num_classes=4, answers=2)
    config = model.get_config()
    found = weights.of_network(
        config["hidden"], config["filters"], config["pooled"], 8, shape
    )
    assert found == cost.parameters(model)
    settings = {"network": name, "canvas": 20, "conv_units": config["hidden"]}
    settings["conv_units"] = (config["hidden"] or [None])[0]
    grey = make_comparator(name, 20, 1, num_classes=1)
    assert weights.of_settings(settings) == cost.parameters(grey)


def test_usual_settings_need_little():
    needed = memory.training(ClassifySettings().flat())
    # 6 MB of operations, 128 rollouts of 6 looks of 1 kB, 20 bytes a weight.
    assert 1e7 < needed < 2e7
    assert memory.use(ClassifySettings().flat()) < needed
    memory.check(ClassifySettings())


@pytest.mark.parametrize(
    ("command", "flag"),
    [
        *((mnist, f"--{name}={HUGE}") for name in ("core_units", "canvas")),
        *((mnist, f"--{name}={10 * HUGE}") for name in ("units", "frames")),
        *((mnist, f"--{name}={HUGE}") for name in ("scales", "batch_size")),
        *((mnist, f"--{name}={HUGE}") for name in ("rollouts", "glimpse_size")),
        (mnist, f"--clutter={2**31}"),
        (mnist, f"--clutter={10**400}"),
        (mnist, f"--glimpses={10 * HUGE}"),
        (mnist, f"--glimpses={10**5}"),
        (mnist, f"--mixed=128x1,{HUGE}x1"),
        (catch, f"--screen={HUGE}"),
        (catch, f"--games={HUGE}"),
        (catch, f"--test_games={10**4 * HUGE}"),
        (numbers, f"--canvas={HUGE}"),
        (play, f"--episodes={HUGE}"),
        (classify, f"--canvas={HUGE}"),
        (search, f"--core_units={HUGE}"),
        (catch_players, f"--player_games={10 * HUGE}"),
        (catch_film, f"--film_games={HUGE}"),
    ],
)
def test_flags_that_ask_for_too_much(
    command, flag, run_command, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    needed = ["--env=some"] if command is play else []
    assert run_command(command, flag, *needed) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert "must fit into the memory of this machine" in line
    assert line.endswith(f". Received: {flag}")
    assert not list(tmp_path.iterdir())


def test_each_seed_of_too_much(run_command, tmp_path, capsys):
    flag = f"--core_units={HUGE}"
    arguments = ("--seeds=0,1", "mnist", flag, f"--workdir={tmp_path / 'x'}")
    assert run_command(repeat, *arguments) == 1
    assert capsys.readouterr().err.count(flag) == 1
    arguments = (f"--jobs={HUGE}", "mnist", f"--workdir={tmp_path / 'x'}")
    assert run_command(repeat, *arguments) == 1
    assert "Processes side by side must fit" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("command", "flag", "received"),
    [
        (larger_canvases, f"--canvases=30,{HUGE}", f"--canvases=30,{HUGE}"),
        (sizes, f"--canvases={HUGE}x1", f"a side of {HUGE} in --canvases"),
        (sizes, f"--canvases=64x{HUGE * HUGE}", "patches in --canvases"),
        (sizes, f"--looks={HUGE}", f"--looks={HUGE}"),
    ],
)
def test_measuring_too_much(command, flag, received, run_command, capsys):
    name = "seek" if command is sizes else "mnist"
    assert run_command(command, f"--pretrained={name}", flag) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "must fit into the memory of this machine" in line
    assert line.endswith(received)


def test_all_canvases_together(digits, monkeypatch):
    monkeypatch.setattr(machine, "machine", lambda: 10**6)
    some = digits.test.take(np.arange(len(digits.test.label)) < 100)
    evaluation_set(some, Canvas(99))
    with pytest.raises(DataError, match="100 of 101x101x1; --evaluation_cases"):
        evaluation_set(some, Canvas(101))
    with pytest.raises(DataError, match="while it is composed"):
        evaluation_set(some, Canvas(300), cases=1)


def test_a_picture_on_a_canvas_that_is_too_large():
    with pytest.raises(DataError, match=f"a side of {HUGE} pixels"):
        Gate(HUGE, 1)


@pytest.fixture
def changed(tmp_path):
    """Makes a finished run whose model.keras is another one."""

    def make(config=None, content=None, packed=zipfile.ZIP_STORED):
        run = pathlib.Path(shutil.copytree(FINISHED, tmp_path / "run"))
        with zipfile.ZipFile(run / "model.keras") as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        described = json.loads(parts["config.json"])
        described["config"] |= config or {}
        parts["config.json"] = json.dumps(described).encode()
        parts["model.weights.h5"] = content or parts["model.weights.h5"]
        with zipfile.ZipFile(run / "model.keras", "w", packed) as archive:
            for name, part in parts.items():
                archive.writestr(name, part)
        return run

    return make


def _refused(run):
    """What is said of a run whose model is not loaded."""
    with pytest.raises(ValueError, match="keras") as told:
        Workdir(run).load_model()
    assert told.value.for_the_user
    return str(told.value)


def test_the_same_model_again(changed):
    run = changed()
    model_file.check(run / "model.keras")
    assert Workdir(run).load_model().count_params()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"glimpses": 10**9}, "a model of 1000000000 glimpses"),
        ({"glimpses": 10**5}, "a model of 100000 glimpses"),
        ({"scales": 60, "encoder_scales": 2}, "60 scales"),
        *(
            ({name: 10**9}, "is damaged, or no model|must fit into the memory")
            for name in (*SIZES, "glimpse_size", "num_classes", "num_actions")
        ),
        ({"core_units": 1}, "is not a model that can be read"),
    ],
)
def test_a_configuration_that_asks_for_too_much(changed, config, words):
    run = changed(config)
    message = _refused(run)
    assert message.startswith(str(run / "model.keras"))
    assert re.search(words, message)


def _of_zeros(count):
    """HDF5 of so many packed zeros."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["vars/1"] = np.random.default_rng(0).random(10**3)
        file.create_dataset(
            "vars/0", (count,), "f4", chunks=(2**20,), compression="gzip"
        )
    return content.getvalue()


def test_weights_that_unpack_to_much(changed):
    run = changed(content=_of_zeros(10**9))
    with pytest.raises(UserError, match=r"Received: 4 GB$"):
        Workdir(run).load_model()


def test_a_zip_that_unpacks_to_much(changed):
    noise = np.random.default_rng(0).bytes(10**4)
    many = noise * (10**8 // len(noise))
    run = changed(content=many, packed=zipfile.ZIP_DEFLATED)
    assert (run / "model.keras").stat().st_size < 10**7
    with pytest.raises(UserError, match=r"Received: 100 MB$"):
        Workdir(run).load_model()


@pytest.mark.parametrize("asked", [10**9, {"a": 1}, "x", None, -1, 1e400, True])
@pytest.mark.parametrize("name", ["glimpses", "units", "scales"])
def test_sizes_that_are_none(changed, name, asked):
    """A line, whatever stands there; Keras tells what is no size."""
    run = changed({name: asked})
    message = _refused(run)
    assert message.startswith(str(run / "model.keras"))
    assert "\n" not in message


def test_a_network_of_another_size(tmp_path):
    model = make_comparator("fc_64", 28)
    model.save(tmp_path / "model.keras")
    model_file.check(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        described = json.loads(archive.read("config.json"))
        needed = model_file._needed(tmp_path, described)
        assert needed == model.count_params()
        described["config"]["hidden"] = [10**9]
        assert model_file._needed(tmp_path, described) > 10**9
    assert described["class_name"] == Comparator.__name__


def test_bytes_in_words():
    sizes = {0: "0 bytes", 999: "999 bytes", 1500: "1.5 KB", 10**9: "1 GB"}
    sizes |= {25_276_502_016: "25.3 GB", 10**18: "1 EB", 10**500: "1000 EB"}
    assert {count: machine.size(count) for count in sizes} == sizes


def test_what_this_machine_has():
    assert 2**28 < machine.machine() < 2**42
