"""The report: verdicts, grouping, tables, and that RESULTS.md is not stale."""

import copy
import json
import pathlib
import re

import numpy as np
import pytest
from absl import flags
from absl.testing import flagsaver
from matplotlib.figure import Figure
from PIL import Image

from data.batches import evaluation_set
from data.canvas import Canvas
from trainers import command, curve, report, workdir
from trainers.reporting import (
    document,
    markdown,
    paths,
    pictures,
    recipe,
    records,
    tables,
    verdicts,
)
from trainers.reporting.published import NETWORKS, OTHERS, TASKS, Public, Row

ROOT = pathlib.Path(__file__).parents[1]
TASK = TASKS["cluttered"]
# Worse than the paper (4.96), undecided (4.08), better (4.04): of 10,000.
ERRORS = [60.0, 30.0, 12.0, 6.0, 5.0, 4.2, 3.5, 2.0]


def _values(errors=ERRORS, **changes):
    """What result.json holds, its small parts."""
    values = {
        "test_error": errors[-1],
        "test_error_by_glimpse": errors,
        "test_error_mc10_by_glimpse": [e / 2 for e in errors],
        "test_error_random_fixations_by_glimpse": [61.0] * len(errors),
        "test_error_centre_only_by_glimpse": [62.0] * len(errors),
        "test_cases": 10000,
        "parameters": 256500,
        "multiply_adds_by_glimpse": [1000 * (i + 1) for i in range(8)],
        "pixels_by_glimpse": [432 * (i + 1) for i in range(8)],
        "config": {"canvas": 60, "glimpses": len(errors), "seed": 0},
        "machine": {"processor": "abacus", "threads": 2},
        "git_revision": "0123456789" * 4,
        "seconds": 90.0,
        "images_per_second": 1234.5,
        "curve": [_evaluation(e, errors) for e in (0.5, 1.0)],
    }
    for name in ("multiply_adds_by_glimpse", "pixels_by_glimpse"):
        values[name] = values[name][: len(errors)]
    return values | changes


def _evaluation(epoch, errors):
    return {
        "epoch": epoch,
        "training_error": 20.0,
        "validation_error_by_glimpse": errors,
    }


def _seeded(seed, errors=ERRORS, **config):
    settings = _values(errors)["config"] | {"seed": seed} | config
    return _values(errors, config=settings)


def _network(name, error):
    """The record of a network without attention."""
    values = _seeded(0, [error], network=name, glimpses=8)
    kinds = ("mc10", "random_fixations", "centre_only")
    absent = {f"test_error_{kind}_by_glimpse" for kind in kinds}
    return {key: values[key] for key in values.keys() - absent}


@pytest.fixture
def folder(tmp_path):
    """Writes records of the cluttered task: folder(ram={...})."""

    def write(**runs):
        task = tmp_path / "results" / "cluttered"
        task.mkdir(parents=True, exist_ok=True)
        for name, values in runs.items():
            workdir.write_json(task / f"{name}.json", values)
        return task

    return write


def _rows(table):
    """The cells of a Markdown table, as dicts by column."""
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.splitlines()
    ]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


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


def test_spread_is_the_sample_deviation():
    assert verdicts.spread([1.0, 2.0, 3.0, 6.0]) == pytest.approx(
        (3.0, (14 / 3) ** 0.5)
    )


def test_the_best_public_figure_is_the_smallest():
    row = Row(3.0, 2.0, (Public(0.9, "a", 7), Public(0.8, "b")))
    assert row.best_public == Public(0.8, "b")
    assert Row(3.0, 2.0).best_public is None


def test_the_papers_sizes():
    pixels = [task.pixels for task in TASKS.values()]
    assert pixels == [448, 3456, 3456, 4608]


# Records


def test_records_find_their_places(folder):
    four = _seeded(0, ERRORS[:4])
    runs = records.load(
        folder(
            ram=_values(),
            ram_seed_1=_seeded(1),
            ram_lstm=_seeded(2, core="lstm"),
            ram_4_glimpses=four,
            conv=_network("conv", 8.0),
        )
    )
    assert runs.ram.name == "ram"
    assert {g: r.name for g, r in runs.made_for.items()} == {
        4: "ram_4_glimpses"
    }
    assert {n: r.name for n, r in runs.networks.items()} == {"conv": "conv"}
    assert [[r.name for r in group] for group in runs.repeats] == [
        ["ram", "ram_seed_1"]
    ]
    assert len(runs.all) == 5


def test_flags_newer_than_a_record_have_their_defaults(folder):
    """An older record and a newer one of the same settings are repeats."""
    newer = _seeded(1, momentum=0.9, rollouts=4)
    runs = records.load(folder(ram=_values(), ram_seed_1=newer))
    assert len(runs.repeats) == 1


def test_a_task_without_records(tmp_path):
    runs = records.load(tmp_path / "nowhere")
    assert runs == records.Runs(None, {}, {}, [], [])


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
def test_bad_records_are_named(changes, key, folder):
    task = folder(ram=_values(**changes))
    with pytest.raises(ValueError, match=rf"ram\.json: `{key}` must be"):
        records.load(task)


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_files_that_are_no_records_are_named(text, folder):
    task = folder()
    (task / "ram.json").write_text(text)
    with pytest.raises(ValueError, match=r"cluttered/ram\.json"):
        records.load(task)


# Tables


def test_errors_beside_the_published_ones(folder):
    runs = records.load(folder(ram=_values()))
    four, six, eight = _rows(tables.errors(TASK, runs))
    assert four == {
        "glimpses": "4",
        "arXiv": "7.10",
        "NIPS": "4.96",
        "best public": "5.15",
        "ours": "**6.00**",
        "95% interval": "5.55–6.48",
        "against NIPS": "worse",
        "against public": "worse",
    }
    assert six["against NIPS"] == "not distinguishable"
    assert six["against public"] == "worse"
    assert (eight["against NIPS"], eight["against public"]) == ("better",) * 2


def test_a_model_made_for_a_row_is_an_extra_row(folder):
    own = _seeded(0, [60.0, 30.0, 12.0, 4.0])
    runs = records.load(folder(ram=_values(), ram_4_glimpses=own))
    rows = _rows(tables.errors(TASK, runs))
    assert [row["glimpses"] for row in rows] == ["4", "4, own model", "6", "8"]
    assert rows[0]["ours"] == "**6.00**"
    assert rows[1]["ours"] == "**4.00**"
    assert rows[1]["against NIPS"] == "better"


def test_what_is_missing_is_not_run(folder):
    runs = records.load(folder(ram=_seeded(0, ERRORS[:6])))
    rows = _rows(tables.errors(TASK, runs))
    assert [row["ours"] for row in rows] == ["**6.00**", "**4.20**", "not run"]
    assert rows[2]["against NIPS"] == "–"
    nothing = records.load(folder() / "nowhere")
    for table in (tables.errors, tables.controls, tables.networks):
        assert {r["ours"] for r in _rows(table(TASK, nothing))} == {"not run"}


def test_controls_and_costs(folder):
    runs = records.load(folder(ram=_values()))
    assert _rows(tables.controls(TASK, runs))[2] == {
        "glimpses": "8",
        "ours": "**2.00**",
        "ten rollouts averaged": "1.00",
        "random fixations": "61.00",
        "centre only": "62.00",
        "multiply-adds": "8,000",
        "pixels": "3,456",
    }


def test_older_records_lack_costs(folder):
    values = _values()
    for name in ("parameters", "multiply_adds_by_glimpse", "curve"):
        del values[name]
    runs = records.load(folder(ram=values))
    assert _rows(tables.controls(TASK, runs))[0]["multiply-adds"] == "–"
    assert _rows(tables.networks(TASK, runs))[-1]["parameters"] == "–"
    assert pictures.curves(runs) == {}


def test_networks_without_attention(folder):
    runs = records.load(folder(ram=_values(), conv=_network("conv", 8.2)))
    rows = _rows(tables.networks(TASK, runs))
    assert [row["network"] for row in rows] == [
        *NETWORKS.values(),
        "RAM, 8 glimpses",
    ]
    assert rows[0]["ours"] == "not run"
    assert rows[2] == {
        "network": "conv net, 2 layers",
        "arXiv": "7.83",
        "NIPS": "8.09",
        "best public": "8.37",
        "ours": "**8.20**",
        "95% interval": "7.68–8.75",
        "parameters": "256,500",
        "multiply-adds": "1,000",
        "pixels": "432",
    }


def test_seeds_have_mean_and_deviation(folder):
    others = [[*ERRORS[:7], error] for error in (2.0, 3.0, 4.0)]
    runs = records.load(
        folder(
            ram=_seeded(0, others[0]),
            ram_seed_1=_seeded(1, others[1]),
            ram_seed_2=_seeded(2, others[2]),
            conv=_network("conv", 8.0),
        )
    )
    rows = _rows(tables.repeats(TASK, runs))
    assert [row["glimpses"] for row in rows] == ["4", "6", "8"]
    assert rows[2] == {
        "run": "ram",
        "glimpses": "8",
        "n": "3",
        "mean": "**3.00**",
        "standard deviation": "1.00",
        "each": "2.00, 3.00, 4.00",
    }
    assert tables.repeats(TASK, records.load(folder() / "nowhere")) is None


def test_the_summary_counts_rows(folder):
    task = folder(ram=_values())
    runs = dict.fromkeys(TASKS, records.load(task / "nowhere"))
    runs["cluttered"] = records.load(task)
    rows = {row["task"]: row for row in _rows(tables.summary(TASKS, runs))}
    row = rows["cluttered 60×60"]
    assert row["ours"] == "**2.00**"
    assert row["rows against NIPS"] == "1 / 1 / 1"
    assert row["against public"] == "1 / 0 / 2"
    assert rows["MNIST 28×28"]["rows against NIPS"] == "–"


def test_tables_are_padded():
    rows = [{"a": "long cell", "n": "1"}, {"a": "b", "n": "22"}]
    assert markdown.table(rows).splitlines() == [
        "| a         |   n |",
        "| :-------- | --: |",
        "| long cell |   1 |",
        "| b         |  22 |",
    ]


# Commands


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "results").glob("*/*.json")),
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_commands_make_the_same_settings_again(path):
    settings = recipe.defaults() | json.loads(path.read_text())["config"]
    words = recipe.command(path.parent.name, settings).split()
    assert words[:3] == ["python", "-m", "trainers.mnist"]
    with flagsaver.flagsaver():
        flags.FLAGS(command._prepare(words[2:]))
        made = {name: flags.FLAGS[name].value for name in settings}
    assert made == settings


def test_commands_name_what_differs():
    settings = {"glimpses": 4, "epochs": 20.0, "reinforce_into_core": False}
    line = recipe.command("cluttered", {"canvas": 60, **settings})
    assert line.endswith(
        "=cluttered.flags --glimpses=4 --epochs=20 --noreinforce_into_core"
    )


# The document


def test_the_committed_results_are_not_stale():
    """If this fails, run `python -m trainers.report` and commit."""
    written = (ROOT / "RESULTS.md").read_text()
    assert written == document.render(ROOT, ROOT / "results")


def test_links_of_the_committed_results():
    text = (ROOT / "RESULTS.md").read_text()
    links = [link for link in re.findall(r"\]\((\S+)\)", text)]
    local = [link for link in links if not link.startswith("https://")]
    assert pictures.OVERVIEW in local
    assert [link for link in local if not (ROOT / link).exists()] == []


def test_committed_pictures_are_small():
    files = list((ROOT / "docs" / "results").glob("*.png"))
    assert files
    assert [file for file in files if file.stat().st_size > 500_000] == []


def test_a_run_is_a_line_with_its_command(folder):
    task = folder(ram=_values(git_revision="0123456789abcdef-dirty"))
    text = document.render(task.parent.parent, task.parent)
    assert (
        "- [ram](results/cluttered/ram.json): seed 0; error 2.00; 1.5 minutes; "
        "1,234 images/s; abacus, 2 threads; commit `0123456-dirty`.\n"
        "  `python -m trainers.mnist --flagfile=cluttered.flags"
    ) in text
    for name in OTHERS:
        assert f"{name}.flags" not in text


def test_notes_stand_under_their_task(folder):
    task = folder(ram=_values())
    (task / "notes.md").write_text("A target was missed.\n")
    text = document.render(task.parent.parent, task.parent)
    section = text.partition("## Cluttered 60×60")[2].partition("\n## ")[0]
    assert "\n\nA target was missed.\n\n" in section


def test_translation_invariance_is_shown_once_it_is_measured(folder):
    task = folder()
    root = task.parent.parent
    assert "invariance" not in document.render(root, task.parent)
    found = {
        "models": {
            "ram": {"grid": [[1.0]], "left": 2.5, "right": 3.25},
            "conv": {"grid": [[1.0]], "left": 8.0, "right": 64.0},
        },
        "rows": 5,
        "columns": 7,
        "cases_per_place": 2000,
    }
    workdir.write_json(task.parent / "invariance.json", found)
    text = document.render(root, task.parent)
    assert "5×7 places with 2,000 test" in text
    assert re.search(r"\| RAM +\| +2\.50 \| +3\.25 \|", text)
    assert "(docs/invariance.png)" in text


def _report(*arguments):
    """Runs the command in this process; returns its exit code."""
    with flagsaver.flagsaver():
        argv = command._prepare(["report", *arguments])
        return command._guarded(report.main, False)(flags.FLAGS(argv))


def test_the_command_writes_text_and_pictures(folder, tmp_path):
    task = folder(
        ram=_values(),
        ram_seed_1=_seeded(1),
        ram_4_glimpses=_seeded(0, ERRORS[:4]),
        conv=_network("conv", 8.0),
    )
    out = tmp_path / "RESULTS.md"
    assert not _report(f"--records={task.parent}", f"--out={out}")
    text = out.read_text()
    assert text == document.render(tmp_path, task.parent)
    drawn = sorted((tmp_path / "docs" / "results").iterdir())
    names = ["cluttered_curve.png", "error_by_glimpse.png"]
    assert [file.name for file in drawn] == names
    for file in drawn:
        assert f"(docs/results/{file.name})" in text
        with Image.open(file) as picture:
            assert min(picture.size) > 400


def test_the_command_names_what_is_wrong(folder, tmp_path, capsys):
    assert _report(f"--records={tmp_path / 'nowhere'}") == 1
    assert "--records must name" in capsys.readouterr().err
    task = folder(ram=_values(test_cases=None))
    assert _report(f"--records={task.parent}", f"--out={tmp_path / 'R'}") == 1
    assert "ram.json: `test_cases`" in capsys.readouterr().err
    assert not (tmp_path / "R").exists()


# Pictures


def test_the_overview_draws_ours_and_the_published(folder):
    task = folder(
        ram=_values(),
        ram_4_glimpses=_seeded(0, ERRORS[:4]),
        conv=_network("conv", 8.0),
    )
    runs = dict.fromkeys(TASKS, records.load(task / "nowhere"))
    runs["cluttered"] = records.load(task)
    figure = pictures.overview(runs)
    empty, _, axes, _ = figure.axes
    lines = {line.get_label(): line.get_xydata() for line in axes.lines}
    ours = lines["ours, one rollout, with 95% interval"]
    np.testing.assert_array_equal(ours, [*enumerate(ERRORS, 1)])
    np.testing.assert_array_equal(lines["ours, own model of a row"], [(4, 6)])
    np.testing.assert_array_equal(
        lines["the paper (NIPS)"], [(4, 4.96), (6, 4.08), (8, 4.04)]
    )
    assert lines["conv net, trained by us"][0, 1] == 8.0
    assert "not run yet" in empty.get_title("right")
    assert "not run yet" not in axes.get_title("right")
    (legend,) = figure.legends
    assert len(legend.get_texts()) == 8


def test_a_public_figure_stands_at_its_own_glimpses(tmp_path):
    nothing = records.load(tmp_path / "nowhere")
    figure = pictures.overview(dict.fromkeys(TASKS, nothing))
    lines = {line.get_label(): line for line in figure.axes[1].lines}
    np.testing.assert_array_equal(
        lines["best public code"].get_xydata(),
        [(4, 1.54), (6, 1.08), (7, 0.92)],
    )


def test_curves_by_kind(folder):
    runs = records.load(
        folder(
            conv=_network("conv", 8.0),
            ram=_values(),
            ram_4_glimpses=_seeded(0, ERRORS[:4]),
            ram_seed_1=_seeded(1),
        )
    )
    found = pictures.curves(runs)
    assert {name: len(group) for name, group in found.items()} == {
        "RAM": 2,
        "RAM 4 glimpses": 1,
        "conv net, 2 layers": 1,
    }
    (axes,) = curve.draw_curves(found).axes
    drawn = [line for line in axes.lines if len(line.get_xdata())]
    assert len(drawn) == 6  # Two of eight glimpses have a dotted line.
    (axes,) = curve.draw_curves({"RAM": found["RAM"][:1]}).axes
    assert "in training" in axes.lines[0].get_label()
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [20.0, 20.0])
    np.testing.assert_array_equal(axes.lines[1].get_xdata(), [0.5, 1.0])
    np.testing.assert_array_equal(axes.lines[2].get_ydata(), [6.0, 6.0])


def test_a_curve_is_read_from_metrics(tmp_path):
    path = tmp_path / "metrics.jsonl"
    rows = [
        {"step": 50, "accuracy": 0.123456},
        {"step": 200, "accuracy": 0.9},
    ]
    for row in rows:
        row["validation_error_by_glimpse"] = [33.3333, 5.0]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert curve.read_curve(path, 2.0) == [
        {
            "epoch": 0.5,
            "training_error": 87.65,
            "validation_error_by_glimpse": [33.33, 5.0],
        },
        {
            "epoch": 2.0,
            "training_error": 10.0,
            "validation_error_by_glimpse": [33.33, 5.0],
        },
    ]


def test_records_are_written_for_reading(tmp_path):
    path = tmp_path / "result.json"
    values = _values() | {"empty": [], "text": 'a "[\n 1,\n 2]"'}
    workdir.write_json(path, copy.deepcopy(values))
    text = path.read_text()
    assert json.loads(text) == values
    assert f'\n  "test_error_by_glimpse": {json.dumps(ERRORS)},\n' in text
    first = json.dumps(values["curve"][0])
    assert f'\n  "curve": [\n    {first},\n' in text


def test_cases_are_chosen_by_rule():
    right = np.array([1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0], bool)
    assert paths.choose(right).tolist() == [0, 2, 3, 5, 7, 1, 4, 6]
    assert paths.choose(np.ones(2, bool)).tolist() == [0, 1]


def test_paths_of_right_and_wrong_answers(digits):
    from ram_tf import RecurrentAttentionModel

    model = RecurrentAttentionModel(
        glimpses=2, glimpse_size=8, core_units=8, sensor="gather"
    )
    model.build((None, 32, 32, 1))
    test = evaluation_set(digits.test, Canvas(32))
    figure = paths.draw(model, test)
    assert isinstance(figure, Figure)
    titles = [a.get_title("left") for a in figure.axes if a.get_title("left")]
    agree = [len(set(re.findall(r"\d(?=,| \()", title))) for title in titles]
    assert agree == [1] * 5 + [2] * 3
