"""Records of classifiers."""

import pathlib
from typing import Any

from ram_tf_reports import run_files, schema
from ram_tf_reports.verdicts import Interval, wilson


class Record(run_files.Run):
    """What a classifier's result.json holds.

    Raises:
        UserError: If something that the report needs is missing or is not
            what it should be; the file and the key are named.
    """

    def __init__(self, path: pathlib.Path, values: dict[str, Any]):
        with run_files.reading(path):
            schema.check(path, values)
        super().__init__(path, values)

    @property
    def network(self) -> str:
        """The model's kind, as --network names it."""
        return schema.network(self.values)

    @property
    def glimpses(self) -> int:
        """How many glimpses are taken, T; 1 without attention."""
        return len(self.values["test_error_by_glimpse"])

    @property
    def is_made_for_a_row(self) -> bool:
        """Whether it is meant for one row of the paper's table alone."""
        return self.name == f"ram_{self.glimpses}_glimpses"

    def interval(self, glimpses: int) -> Interval:
        """Wilson's interval of the error after so many glimpses, in %.

        Of several canvases of each digit it is that of as many independent
        cases as they are worth.
        """
        cases = self.after(glimpses, "test_effective_cases")
        return wilson(self.after(glimpses), cases or self.values["test_cases"])

    def after(self, glimpses: int, name: str = "test_error") -> Any:
        """A figure after so many glimpses; None where there is none.

        Args:
            glimpses: At least one.
            name: Of a list in the record, without "_by_glimpse".
        """
        figures = self.values.get(f"{name}_by_glimpse")
        if not figures or glimpses > len(figures):
            return None
        return figures[glimpses - 1]


# The records of a task by name: "ram" is the model of all rows, CELLS the one
# whose eye chooses among the cells of its windows, and networks without
# attention are named as --network names them.
Runs = dict[str, Record]
CELLS = "cells"


def load(folder: pathlib.Path) -> Runs:
    """Reads the records of a task; a folder that is not there holds none.

    Raises:
        UserError: On a bad record; it is named.
    """
    paths = sorted(folder.glob("*.json"))
    return {path.stem: Record(path, run_files.read(path)) for path in paths}
