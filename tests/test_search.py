"""The random search: what is drawn, kept, pruned, resumed and refused."""

import json
import signal

import numpy as np
import optuna
import pytest
from absl import flags
from optuna.trial import TrialState
from PIL import Image

from ram_tf_commands import search
from ram_tf_data.batches import TrainingBatches
from ram_tf_runs.searching import search_results
from ram_tf_runs.searching.study import Study
from ram_tf_runs.settings.run import of_kind

RANGES = {"learning_rate": (1e-4, 1e-2), "location_std": (0.03, 0.3)}
SHARED = {"seed": 5, "glimpses": 2}
TINY = [
    "--source=digits",
    "--canvas=30",
    "--glimpses=2",
    "--glimpse_size=4",
    "--core_units=8",
    "--units=8",
    "--glimpse_units=8",
    "--location_units=8",
    "--epochs=2",
    "--batch_size=600",
    "--startup_trials=1",
]


@pytest.fixture
def open_study(tmp_path):
    """Opens the same study, again and again."""

    def opened(startup_trials=1, ranges=RANGES, **changes):
        path = tmp_path / "search" / "study.db"
        return Study(path, SHARED | changes, ranges, startup_trials)

    return opened


def _run_to_its_end(study, trial, errors):
    """Reports errors as a trial does; returns whether it was pruned."""
    for step, error in enumerate(errors):
        if study.report(trial, step, error):
            study.prune(trial)
            return True
    study.complete(trial, min(errors))
    return False


def _drawn(study):
    return [{n: trial[n] for n in RANGES} for trial in study.trials]


def _killed(study, trial):
    """What is left of a trial whose process was killed: its lock is free."""
    study._locks.pop(trial.number).release()


def test_optuna_says_nothing_of_its_own(open_study):
    optuna.logging.set_verbosity(optuna.logging.INFO)
    open_study()
    assert optuna.logging.get_verbosity() == optuna.logging.WARNING


def test_draws_are_log_uniform_in_their_ranges(open_study):
    study = open_study()
    for _ in range(24):
        study.complete(study.ask(), 1.0)
    for name, (low, high) in RANGES.items():
        values = np.log([trial[name] for trial in study.trials])
        places = (values - np.log(low)) / np.log(high / low)
        assert places.min() >= 0
        assert places.max() <= 1
        # Uniform: the mean of 24 has a standard deviation of 0.06.
        assert abs(places.mean() - 0.5) < 0.18
    assert len({trial["learning_rate"] for trial in study.trials}) == 24


def test_a_study_that_is_resumed_draws_what_a_whole_one_does(
    open_study, tmp_path
):
    whole = Study(tmp_path / "whole.db", SHARED, RANGES, 1)
    for _ in range(4):
        whole.complete(whole.ask(), 1.0)
    study = open_study()
    study.complete(study.ask(), 1.0)
    study.fail(study.ask())  # Was interrupted.
    study = open_study()
    study.prune(study.ask())
    _killed(study, study.ask())  # And is still said to be running.
    study = open_study()
    while len(study.trials) < 4:
        study.complete(study.ask(), 1.0)
    assert _drawn(study) == _drawn(whole)
    assert [trial["trial"] for trial in study.trials] == [0, 1, 2, 3]
    states = [trial.state for trial in study._study.get_trials()]
    assert states.count(TrialState.FAIL) == 2
    assert TrialState.RUNNING not in states


def test_a_trial_that_ended_right_before_a_kill_leaves_no_lock(open_study):
    study = open_study()
    trial = study.ask()
    place = study.logs(trial)
    study.complete(trial, 1.0)
    assert not (place / "lock").exists()
    (place / "lock").write_text("{}")
    assert len(open_study().trials) == 1
    assert not (place / "lock").exists()


def test_another_seed_draws_others(open_study, tmp_path):
    study = open_study()
    other = Study(tmp_path / "other.db", SHARED | {"seed": 6}, RANGES, 1)
    assert study.ask().params != other.ask().params


def test_trials_worse_than_the_median_are_pruned(open_study):
    study = open_study(startup_trials=2)
    # There is nothing to prune by before two trials are complete.
    assert not _run_to_its_end(study, study.ask(), [50.0, 10.0])
    assert not _run_to_its_end(study, study.ask(), [90.0, 40.0])
    # The median is 70, then 25.
    assert _run_to_its_end(study, study.ask(), [71.0, 5.0])
    assert not _run_to_its_end(study, study.ask(), [69.0, 20.0])
    *_, pruned, last = study.trials
    assert pruned["state"] == "pruned"
    assert pruned["validation_error"] == 71.0
    assert last["state"] == "complete"
    assert last["validation_error"] == 20.0
    assert last["validation_error_by_step"] == {0: 69.0, 1: 20.0}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"glimpses": 3}, "glimpses was 2, now 3"),
        ({"startup_trials": 4}, "startup_trials was 1, now 4"),
        (
            {"ranges": RANGES | {"location_std": (0.1, 0.3)}},
            r"location_std_range was \[0.03, 0.3\], now \[0.1, 0.3\]",
        ),
        ({"place": "left"}, "place was None, now 'left'"),
    ],
)
def test_a_search_with_other_flags_is_refused(open_study, changes, words):
    open_study()
    with pytest.raises(ValueError, match=rf"--study=.*db holds.*{words}\. Use"):
        open_study(**changes)


def test_a_file_that_is_no_study_is_left_alone(open_study, tmp_path):
    path = tmp_path / "search" / "study.db"
    path.parent.mkdir()
    path.write_text("something else, long enough to be looked at " * 9)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"--study must name.*study\.db"):
        open_study()
    assert path.read_bytes() == before


def test_the_record_by_hand(open_study):
    study = open_study(startup_trials=9)
    for error in (30.0, 12.5, 20.0):
        _run_to_its_end(study, study.ask(), [90.0, error])
    study.prune(study.ask(), diverged=True)
    summary = search_results.summarise(study)
    assert summary["best"] == summary["trials"][1]
    assert summary["trials"][3]["state"] == "diverged"
    assert summary["trials"][3]["validation_error"] is None
    assert summary["config"]["seed"] == 5
    assert summary["versions"]["optuna"]
    lines = search_results.table(summary).splitlines()
    assert lines[0] == "3 complete, 0 pruned, 1 diverged"
    assert [line.split()[0] for line in lines[2:5]] == [
        "12.50",
        "20.00",
        "30.00",
    ]
    pasted = dict(flag[2:].split("=") for flag in lines[5].split()[1:])
    assert {name: float(value) for name, value in pasted.items()} == _drawn(
        study
    )[1]


def test_a_search_without_a_complete_trial(open_study):
    study = open_study()
    study.prune(study.ask(), diverged=True)
    summary = search_results.summarise(study)
    assert summary["best"] is None
    assert "no trial is complete" in search_results.table(summary)


def test_the_picture_shows_each_trial_where_it_is(open_study):
    study = open_study(startup_trials=2)
    for errors in ([50.0, 0.0], [60.0, 5.0], [80.0, 9.0]):
        _run_to_its_end(study, study.ask(), errors)
    summary = search_results.summarise(study)
    figure = search_results.draw(summary)
    rate, std, plane, _ = figure.axes
    complete, pruned = rate.collections
    places = sorted(map(tuple, complete.get_offsets()))
    expected = sorted(
        (trial["learning_rate"], max(trial["validation_error"], 0.01))
        for trial in study.trials[:2]
    )
    np.testing.assert_allclose(places, expected)
    third = study.trials[2]
    np.testing.assert_allclose(
        pruned.get_offsets(), [[third["learning_rate"], 80.0]]
    )
    assert std.get_xscale() == plane.get_yscale() == "log"


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("--learning_rate_range=1", "LOWEST,HIGHEST"),
        ("--learning_rate_range=1e-2,1e-3", "LOWEST,HIGHEST"),
        ("--location_std_range=0,1", "above 0"),
        ("--location_std_range=0.1,inf", "finite"),
        ("--location_std_range=a,b", "numbers between commas"),
        ("--trials=0", "--trials=0"),
        ("--minutes=-1", "--minutes=-1"),
    ],
)
def test_flags_out_of_range(run_command, argument, words, capsys):
    assert run_command(search, argument) == 1
    assert words in capsys.readouterr().err


def test_networks_without_a_location_are_refused(run_command, tmp_path, capsys):
    study = tmp_path / "study.db"
    code = run_command(search, *TINY, "--network=conv", f"--study={study}")
    assert code == 1
    assert "only --network=ram has" in capsys.readouterr().err
    assert not study.exists()


def test_weights_to_start_from_are_used(run_command, tmp_path, capsys):
    """Those of another architecture are told of before a study is made."""
    study = tmp_path / "study.db"
    arguments = [*TINY, "--pretrained=cluttered", f"--study={study}"]
    assert run_command(search, *arguments, "--glimpse_size=5") == 1
    needed, received = capsys.readouterr().err.split("Received: ")
    # All that differs is told at once.
    assert "--core_units=256, " in needed
    assert "--glimpse_size=12, with" in needed
    assert "--core_units=8, " in received
    assert "--glimpse_size=5" in received
    assert not study.exists()


@pytest.fixture
def searched(run_command, tmp_path):
    """Searches in tmp_path; returns the exit code and the record, if any."""

    def searched(trials, *arguments, name="study"):
        path = tmp_path / f"{name}.db"
        code = run_command(
            search, *TINY, f"--study={path}", f"--trials={trials}", *arguments
        )
        record = path.with_suffix(".json")
        return code, json.loads(record.read_text()) if record.exists() else None

    return searched


def _outcomes(record):
    """What an interruption must not change."""
    return [
        {name: value for name, value in trial.items() if name != "seconds"}
        for trial in record["trials"]
    ]


@pytest.mark.slow
def test_a_search_leaves_its_results(searched, tmp_path):
    code, record = searched(2)
    assert code == 0
    for trial in record["trials"]:
        assert 0 <= trial["validation_error"] <= 100
        logs = tmp_path / "study" / str(trial["trial"])
        rows = (logs / "metrics.jsonl").read_text().splitlines()
        rows = {str(json.loads(r)["step"]): json.loads(r) for r in rows}
        assert trial["validation_error_by_step"] == {
            step: row["validation_error"] for step, row in rows.items()
        }
        assert rows["4"]["learning_rate"] == 0.0
        assert len(list(logs.glob("events*"))) == 1
    assert not list(tmp_path.rglob("ckpt*"))
    with Image.open(tmp_path / "study.png") as picture:
        assert min(picture.size) > 400


@pytest.mark.slow
def test_a_search_that_is_interrupted_ends_like_one_that_was_not(
    searched, monkeypatch, capsys
):
    _, whole = searched(2, name="whole")
    indices, starts = TrainingBatches.indices, []

    def interrupted(self, step, count):
        starts.extend([step] if step == 0 else [])
        if len(starts) == 2:
            signal.raise_signal(signal.SIGTERM)
        return indices(self, step, count)

    with monkeypatch.context() as patched:
        patched.setattr(TrainingBatches, "indices", interrupted)
        code, record = searched(2)
    assert code == 128 + signal.SIGTERM
    assert len(record["trials"]) == 1
    assert "run the same command again" in capsys.readouterr().out
    code, record = searched(2)
    assert code == 0
    assert "trial 2 of 2" in capsys.readouterr().out
    assert _outcomes(record) == _outcomes(whole)
    # There is nothing left to do, and no time to do more.
    assert searched(2) == (0, record)
    assert searched(3, "--minutes=0") == (0, record)
    assert searched(2, "--glimpses=3")[0] == 1
    assert "glimpses was 2, now 3" in capsys.readouterr().err


@pytest.mark.slow
def test_a_trial_that_diverges_is_kept_as_such(searched, capsys):
    code, record = searched(
        1,
        "--learning_rate_range=1e30,1e35",
        "--optimizer=sgd",
        "--clip_norm=0",
    )
    assert code == 0
    assert [trial["state"] for trial in record["trials"]] == ["diverged"]
    assert record["best"] is None
    assert "The loss became" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["classify", "numbers"])
def test_all_flags_of_a_run_are_those_of_a_search(kind):
    values = flags.FlagValues()
    search.COMMAND.define([f"--kind={kind}"], values, "search")
    assert {leaf.name for leaf in of_kind(kind).leaves()} < set(values)
