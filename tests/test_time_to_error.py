"""How long a training takes to reach an error: the clock, the goals, a record.

Processes are real ones. Where nothing need be learned, a script of a few lines
logs what a training would.
"""

import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import pytest

from benchmarks import time_to_error
from benchmarks.reaching import goals, process, pytorch
from benchmarks.reaching.goals import Point
from benchmarks.reaching.ours import Ours
from benchmarks.torch_ram.recipe import Recipe
from ram_tf_runs.command import FLAGFILES
from ram_tf_runs.errors import UserError
from ram_tf_runs.records import recipe
from ram_tf_runs.settings.kinds.classify import ClassifySettings

ROOT = pathlib.Path(__file__).parents[1]
TORCH = pathlib.Path(
    os.environ.get(
        "RAM_TF_TORCH_PYTHON", ROOT.parent / "venvs/torch/bin/python"
    )
)
TINY = (
    "--source=digits",
    "--canvas=28",
    "--glimpses=2",
    "--glimpse_size=8",
    "--scales=2",
    "--core_units=32",
    "--rollouts=1",
    "--baseline=learned",
    "--batch_size=16",
    "--epochs=20",
    "--evaluate_every=2",
)
# Logs these errors, one after another, and then waits or fails.
SCRIPT = """
import json, pathlib, sys, time
path = pathlib.Path(sys.argv[1], "metrics.jsonl")
for step, error in enumerate(map(float, sys.argv[3:]), 1):
    with path.open("a") as file:
        file.write(json.dumps({"step": step, "validation_error": error}))
        file.write("\\n")
if sys.argv[2] == "waits":
    time.sleep(600)
if sys.argv[2] == "fails":
    sys.exit("the disk is full")
"""


def _curve(*errors):
    return [Point(10.0 * i, i, error) for i, error in enumerate(errors, 1)]


@pytest.mark.parametrize(
    ("errors", "step"),
    [
        ((5, 3, 3, 2), 3),
        ((3, 5, 3, 5, 3, 3), 6),
        ((3, 4, 3, 4), None),
        ((3,), None),
        ((4, 4, 4), None),  # It must lie under it.
        ((3.99, 3.99), 2),
        ((), None),
    ],
)
def test_an_error_is_reached_by_two_in_a_row(errors, step):
    found = goals.reached(_curve(*errors), 4)
    assert (found and found.step) == step


def _seed(seconds, test_error=2.0):
    if seconds is None:
        return {"goals": {"4": None}}
    return {"goals": {"4": {"seconds": seconds, "test_error": test_error}}}


@pytest.mark.parametrize(
    ("seconds", "median", "reached"),
    [
        ((30, 10, 20), 20, 3),
        ((30, None, 20), 30, 2),
        ((None, None, 20), None, 1),
        ((None,), None, 0),
        ((20, None), None, 1),
    ],
)
def test_who_misses_it_counts_as_slowest(seconds, median, reached):
    [row] = goals.summary([4], map(_seed, seconds))
    assert (row["seconds"], row["reached"]) == (median, reached)
    assert row["seeds"] == len(seconds)
    assert row["test_error"] == (2.0 if reached else None)


def _script(workdir, end, *errors):
    words = map(str, (workdir, end, *errors))
    return [sys.executable, "-c", SCRIPT, *words]


def _follow(workdir, end, *errors, until=0.0):
    rows = []

    def see(seconds, row):
        rows.append((seconds, row["validation_error"]))
        return row["validation_error"] < until

    seconds = process.follow(
        _script(workdir, end, *errors),
        dict(os.environ),
        workdir / "metrics.jsonl",
        see,
    )
    return seconds, rows


def test_a_process_that_has_reached_all_is_ended(tmp_path):
    started = time.monotonic()
    seconds, rows = _follow(tmp_path / "run", "waits", 5, 3, until=4)
    assert [error for _, error in rows] == [5, 3]
    assert 0 < rows[0][0] <= rows[1][0] <= seconds
    assert seconds <= time.monotonic() - started < 60


def test_the_last_rows_of_a_process_are_seen(tmp_path):
    _, rows = _follow(tmp_path / "run", "ends", 5, 4.5)
    assert [error for _, error in rows] == [5, 4.5]


def test_a_process_that_fails_is_told_by_its_last_line(tmp_path):
    with pytest.raises(
        UserError, match=r"with 1: the disk is full .*output.txt"
    ):
        _follow(tmp_path / "run", "fails", 5)


class Scripted:
    """What logs these errors, whatever the seed."""

    name = "ram_tf"

    def __init__(self, *errors):
        self.errors, self.packages, self.made = errors, {}, []

    def prepare(self, place):
        pass

    def command(self, seed, workdir):
        self.made.append(seed)
        return _script(workdir, "ends", *self.errors)

    def environment(self, workdir):
        return dict(os.environ)

    def keep(self, workdir, row, kept):
        kept.mkdir()
        (kept / "step").write_text(str(row["step"]))

    def test(self, workdir, kept):
        return 0.5 + int((kept / "step").read_text())


@pytest.fixture
def measure(tmp_path, monkeypatch, run_command):
    """Runs the command on a scripted training: measure(errors, *flags)."""
    path = tmp_path / "tiny.flags"
    path.write_text("\n".join(TINY))

    def run(errors, *flags):
        contestant = Scripted(*errors)
        monkeypatch.setattr(time_to_error, "_contestant", lambda *_: contestant)
        arguments = (f"--flagfile={path}", "--cases=300", *flags)
        monkeypatch.setattr(sys, "argv", ["command", *arguments])
        return run_command(time_to_error, *arguments), contestant.made

    return run


def test_the_record(tmp_path, measure):
    out = tmp_path / "a.json"
    flags = ("--errors=4,2.5", "--seeds=0", f"--out={out}")
    assert measure((5, 3, 3.5, 2, 2.2, 1), *flags) == (0, [0])
    record = json.loads(out.read_text())
    seed = record["seeds"]["0"]
    assert [row[1:] for row in seed["curve"]][:2] == [[1, 5], [2, 3]]
    assert seed["goals"]["4"]["step"] == 3
    assert seed["goals"]["4"]["test_error"] == 3.5
    assert seed["goals"]["2.5"]["step"] == 5
    # The last row was logged, and nobody waited for it.
    assert (seed["ended"], len(seed["curve"])) == ("errors", 5)
    assert record["flagfile"] == "tiny.flags"
    assert {"machine", "versions", "git_revision"} <= record.keys()
    assert record["of"]["recipe"]["glimpses"] == 2


def test_missing_seeds_are_made(tmp_path, measure, capsys):
    out, picture = tmp_path / "a.json", tmp_path / "a.png"
    flags = ("--errors=4,2", f"--out={out}")
    assert measure((5, 3, 3), "--seeds=1", *flags) == (0, [1])
    first = json.loads(out.read_text())["seeds"]["1"]
    assert first["goals"]["2"] is None
    assert first["ended"] == "schedule"
    plot = (f"--plot={picture}", f"--beside={out}")
    assert measure((5, 3, 3), "--seeds=0,1", *flags, *plot) == (0, [0])
    record = json.loads(out.read_text())
    assert record["seeds"]["1"] == first
    assert [row["reached"] for row in record["summary"]] == [2, 0]
    assert "under 2%: 0 of 2 seeds, so no median" in capsys.readouterr().out
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_another_measurement_is_not_mixed_in(tmp_path, measure, capsys):
    out = f"--out={tmp_path / 'a.json'}"
    assert measure((3, 3), "--errors=4", "--seeds=0", out)[0] == 0
    assert measure((3, 3), "--errors=5", "--seeds=1", out) == (1, [])
    assert "differs in errors" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--cases=5000"], "at least --cases=5000 .* Received: 300"),
        (["--evaluation_cases=100"], "--cases=300 .* Received: 100"),
        (["--evaluate_every=20"], "--evaluate_every must be at most"),
        (["--seeds="], "--seeds must be at least one"),
        (["--seeds=1,1"], "all different.*1,1"),
        (["--seeds=one"], "Received: --seeds=one"),
        (["--errors=0"], "--errors must be numbers between 0 and 100"),
        (["--errors=few"], "errors.*must be numbers"),
        (["--pretrained=mnist"], "--pretrained must not be given"),
        (["--implementation=torch"], "--python belongs to"),
        (["--python=python3"], "--python belongs to"),
        (
            ["--implementation=torch", "--python=python3", "--more=--a"],
            "--more belongs to",
        ),
        (["--source=folder"], "--source must be one of"),
        (["--flagfile=nothing.flags"], "Received: 'nothing.flags'"),
    ],
)
def test_what_cannot_be_timed_is_refused(measure, capsys, flags, told):
    code, made = measure((3, 3), *flags)
    assert (code, made) == (1, [])
    errors = capsys.readouterr().err
    assert re.search(told, errors), errors


def test_a_recipe_must_be_named(monkeypatch, run_command, capsys):
    monkeypatch.setattr(sys, "argv", ["command"])
    assert run_command(time_to_error) == 1
    assert "--flagfile=NAME must name" in capsys.readouterr().err


def _settings(*flags):
    return recipe.parse(ClassifySettings, list(flags))


def test_the_command_is_that_of_the_recipe(tmp_path):
    settings = _settings("--flagfile=cluttered_fast.flags")
    ours = Ours(settings, "/data", ["--verbosity=1"])
    python, option, program, *given = ours.command(7, tmp_path)
    assert [python, option, program] == [sys.executable, "-m", "trainers.mnist"]
    own = ["--verbosity=1", f"--workdir={tmp_path}", "--data_dir=/data"]
    assert given[-3:] == own
    assert _settings(*given[:-3]) == settings.replace(seed=7)


def test_both_implementations_have_the_recipe():
    names = {field.name for field in dataclasses.fields(Recipe)}
    assert names - {"num_classes"} == set(pytorch.SHARED)
    settings = _settings("--flagfile=cluttered.flags", "--epochs=7.3")
    values = settings.flat()
    shared = Recipe(**{name: values[name] for name in pytorch.SHARED})
    assert shared.steps(50_000) == -(-7.3 * 50_000 // 32)
    assert len(shared.goals(50_000)) == 4
    assert shared.goals(50_000)[-1] == shared.steps(50_000)


@pytest.mark.parametrize(
    "flags",
    [
        ["--flagfile=cluttered_cells.flags"],
        ["--flagfile=cluttered.flags", "--core=lstm"],
        ["--flagfile=cluttered.flags", "--teaching_weight=0.3"],
        ["--flagfile=cluttered.flags", "--source=svhn_cropped"],
    ],
)
def test_torch_refuses_what_it_does_not_know(flags):
    with pytest.raises(UserError, match=r"--implementation=torch.*Received"):
        pytorch.PyTorch(_settings(*flags), None, sys.executable)


@pytest.mark.parametrize("python", ["/no/python", sys.executable])
def test_a_python_without_torch_is_told(python):
    with pytest.raises(UserError, match=f"--python must be.*{python}"):
        pytorch.PyTorch(_settings(*TINY), None, python)


def test_the_fast_recipe_can_be_timed():
    settings = _settings("--flagfile=cluttered_fast.flags")
    time_to_error._check(time_to_error.TimeToError(), settings)
    assert (FLAGFILES / "cluttered_fast.flags").is_file()


def _run(tmp_path, *flags):
    """A real measurement, and its record."""
    recipe, out = tmp_path / "tiny.flags", tmp_path / "out.json"
    recipe.write_text("\n".join(TINY))
    command = [sys.executable, "-m", "benchmarks.time_to_error"]
    command += [f"--flagfile={recipe}", "--cases=300", f"--out={out}"]
    done = subprocess.run(
        [*command, "--errors=80", "--seeds=3", *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads(out.read_text())
    [row], seed = record["summary"], record["seeds"]["3"]
    assert (row["reached"], seed["ended"]) == (1, "errors")
    assert 0 < row["test_error"] < 85
    assert 0 < seed["curve"][0][0] < row["seconds"]
    assert all(point[2] < 80 for point in seed["curve"][-2:])
    return record


@pytest.mark.slow
def test_a_real_training_is_timed(tmp_path):
    record = _run(tmp_path)
    assert "tensorflow" in record["versions"]
    assert "--seed=3" in record["seeds"]["3"]["command"]


needs_torch = pytest.mark.skipif(
    not TORCH.exists(), reason="RAM_TF_TORCH_PYTHON names no Python with torch"
)


@pytest.mark.slow
@needs_torch
def test_a_real_training_in_torch_is_timed(tmp_path):
    flags = ("--implementation=torch", f"--python={TORCH}")
    assert "torch" in _run(tmp_path, *flags)["versions"]


# Windows are means of squares about the pixel that is looked at, black outside;
# canvases hold each digit of an epoch once, whole, and as much clutter.
TORCH_CHECKS = """
import torch
import torch.nn.functional as F
from torch_ram.canvases import Canvases
from torch_ram.model import Retina
from torch_ram.recipe import Recipe

recipe = Recipe(canvas=20, glimpse_size=4, scales=3, batch_size=6)
images = torch.randint(0, 256, (2, 20, 20), dtype=torch.uint8)
location = torch.tensor([[0.0, 0.0], [-1.0, 1.0], [0.43, -0.77], [3.0, 0.1]])
retina = Retina(recipe)
seen = retina.look(retina.prepare(images), 2, location).reshape(4, 3, 4, 4)
padded = F.pad(images.float() / 255, (16,) * 4)
for row, place in enumerate(location):
    y, x = ((place + 1) * 10).round().long().clamp(0, 20) + 16
    for scale, half in enumerate((2, 4, 8)):
        window = padded[row // 2, y - half : y + half, x - half : x + half]
        pooled = F.avg_pool2d(window[None], 1 << scale)[0]
        assert torch.allclose(pooled, seen[row, scale], atol=1e-6)

digits = torch.zeros(12, 8, 8, dtype=torch.uint8)
digits[:, 3:5, 3:5] = torch.arange(1, 13, dtype=torch.uint8)[:, None, None]
for patches in (0, 3):
    recipe = Recipe(canvas=20, clutter=patches, clutter_size=8, batch_size=6)
    batches = Canvases(digits, torch.arange(12), recipe, 0)
    made = [batches.make(step) for step in range(2)]
    labels = torch.cat([label for _, label in made])
    assert sorted(labels.tolist()) == list(range(12))
    for canvas, label in made:
        total = canvas.reshape(6, -1).int().sum(1) - 4 * (label + 1)
        assert (total > 0).all() if patches else (total == 0).all()

# The square of the digits' places grows from the middle.
recipe = Recipe(canvas=20, clutter=0, batch_size=6, grow=1.0, epochs=50)
batches = Canvases(digits, torch.arange(12), recipe, 0)
first, _ = batches.make(0)
assert (first[:, 9:11, 9:11] > 0).all() and not (first[:, :8] > 0).any()
"""


@needs_torch
def test_what_torch_sees_and_composes():
    done = subprocess.run(
        [TORCH, "-c", TORCH_CHECKS],
        env=os.environ | {"PYTHONPATH": str(ROOT / "benchmarks")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
