"""Gymnasium environments in RESULTS.md: records, tables and words."""

import json
import pathlib
from collections.abc import Iterator
from typing import Any

from trainers.configs.settings import complete
from trainers.reporting.markdown import bold, count, paragraph, table
from trainers.runs import recipe

_NEEDED = (
    "mean_return",
    "standard_error",
    "mean_return_random_actions",
    "standard_error_random_actions",
    "standard_errors_above_random",
    "test_episodes",
    "episodes_cut",
    "frames",
    "seconds",
    "config",
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
        ValueError: On a bad record; file and key are named.
    """
    runs = {path: _load(path) for path in sorted(folder.glob("*.json"))}
    if not runs:
        return
    yield "## Gymnasium environments"
    yield paragraph(_INTRODUCTION)
    yield table([_row(run) for run in runs.values()])
    learned = [run for run in runs.values() if "mean_return_centre_only" in run]
    if learned:
        yield "The same weights with other fixations:"
        yield table([_controls(run) for run in learned])
    yield "### Runs"
    yield "\n".join(_listed(path, run) for path, run in runs.items())


def _load(path: pathlib.Path) -> dict[str, Any]:
    values = json.loads(path.read_text())
    for name in _NEEDED:
        if name not in values:
            raise ValueError(f"{path} must hold `{name}`.")
    return values


def _row(run: dict[str, Any]) -> dict[str, str]:
    distance = run["standard_errors_above_random"]
    return {
        "environment": run["config"]["env"],
        "episodes": count(run["test_episodes"]),
        "RAM": _measured(run, "", bold),
        "random actions": _measured(run, "_random_actions"),
        "standard errors apart": "–" if distance is None else f"{distance:.1f}",
        "cut": count(run["episodes_cut"]),
        "thousand frames": count(run["frames"] / 1000),
        "minutes": f"{run['seconds'] / 60:.1f}",
    }


def _controls(run: dict[str, Any]) -> dict[str, str]:
    return {"environment": run["config"]["env"]} | {
        column: _measured(run, suffix) for column, suffix in _OTHERS.items()
    }


def _measured(run: dict[str, Any], suffix: str, style=str) -> str:
    mean, error = (
        run[f"{name}{suffix}"] for name in ("mean_return", "standard_error")
    )
    return f"{style(f'{mean:.2f}')} ({error:.2f})"


def _listed(path: pathlib.Path, run: dict[str, Any]) -> str:
    settings, machine = complete(run["config"]), run.get("machine", {})
    facts = [
        f"seed {settings.seed}",
        f"at most {settings.steps} steps an episode",
        f"{count(run.get('frames_per_second'))} frames/s",
        f"{machine.get('processor')}, {machine.get('threads')} threads",
        f"commit `{str(run.get('git_revision'))[:7]}`",
    ]
    link = f"results/{path.parent.name}/{path.name}"
    return (
        f"- [{path.stem}]({link}): {'; '.join(facts)}.\n"
        f"  `{recipe.command(settings)}`"
    )
