"""The section of learned stops, from the records of `trainers.stopping`."""

import pathlib
from collections.abc import Iterator
from typing import Any

from ram_tf import viz
from trainers.pictures import stop_curves
from trainers.records import recipe
from trainers.reporting import run_files, verdicts
from trainers.reporting.markdown import (
    bold,
    count,
    interval,
    paragraph,
    percent,
    picture,
    table,
)
from trainers.settings.run import from_record

PICTURE = "docs/results/stopping_{}.png"
_NEEDED = ("models", "test_cases", "published")
_WORDS = """\
After each glimpse the model decides whether it was the last; each has its
price (*cost*), in units of an error. *Threshold*: the same model stops as soon
as its highest probability exceeds a threshold that gives the same mean number
of glimpses, chosen on the test cases themselves, in its favour. *All*: it makes
all its glimpses. The paper names the action and gives no figures; {name} has
{error:.2f}% at {mean_glimpses} glimpses on MNIST 28×28.
"""


def section(folder: pathlib.Path) -> Iterator[str]:
    """The blocks of the section; none without records.

    Raises:
        UserError: On a bad record; file and key are named.
    """
    found = load(folder)
    if not found:
        return
    yield "## When to stop looking"
    first = next(iter(found.values()))
    yield paragraph(_WORDS.format(**first["published"]))
    for name, record in found.items():
        yield f"### {name}"
        yield table([_row(m, record) for m in _by_cost(record)])
        yield paragraph(_verdict(record))
        yield picture(f"Error against glimpses, {name}", PICTURE.format(name))
        runs = [f"- `{_command(m)}`" for m in _by_cost(record)]
        yield "\n".join(runs)
    yield from run_files.notes(folder)


def load(folder: pathlib.Path) -> dict[str, dict[str, Any]]:
    """The records by the names of their files.

    Raises:
        UserError: As `section`.
    """
    return {
        path.stem: run_files.read(path, *_NEEDED)
        for path in sorted(folder.glob("*.json"))
    }


def write(root: pathlib.Path, folder: pathlib.Path) -> None:
    """Draws error against glimpses, a picture for each record.

    Args:
        root: Where RESULTS.md stands.
        folder: The records.
    """
    for name, record in load(folder).items():
        viz.save(stop_curves.draw(record), root / PICTURE.format(name))


def _by_cost(record: dict[str, Any]) -> list[dict[str, Any]]:
    models = record["models"].values()
    return sorted(models, key=lambda model: model["config"]["glimpse_cost"])


def _row(model: dict[str, Any], record: dict[str, Any]) -> dict[str, str]:
    wilson = verdicts.wilson(model["error"], record["test_cases"])
    return {
        "cost": f"{model['config']['glimpse_cost']:g}",
        "mean glimpses": percent(model["mean_glimpses"]),
        "error": bold(percent(model["error"])),
        "95% interval": interval(wilson),
        "threshold": percent(model["threshold_error"]),
        f"all {len(model['used'])}": percent(model["error_by_glimpse"][-1]),
    }


def _verdict(record: dict[str, Any]) -> str:
    models, cases = _by_cost(record), record["test_cases"]
    gains = [
        round(model["threshold_error"] - model["error"], 6) for model in models
    ]
    better, worse = sum(g > 0 for g in gains), sum(g < 0 for g in gains)
    largest = max(map(abs, gains))
    return (
        f"Of {count(cases)} test cases, the learned stop has fewer errors than "
        f"the threshold at {better} of {len(models)} costs, more at {worse}; "
        f"the largest difference is {largest:.2f} points."
    )


def _command(model: dict[str, Any]) -> str:
    return recipe.command(from_record(model["config"]))
