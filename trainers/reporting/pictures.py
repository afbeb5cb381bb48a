"""Pictures of the results, drawn from the records."""

import pathlib

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ram_tf import viz
from trainers.records.curve import Curve, draw_curves, percent_ticks
from trainers.reporting import catch, verdicts
from trainers.reporting.catch import CatchRun
from trainers.reporting.markdown import picture
from trainers.reporting.published import NETWORKS, TASKS, Task
from trainers.reporting.records import Record, Runs

OVERVIEW = "docs/results/error_by_glimpse.png"
CURVE = "docs/results/{}_curve.png"
PATHS = "docs/results/{}_paths.png"
_BLUE, _RED, _GREEN = "#1f4e9c", "#d1495b", "#3a7d44"
_OURS, _OWN = "ours, one rollout, with 95% interval", "ours, own model of a row"
_PAPER, _PUBLIC = "the paper (NIPS)", "best public code"
_CONV = "conv net, trained by us"
# Errors of a record after each glimpse, as lines.
_LINES = {
    "test_error_centre_only": ("centre only", {"color": "0.75"}),
    "test_error_random_fixations": ("random fixations", {"color": "0.5"}),
    "test_error_mc10": (
        "ten rollouts averaged",
        {"color": "#7fa8dd", "linestyle": "--"},
    ),
    "test_error": (
        _OURS,
        {"color": _BLUE, "linewidth": 2.2, "marker": "o"},
    ),
}
# Column by column.
_LEGEND = [
    *(_OURS, _OWN, _PAPER, _PUBLIC, _CONV),
    *(label for label, _ in reversed(_LINES.values()) if label != _OURS),
]


def write(
    root: pathlib.Path, runs: dict[str, Runs], games: list[list[CatchRun]]
) -> None:
    """Writes the overview, and a learning curve for each task that has one.

    Args:
        root: Where RESULTS.md stands.
        runs: Of each task of the paper.
        games: Runs of Catch, in groups.
    """
    (root / OVERVIEW).parent.mkdir(parents=True, exist_ok=True)
    viz.save(overview(runs), root / OVERVIEW)
    for name, task_runs in runs.items():
        if found := curves(task_runs):
            viz.save(draw_curves(found), root / CURVE.format(name))
    if games:
        viz.save(catch.draw(games), root / catch.PICTURE)


def glimpse_paths(root: pathlib.Path, name: str, title: str) -> str | None:
    """A task's glimpse paths in Markdown, if they were drawn."""
    path = PATHS.format(name)
    if (root / path).exists():
        return picture(f"Glimpse paths, {title}", path)
    return None


def curves(runs: Runs) -> dict[str, list[Curve]]:
    """The learning curves that the records hold, by kind of model.

    Runs that began with the weights of another are left out: their epochs are
    not all of those that they had.
    """
    found: dict[str, list[Curve]] = {}
    # Networks without attention last.
    for record in sorted(runs.all, key=lambda record: record.network != "ram"):
        from_scratch = record.values["config"].get("pretrained") is None
        if from_scratch and record.values.get("curve"):
            found.setdefault(_kind(record, runs), []).append(
                record.values["curve"]
            )
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
    if runs.ram is not None and record.is_repeat_of(runs.ram):
        return "RAM"
    return record.name.replace("_", " ").replace("ram", "RAM")


def _draw_ours(axes: Axes, runs: Runs) -> None:
    if "conv" in runs.networks:
        axes.axhline(
            runs.networks["conv"].after(1),
            color=_GREEN,
            linestyle="-.",
            linewidth=1.2,
            label=_CONV,
        )
    if runs.ram is not None:
        _draw_lines(axes, runs.ram)
    for glimpses, record in runs.made_for.items():
        axes.plot(
            glimpses,
            record.after(glimpses),
            "*",
            color=_BLUE,
            markersize=13,
            markerfacecolor="white",
            label=_OWN,
        )


def _draw_lines(axes: Axes, record: Record) -> None:
    steps = range(1, record.glimpses + 1)
    for name, (label, style) in _LINES.items():
        errors = [record.after(step, name) for step in steps]
        if None not in errors:
            axes.plot(steps, errors, label=label, **style)
    intervals = [
        verdicts.wilson(record.after(step), record.cases) for step in steps
    ]
    low, high = np.transpose(intervals)
    axes.fill_between(steps, low, high, color=_BLUE, alpha=0.2, linewidth=0)


def _draw_published(axes: Axes, task: Task) -> None:
    paper = {glimpses: row.nips for glimpses, row in task.rows.items()}
    public = {
        best.glimpses or glimpses: best.error
        for glimpses, row in task.rows.items()
        if (best := row.best_public)
    }
    style = {"linestyle": ":", "linewidth": 1}
    axes.plot(
        *zip(*paper.items(), strict=True), "kD", ms=6, label=_PAPER, **style
    )
    axes.plot(
        *zip(*sorted(public.items()), strict=True),
        "^",
        color=_RED,
        ms=8,
        label=_PUBLIC,
        **style,
    )


def _write_legend(figure: Figure) -> None:
    """One for all panels; ours and what it is compared with come first."""
    handles = {}
    for axes in figure.axes:
        found, labels = axes.get_legend_handles_labels()
        handles |= dict(zip(labels, found, strict=True))
    labels = [label for label in _LEGEND if label in handles]
    figure.legend(
        [handles[label] for label in labels],
        labels,
        loc="outside lower center",
        ncols=4,
        frameon=False,
    )


def _finish(axes: Axes, task: Task, runs: Runs) -> None:
    axes.set_title(task.title, loc="left", weight="bold")
    state = f"{task.retina} retina"
    if runs.ram is None:
        state += ", ours not run yet"
    axes.set_title(state, loc="right", size=9, color="0.4")
    axes.set(yscale="log", xlabel="glimpses", ylabel="test error")
    axes.set_xticks(range(1, task.glimpses + 1))
    axes.set_xlim(0.7, task.glimpses + 0.3)
    percent_ticks(axes)
