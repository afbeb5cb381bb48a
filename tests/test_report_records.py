"""Run records: what they must hold, how they are grouped and written."""

import json
import pathlib

import pytest
import run_records

from ram_tf_reports import records, run_files, verdicts
from ram_tf_reports.published import TASKS, Public, Row
from ram_tf_runs.records import recipe
from ram_tf_runs.settings.run import from_record

ROOT = pathlib.Path(__file__).parents[1]


# Verdicts


def test_wilson_of_a_known_case():
    low, high = verdicts.wilson(1.0, 10000)
    assert (round(low, 2), round(high, 2)) == (0.82, 1.21)


def test_wilson_of_no_errors():
    # z^2 / (n + z^2) with z = 1.959964.
    assert verdicts.wilson(0.0, 100) == pytest.approx((0, 3.69935), abs=1e-5)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (2.01, "better"),
        (2.0, "not distinguishable"),
        (1.5, "not distinguishable"),
        (1.0, "not distinguishable"),
        (0.99, "worse"),
    ],
)
def test_verdict(other, expected):
    assert verdicts.verdict(verdicts.Interval(1.0, 2.0), other) == expected


def test_the_best_public_figure_is_the_smallest():
    row = Row(3.0, 2.0, (Public(0.9, "a", 7), Public(0.8, "b")))
    assert row.best_public == Public(0.8, "b")
    assert Row(3.0, 2.0).best_public is None


def test_the_papers_sizes():
    pixels = [task.pixels for task in TASKS.values()]
    assert pixels == [448, 3456, 3456, 4608]


# Records


def test_records_find_their_places(write_runs):
    four = run_records.seeded(0, run_records.ERRORS[:4])
    runs = records.load(
        write_runs(
            ram=run_records.values(),
            ram_seed_1=run_records.seeded(1),
            ram_lstm=run_records.seeded(2, core="lstm"),
            ram_4_glimpses=four,
            conv=run_records.network("conv", 8.0),
        )
    )
    assert len(runs) == 5
    assert all(name == record.name for name, record in runs.items())
    own = [name for name, record in runs.items() if record.is_made_for_a_row]
    assert own == ["ram_4_glimpses"]
    groups = run_files.by_seed(runs.values())
    assert len(groups) == 4
    assert ["ram", "ram_seed_1"] in [[r.name for r in g] for g in groups]


def test_flags_newer_than_a_record_have_their_defaults(write_runs):
    """An older record and a newer one of the same settings are repeats."""
    newer = run_records.seeded(1, momentum=0.9, rollouts=4)
    runs = records.load(write_runs(ram=run_records.values(), ram_seed_1=newer))
    assert len(run_files.by_seed(runs.values())) == 1


def test_a_task_without_records(tmp_path):
    assert records.load(tmp_path / "nowhere") == {}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"test_error": None}, "test_error"),
        ({"test_error": 101.0}, "test_error"),
        ({"test_error": 3.0}, "test_error"),
        ({"test_error_by_glimpse": []}, "test_error_by_glimpse"),
        ({"test_error_by_glimpse": ["2"]}, "test_error_by_glimpse"),
        ({"test_error_mc10_by_glimpse": [1.0]}, "test_error_mc10_by_glimpse"),
        ({"pixels_by_glimpse": [1, 2]}, "pixels_by_glimpse"),
        ({"test_cases": 0}, "test_cases"),
        ({"test_cases": True}, "test_cases"),
        ({"config": None}, "config"),
        ({"config": {"network": "conv"}}, "config"),
        ({"machine": "abacus"}, "machine"),
        ({"seconds": "long"}, "seconds"),
        ({"parameters": 1.5}, "parameters"),
        ({"git_revision": 7}, "git_revision"),
        ({"curve": []}, "curve"),
        ({"curve": [{"epoch": 1}]}, "curve"),
    ],
)
def test_bad_records_are_named(changes, key, write_runs):
    task = write_runs(ram=run_records.values(**changes))
    with pytest.raises(ValueError, match=rf"ram\.json: `{key}` must be"):
        records.load(task)


def test_a_figure_that_is_not_known_may_be_null(write_runs):
    unknown = {"pixels_by_glimpse": None, "images_per_second": None}
    runs = records.load(write_runs(ram=run_records.values(**unknown)))
    assert runs["ram"].after(8, "pixels") is None


# Commands


def _configurations():
    """Of all records but those of games, which have flags of their own."""
    for path in sorted((ROOT / "results").glob("*/*.json")):
        if path.parent.name in ("catch", "minatar"):
            continue
        values = json.loads(path.read_text())
        runs = values.get("models", {path.stem: values})
        for name, run in runs.items():
            label = f"{path.parent.name}/{name}"
            yield pytest.param(run["config"], id=label)


@pytest.mark.parametrize("values", list(_configurations()))
def test_commands_make_the_same_settings_again(values):
    settings = from_record(values)
    words = recipe.command(settings).split()
    trainers = {"svhn_small": "svhn", "gtsrb": "signs"}
    trainer = trainers.get(settings.source, "mnist")
    if values.get("max_digits"):
        trainer = "numbers"
    command = ["python", "-m", f"trainers.{trainer}"]
    if settings.kind == "find":
        command = ["python", "-m", "trainers", "find"]
    assert words[: len(command)] == command
    assert recipe.parse(type(settings), words[len(command) :]) == settings


def test_commands_name_what_differs():
    settings = from_record(run_records.CLUTTERED).replace(
        glimpses=4, epochs=20.0, reinforce_into_core=False
    )
    line = recipe.command(settings)
    assert line.endswith(
        "=cluttered.flags --glimpses=4 --noreinforce_into_core --epochs=20"
    )
