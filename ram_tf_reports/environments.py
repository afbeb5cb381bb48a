"""Gymnasium environments in RESULTS.md."""

import pathlib

from ram_tf_reports.markdown import render
from ram_tf_reports.run_files import RUN, Run, notes, read

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


def section(folder: pathlib.Path) -> list[str]:
    """The blocks of the section; none without records."""
    paths = sorted(folder.glob("*.json"))
    runs = [Run(path, read(path, *_NEEDED)) for path in paths]
    return render("environments", runs=runs, notes=notes(folder))
