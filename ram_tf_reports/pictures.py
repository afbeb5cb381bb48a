"""Pictures of the results, drawn from the records."""

import pathlib

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ram_tf.pictures import paths as viz
from ram_tf_reports import catch
from ram_tf_reports.catch import CatchRun
from ram_tf_reports.published import NETWORKS, TASKS, Task
from ram_tf_reports.records import CELLS, Record, Runs
from ram_tf_runs.records.curve import Curve, draw_curves, percent_ticks

OVERVIEW = "docs/results/error_by_glimpse.png"
CURVE = "docs/results/{}_curve.png"
PATHS = "docs/results/{}_paths.png"
_BLUE = "#1f4e9c"
_OURS, _OWN = "ours, one rollout, with 95% interval", "ours, own model of a row"
_CHOOSING = "ours, cell policy"
_PAPER, _PUBLIC = "the paper (NIPS)", "best public code"
_CONV = "conv net, trained by us"
_MC10, _RANDOM = "ten rollouts averaged", "random fixations"
_CENTRE = "centre only"
# How each line looks, in the order of the legend, column by column.
_STYLES = {
    _OURS: {"c": _BLUE, "lw": 2.2, "marker": "o"},
    _OWN: {"c": _BLUE, "ls": "", "marker": "*", "ms": 13, "mfc": "white"},
    _CHOOSING: {"c": "#e08e0b", "lw": 2.2, "marker": "s", "ms": 5},
    _PAPER: {"c": "k", "ls": ":", "lw": 1, "marker": "D", "ms": 6},
    _PUBLIC: {"c": "#d1495b", "ls": ":", "lw": 1, "marker": "^", "ms": 8},
    _CONV: {"c": "#3a7d44", "ls": "-.", "lw": 1.2},
    _MC10: {"c": "#7fa8dd", "ls": "--"},
    _RANDOM: {"c": "0.5"},
    _CENTRE: {"c": "0.75"},
}
# Lists of a record, from the lowest layer to the one on top.
_LISTS = {
    "test_error_centre_only": _CENTRE,
    "test_error_random_fixations": _RANDOM,
    "test_error_mc10": _MC10,
    "test_error": _OURS,
}


def write(
    root: pathlib.Path, runs: dict[str, Runs], games: list[list[CatchRun]]
) -> None:
    """Writes the overview, and the learning curves that there are.

    Args:
        root: Where RESULTS.md stands.
        runs: Of each task of the paper.
        games: Of Catch, as `catch.load` returns them.
    """
    viz.save(overview(runs), root / OVERVIEW)
    for name, task_runs in runs.items():
        if found := curves(task_runs):
            viz.save(draw_curves(found), root / CURVE.format(name))
    if games:
        viz.save(catch.draw(games), root / catch.PICTURE)


def glimpse_paths(root: pathlib.Path, name: str) -> str | None:
    """The picture of a task's glimpse paths, if it was drawn."""
    path = PATHS.format(name)
    return path if (root / path).exists() else None


def curves(runs: Runs) -> dict[str, list[Curve]]:
    """The learning curves that the records hold, by kind of model.

    Runs that began with the weights of another are left out: their epochs are
    not all of those that they had.
    """
    found: dict[str, list[Curve]] = {}
    # Networks without attention last.
    for record in sorted(runs.values(), key=lambda run: run.network != "ram"):
        from_scratch = record.values["config"].get("pretrained") is None
        if from_scratch and (curve := record.values.get("curve")):
            found.setdefault(_kind(record, runs), []).append(curve)
    return found


def overview(runs: dict[str, Runs]) -> Figure:
    """Error after each glimpse, a panel a task, on log scales."""
    figure = Figure(figsize=(11, 8.6), layout="constrained", dpi=110)
    panels = figure.subplots(2, 2).flat
    for axes, (name, task) in zip(panels, TASKS.items(), strict=True):
        _draw_ours(axes, runs[name])
        _draw_published(axes, task)
        _finish(axes, task, runs[name])
    _write_legend(figure)
    return figure


def _kind(record: Record, runs: Runs) -> str:
    if record.network != "ram":
        return NETWORKS[record.network]
    if "ram" in runs and record.recipe == runs["ram"].recipe:
        return "RAM"
    return record.name.replace("_", " ").replace("ram", "RAM")


def _draw(axes: Axes, label: str, points: dict[int, float]) -> None:
    """A line, or what looks like one in `_STYLES`, from errors by glimpses."""
    axes.plot(list(points), points.values(), label=label, **_STYLES[label])


def _draw_ours(axes: Axes, runs: Runs) -> None:
    if conv := runs.get("conv"):
        axes.axhline(conv.after(1), label=_CONV, **_STYLES[_CONV])
    if "ram" in runs:
        _draw_lines(axes, runs["ram"])
    for record in runs.values():
        if record.is_made_for_a_row:
            last = record.glimpses
            _draw(axes, _OWN, {last: record.after(last)})
    if cells := runs.get(CELLS):
        steps = range(1, cells.glimpses + 1)
        _draw(axes, _CHOOSING, {step: cells.after(step) for step in steps})


def _draw_lines(axes: Axes, record: Record) -> None:
    steps = range(1, record.glimpses + 1)
    for name, label in _LISTS.items():
        errors = {step: record.after(step, name) for step in steps}
        if None not in errors.values():
            _draw(axes, label, errors)
    low, high = np.transpose([record.interval(step) for step in steps])
    axes.fill_between(steps, low, high, color=_BLUE, alpha=0.2, linewidth=0)


def _draw_published(axes: Axes, task: Task) -> None:
    public = {
        best.glimpses or glimpses: best.error
        for glimpses, row in task.rows.items()
        if (best := row.best_public)
    }
    _draw(axes, _PAPER, {n: row.nips for n, row in task.rows.items()})
    _draw(axes, _PUBLIC, dict(sorted(public.items())))


def _write_legend(figure: Figure) -> None:
    """Writes one legend for all panels."""
    lines = [line for axes in figure.axes for line in axes.lines]
    handles = {line.get_label(): line for line in lines}
    figure.legend(
        handles=[handles[label] for label in _STYLES if label in handles],
        loc="outside lower center",
        ncols=4,
        frameon=False,
    )


def _finish(axes: Axes, task: Task, runs: Runs) -> None:
    axes.set_title(task.title, loc="left", weight="bold")
    state = "" if "ram" in runs else ", ours not run yet"
    words = f"{task.retina} retina{state}"
    axes.set_title(words, loc="right", size=9, color="0.4")
    axes.set(yscale="log", xlabel="glimpses", ylabel="test error")
    axes.set_xticks(range(1, task.glimpses + 1))
    axes.set_xlim(0.7, task.glimpses + 0.3)
    percent_ticks(axes)
