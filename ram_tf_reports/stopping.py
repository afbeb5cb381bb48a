"""Learned stops in RESULTS.md, from the records of `trainers.stopping`."""

import pathlib
from typing import Any

from ram_tf.pictures import paths as viz
from ram_tf_reports import run_files, stop_curves
from ram_tf_reports.markdown import render

PICTURE = "docs/results/stopping_{}.png"


def section(folder: pathlib.Path) -> list[str]:
    """The blocks of the section; none without records."""
    return render(
        "stopping",
        studies=_load(folder),
        picture=PICTURE,
        gains=_gains,
        notes=run_files.notes(folder),
    )


def write(root: pathlib.Path, folder: pathlib.Path) -> None:
    """Draws error against glimpses, a picture for each record of a folder."""
    for name, record in _load(folder).items():
        viz.save(stop_curves.draw(record), root / PICTURE.format(name))


def _load(folder: pathlib.Path) -> dict[str, dict[str, Any]]:
    """The records by the names of their files."""
    return {
        path.stem: run_files.read(path, "models", "test_cases", "published")
        for path in sorted(folder.glob("*.json"))
    }


def _gains(models: list[dict[str, Any]]) -> list[float]:
    """What each learned stop is better by than a threshold, in points."""
    return [round(m["threshold_error"] - m["error"], 6) for m in models]
