"""What a search has found: a record, a table, the flags to paste, a picture."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter

from ram_tf_runs.records import record
from ram_tf_runs.searching.study import Study

_SHOWN = 10
_WORDS = {"learning_rate": "learning rate", "location_std": "location std"}
_MARKS = {"complete": "o", "pruned": "x"}
_LABELS = {"complete": "complete", "pruned": "pruned, when stopped"}
# In %; an error of zero has no place on a log scale.
_LEAST = 0.01


def summarise(study: Study) -> dict[str, Any]:
    """The record of a search; "best" is None if no trial is complete."""
    trials = study.trials
    return {
        "best": next(iter(_measured(trials, "complete")), None),
        "trials": trials,
        "config": study.config,
        **record.circumstances("optuna"),
    }


def as_flags(trial: dict[str, float]) -> str:
    """The settings of a trial, exactly, as flags to paste."""
    return " ".join(f"--{name}={trial[name]!r}" for name in _WORDS)


def table(summary: dict[str, Any]) -> str:
    """The best trials and the flags of the best one, as lines of text."""
    trials = summary["trials"]
    counts = {state: 0 for state in ("complete", "pruned", "diverged")}
    for trial in trials:
        counts[trial["state"]] += 1
    lines = [", ".join(f"{n} {state}" for state, n in counts.items())]
    if not summary["best"]:
        return f"{lines[0]}: no trial is complete yet"
    lines.append("validation error, %   learning rate   location std   trial")
    for trial in _measured(trials, "complete")[:_SHOWN]:
        lines.append(
            f"{trial['validation_error']:19.2f}   "
            f"{trial['learning_rate']:13.2e}   {trial['location_std']:12.3f}   "
            f"{trial['trial']:5d}"
        )
    return "\n".join([*lines, f"best: {as_flags(summary['best'])}"])


def draw(summary: dict[str, Any]) -> Figure:
    """Error against each setting, and in the plane of both, on log scales.

    Args:
        summary: With at least one complete trial.
    """
    figure = Figure(figsize=(12, 3.8), dpi=120, layout="constrained")
    *singles, plane = figure.subplots(1, 3)
    for axes, name in zip(singles, _WORDS, strict=True):
        _draw_error(axes, summary, name)
    singles[0].legend()
    _draw_plane(figure, plane, summary)
    return figure


def _draw_error(axes: Axes, summary: dict[str, Any], name: str) -> None:
    for state, mark in _MARKS.items():
        trials = _measured(summary["trials"], state)
        x = [trial[name] for trial in trials]
        axes.scatter(x, _errors(trials), marker=mark, label=_LABELS[state])
    _scale(axes.xaxis, name, summary)
    axes.set(ylabel="validation error", yscale="log")
    percent = PercentFormatter(decimals=0)
    axes.yaxis.set(major_formatter=percent, minor_formatter=percent)
    axes.grid(which="both", alpha=0.25)


def _draw_plane(figure: Figure, axes: Axes, summary: dict[str, Any]) -> None:
    parts = {s: _measured(summary["trials"], s) for s in _MARKS}
    errors = [error for trials in parts.values() for error in _errors(trials)]
    norm = LogNorm(0.95 * min(errors), 1.05 * max(errors))
    for state, trials in parts.items():
        places = [[trial[name] for trial in trials] for name in _WORDS]
        dots = axes.scatter(
            *places, c=_errors(trials), marker=_MARKS[state], norm=norm
        )
    best = [summary["best"][name] for name in _WORDS]
    axes.plot(*best, "o", ms=14, mfc="none", mec="C3", label="best")
    axes.legend()
    for axis, name in zip((axes.xaxis, axes.yaxis), _WORDS, strict=True):
        _scale(axis, name, summary)
    percent = PercentFormatter(decimals=0)
    bar = figure.colorbar(dots, ax=axes, label="validation error")
    bar.ax.yaxis.set(major_formatter=percent, minor_formatter=percent)


def _measured(trials: list[dict], state: str) -> list[dict]:
    """Trials of this state that have an error, best first."""
    known = [
        trial
        for trial in trials
        if trial["state"] == state and trial["validation_error"] is not None
    ]
    return sorted(known, key=lambda trial: trial["validation_error"])


def _errors(trials: list[dict]) -> list[float]:
    return [max(trial["validation_error"], _LEAST) for trial in trials]


def _scale(axis: Axis, name: str, summary: dict[str, Any]) -> None:
    """Makes an axis logarithmic, over the range that was drawn from."""
    low, high = summary["config"][f"{name}_range"]
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.axes.set(**{f"{axis.axis_name}lim": (low / 1.1, high * 1.1)})
    axis.set(label_text=_WORDS[name])
    axis.set(major_locator=LogLocator(subs=(1, 3)), major_formatter="{x:g}")
    axis.set(minor_formatter=NullFormatter())
