"""Committed run records: reading, checking and grouping them."""

import pathlib
from typing import Any, NamedTuple

from trainers.reporting import run_files, schema
from trainers.reporting.run_files import Run


class Record(Run):
    """What a run's result.json holds.

    Args:
        path: The file, FOLDER/TASK/RUN.json.
        values: Its content.

    Raises:
        UserError: If something that the report needs is missing or is not
            what it should be; the file and the key are named.
    """

    def __init__(self, path: pathlib.Path, values: dict[str, Any]):
        schema.check(path, values)
        super().__init__(path, values)

    @property
    def network(self) -> str:
        """The model's kind, as --network names it."""
        return schema.network(self.values)

    @property
    def cases(self) -> int:
        """Number of test cases."""
        return self.values["test_cases"]

    @property
    def glimpses(self) -> int:
        """T; 1 without attention."""
        return len(self.values["test_error_by_glimpse"])

    def after(self, glimpses: int, name: str = "test_error") -> Any:
        """A figure after so many glimpses.

        Args:
            glimpses: In [1, T].
            name: Of a list in the record, without "_by_glimpse".

        Returns:
            The figure; None if the record lacks it.
        """
        figures = self.values.get(f"{name}_by_glimpse")
        return figures[glimpses - 1] if figures else None


class Runs(NamedTuple):
    """The records of a task.

    Attributes:
        ram: The model of all rows, classified after every glimpse.
        made_for: Models made for a single row, by number of glimpses.
        networks: Without attention, by --network.
        repeats: Groups of at least two that differ in the seed alone.
        all: Every record, by name.
    """

    ram: Record | None
    made_for: dict[int, Record]
    networks: dict[str, Record]
    repeats: list[list[Record]]
    all: list[Record]


def load(folder: pathlib.Path) -> Runs:
    """Reads the records of a task; a folder that is not there holds none.

    Raises:
        UserError: On a bad record; it is named.
    """
    records = [
        Record(path, run_files.read(path))
        for path in sorted(folder.glob("*.json"))
    ]
    named = {record.name: record for record in records}
    ram = named.get("ram")
    return Runs(
        ram=ram,
        made_for={
            record.glimpses: record
            for record in records
            if record.name == f"ram_{record.glimpses}_glimpses"
        },
        networks={
            name: record
            for name, record in named.items()
            if name == record.network != "ram"
        },
        repeats=[g for g in run_files.by_seed(records) if len(g) > 1],
        all=records,
    )
