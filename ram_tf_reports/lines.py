"""Lines of tables: a model after so many glimpses, and what was published."""

from collections.abc import Iterator
from typing import NamedTuple

from ram_tf_reports import verdicts
from ram_tf_reports.markdown import NONE
from ram_tf_reports.published import NETWORKS, Row, Task
from ram_tf_reports.records import CELLS, Record, Runs
from ram_tf_reports.run_files import by_seed

_NAMES = {**NETWORKS, CELLS: "RAM, cell policy"}


class Line(NamedTuple):
    """A model after so many glimpses, beside what was published.

    Attributes:
        name: Of the line.
        record: None if the model was not run.
        glimpses: Perhaps more than the model makes.
        row: The published figures.
    """

    name: str
    record: Record | None
    glimpses: int
    row: Row = Row()

    def after(self, name: str = "test_error") -> float | None:
        """A figure by its name in `Record.after`; None if there is none."""
        return self.record and self.record.after(self.glimpses, name)

    @property
    def parameters(self) -> int | None:
        """How many weights the model has, where that is known."""
        return self.record and self.record.values.get("parameters")

    @property
    def interval(self) -> verdicts.Interval | None:
        """Of the error, in %."""
        if self.after() is None:
            return None
        return self.record.interval(self.glimpses)

    @property
    def against_nips(self) -> str:
        """What the error says about the paper's."""
        return self._against(self.row.nips)

    @property
    def against_public(self) -> str:
        """What the error says about that of public code."""
        best = self.row.best_public
        return self._against(best and best.error)

    def _against(self, other: float | None) -> str:
        if self.interval is None or other is None:
            return NONE
        return verdicts.verdict(self.interval, other)


def of_runs(runs: Runs) -> list[Line]:
    """All runs after their last glimpse: RAM's, from "ram" on, then others."""

    def place(record: Record):
        return record.name != "ram", record.network != "ram"

    return [
        Line(_NAMES.get(record.name, record.name), record, record.glimpses)
        for record in sorted(runs.values(), key=place)
    ]


def of_task(task: Task, runs: Runs) -> Iterator[Line]:
    """The rows of the paper, with a line for each of our models.

    They are the model of all rows, that of this row alone, and the one whose
    eye chooses among cells, as far as there are such.
    """
    for glimpses, row in task.rows.items():
        yield Line(str(glimpses), runs.get("ram"), glimpses, row)
        own = runs.get(f"ram_{glimpses}_glimpses")
        if own is not None and own.is_made_for_a_row:
            yield Line(f"{glimpses}, own model", own, glimpses, row)
        if CELLS in runs:
            yield Line(f"{glimpses}, cell policy", runs[CELLS], glimpses, row)


def counted(task: Task, runs: Runs) -> list[Line]:
    """A line for each row of the paper, its last one in `of_task`."""
    return list({line.glimpses: line for line in of_task(task, runs)}.values())


def of_networks(task: Task, runs: Runs) -> Iterator[Line]:
    """Networks without attention, and RAM with all glimpses under them."""
    for name, words in NETWORKS.items():
        if name in task.networks or name in runs:
            row = task.networks.get(name, Row())
            yield Line(words, runs.get(name), 1, row)
    last = task.glimpses
    yield Line(f"RAM, {last} glimpses", runs.get("ram"), last, task.last)
    if CELLS in runs:
        yield Line(_NAMES[CELLS], runs[CELLS], last, task.last)


def repeats(task: Task, runs: Runs) -> Iterator[tuple[Line, list[float]]]:
    """Errors of runs that differ in the seed alone, beside the first one's.

    They are after the numbers of glimpses in the paper's rows, or after the
    last glimpse if none of these is reached.
    """
    for first in (group[0] for group in by_seed(runs.values())):
        rows = [n for n in task.rows if n <= first.glimpses]
        name = NETWORKS.get(first.network, first.name)
        for glimpses in rows or [first.glimpses]:
            line = Line(name, first, glimpses)
            if len(errors := by_each_seed(line, runs)) > 1:
                yield line, errors


def by_each_seed(line: Line, runs: Runs) -> list[float]:
    """The error of a line's record, and of those that differ in the seed."""
    if line.record is None:
        return []
    recipe = line.record.recipe
    alike = [record for record in runs.values() if record.recipe == recipe]
    return [record.after(line.glimpses) for record in alike]
