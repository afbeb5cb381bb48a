"""The sections of runs that are not in the paper's tables."""

import pathlib
from collections.abc import Iterator

from trainers.reporting import records, run_files, tables
from trainers.reporting.markdown import paragraph


def section(folder: pathlib.Path, words: str) -> Iterator[str]:
    """The blocks of a section; none without records.

    Args:
        folder: Its records, named as their flagfile.
        words: What the runs are.

    Raises:
        UserError: On a bad record; file and key are named.
    """
    runs = records.load(folder)
    if not runs.all:
        return
    yield f"## Beside the paper's tables: `{folder.name}.flags`"
    yield paragraph(words)
    yield tables.others(runs)
    yield from run_files.notes(folder)
    yield "### Runs"
    yield tables.listed(runs)
