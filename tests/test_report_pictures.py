"""The pictures of the report, and learning curves."""

import copy
import json
import pathlib
import re

import numpy as np
import run_records
from matplotlib.figure import Figure

from ram_tf_data.batches import evaluation_set
from ram_tf_data.canvas import Canvas
from ram_tf_reports import paths, pictures, records
from ram_tf_reports.published import TASKS
from ram_tf_runs.records import curve, workdir

ROOT = pathlib.Path(__file__).parents[1]


def test_the_overview_draws_ours_and_the_published(write_runs):
    task = write_runs(
        ram=run_records.values(),
        ram_4_glimpses=run_records.seeded(0, run_records.ERRORS[:4]),
        conv=run_records.network("conv", 8.0),
    )
    runs = dict.fromkeys(TASKS, records.load(task / "nowhere"))
    runs["cluttered"] = records.load(task)
    figure = pictures.overview(runs)
    empty, _, axes, _ = figure.axes
    lines = {line.get_label(): line.get_xydata() for line in axes.lines}
    ours = lines["ours, one rollout, with 95% interval"]
    np.testing.assert_array_equal(ours, [*enumerate(run_records.ERRORS, 1)])
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


def test_curves_by_kind(write_runs):
    runs = records.load(
        write_runs(
            conv=run_records.network("conv", 8.0),
            ram=run_records.values(),
            ram_4_glimpses=run_records.seeded(0, run_records.ERRORS[:4]),
            ram_longer=run_records.seeded(0, pretrained="cluttered"),
            ram_seed_1=run_records.seeded(1),
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


def test_an_axis_of_errors_is_labelled_at_both_its_ends():
    axes = Figure().subplots()
    axes.plot([1, 2], [2.6, 31])
    axes.set_yscale("log")
    curve.percent_ticks(axes)
    np.testing.assert_allclose(axes.get_ylim(), (2, 50))
    shown = [tick for tick in axes.get_yticks() if 2 <= tick <= 50]
    np.testing.assert_allclose(shown, [2, 5, 10, 20, 50])
    assert axes.yaxis.get_major_formatter()(5) == "5%"


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


def test_a_curve_of_half_a_log(tmp_path):
    """Its epochs are those of the run, and an empty one is none."""
    path = tmp_path / "metrics.jsonl"
    row = {"step": 50, "accuracy": 0.9, "validation_error_by_glimpse": [5.0]}
    path.write_text(json.dumps(row) + '\n{"step": 100, "accu')
    (point,) = curve.read_curve(path, 2.0, steps=200)
    assert point["epoch"] == 0.5
    path.write_text("")
    assert curve.read_curve(path, 2.0, steps=200) == []
    assert curve.read_curve(path, 2.0) == []
    (axes,) = curve.draw_curves({"a": [[]], "b": [[], [point]]}).axes
    assert [
        line.get_label() for line in axes.lines if line.get_label()[0] != "_"
    ]
    assert "b, best 5.00%" in axes.lines[-1].get_label()


def test_records_are_written_for_reading(tmp_path):
    path = tmp_path / "result.json"
    values = run_records.values() | {"empty": [], "text": 'a "[\n 1,\n 2]"'}
    workdir.write_json(path, copy.deepcopy(values))
    text = path.read_text()
    assert json.loads(text) == values
    assert (
        f'\n  "test_error_by_glimpse": {json.dumps(run_records.ERRORS)},\n'
        in text
    )
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
