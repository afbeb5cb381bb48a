"""Gymnasium environments in RESULTS.md: records, tables and words."""

import pathlib
from collections.abc import Iterator

from trainers.reporting import run_files
from trainers.reporting.markdown import NONE, bold, count, paragraph, table
from trainers.reporting.run_files import RUN, Run

_NEEDED = (
    "mean_return",
    "standard_error",
    "mean_return_random_actions",
    "standard_error_random_actions",
    "standard_errors_above_random",
    "test_episodes",
    "episodes_cut",
    "frames",
    *RUN,
)
_INTRODUCTION = """\
Environments that others made, played by `trainers.play`: each frame is seen
through one glimpse. Mean return, with its standard error in parentheses, of
fresh episodes, with the likeliest actions at the mean fixations, beside random
actions in the same episodes; the distance between these two is in standard
errors of the difference.
"""
# Of the same weights, by column.
_OTHERS = {
    "as learned": "",
    "sampled": "_stochastic",
    "random fixations": "_random_fixations",
    "centre only": "_centre_only",
}


def section(folder: pathlib.Path) -> Iterator[str]:
    """The blocks of the section; none without records.

    Raises:
        UserError: On a bad record; file and key are named.
    """
    runs = [
        Run(path, run_files.read(path, *_NEEDED))
        for path in sorted(folder.glob("*.json"))
    ]
    if not runs:
        return
    yield "## Gymnasium environments"
    yield paragraph(_INTRODUCTION)
    yield table([_row(run) for run in runs])
    learned = [run for run in runs if "mean_return_centre_only" in run.values]
    if learned:
        yield "The same weights with other fixations:"
        yield table([_controls(run) for run in learned])
    yield from run_files.notes(folder)
    yield "### Runs"
    yield "\n".join(map(_listed, runs))


def _row(run: Run) -> dict[str, str]:
    values = run.values
    apart = values["standard_errors_above_random"]
    return {
        "environment": run.settings.world.env,
        "episodes": count(values["test_episodes"]),
        "RAM": _measured(run, "", bold),
        "random actions": _measured(run, "_random_actions"),
        "standard errors apart": NONE if apart is None else f"{apart:.1f}",
        "cut": count(values["episodes_cut"]),
        "thousand frames": count(values["frames"] / 1000),
        "minutes": run.minutes,
    }


def _controls(run: Run) -> dict[str, str]:
    return {"environment": run.settings.world.env} | {
        column: _measured(run, suffix) for column, suffix in _OTHERS.items()
    }


def _measured(run: Run, suffix: str, style=str) -> str:
    mean = run.values[f"mean_return{suffix}"]
    error = run.values[f"standard_error{suffix}"]
    return f"{style(f'{mean:.2f}')} ({error:.2f})"


def _listed(run: Run) -> str:
    steps = run.settings.world.steps
    return run.line("frames", f"at most {steps} steps an episode")
