"""The section of whole numbers: the error of sequences by their length."""

import pathlib
from collections.abc import Iterator

from trainers.errors import UserError
from trainers.reporting import cells, pictures, records, run_files, tables
from trainers.reporting.markdown import count, paragraph, percent, table
from trainers.reporting.published import NETWORKS
from trainers.reporting.records import Record, Runs

_WORDS = (
    "Numbers of one to {digits} MNIST digits of random sizes, side by side "
    "anywhere on {side}×{side}; {glimpses} glimpses for each digit and for the "
    "end. A number is right if all of its digits and the end are. Networks "
    "without attention answer all at once."
)
# What must be the same in all records.
_TASK = ("max_digits", "canvas", "source", "svhn_dir")


def section(root: pathlib.Path, folder: pathlib.Path) -> Iterator[str]:
    """The blocks of the section; none without records.

    Args:
        root: Where RESULTS.md stands.
        folder: The records.

    Raises:
        UserError: On a bad record, one that is not of numbers, or of others
            than the first; it is named.
    """
    runs = records.load(folder)
    if not runs.all:
        return
    yield "## Whole numbers, digit by digit"
    yield paragraph(_describe(runs))
    yield _errors(runs)
    yield "All lengths, and the same weights with other fixations:"
    yield _controls(runs)
    yield from run_files.notes(folder)
    if paths := pictures.glimpse_paths(root, folder.name, "numbers"):
        yield paths
    yield "### Runs"
    yield tables.listed(runs)


def _describe(runs: Runs) -> str:
    first, *others = runs.all
    for record in runs.all:
        _check_lengths(record)
    for record in others:
        _check_same(record, first)
    settings = (runs.ram or first).settings
    return _WORDS.format(
        digits=settings.numbers.max_digits,
        side=settings.numbers.canvas,
        glimpses=settings.network.glimpses // settings.symbols,
    )


def _errors(runs: Runs) -> str:
    """A row for each record, RAM first; a column for each length."""
    return table(
        [
            {"network": _name(record)}
            | _by_length(record)
            | {"parameters": count(record.values.get("parameters"))}
            | cells.costs(record, 1)
            for record in _ram_first(runs)
        ]
    )


def _controls(runs: Runs) -> str:
    """Errors of all lengths together."""
    return table(
        [
            {"network": _name(record)}
            | cells.ours(record, 1)
            | cells.fixated(record, 1)
            for record in _ram_first(runs)
        ]
    )


def _by_length(record: Record) -> dict[str, str]:
    by_length = record.values["test_error_by_length"]
    return {
        f"{length} digit{'s' if length > 1 else ''}": percent(error)
        for length, error in enumerate(by_length, 1)
    }


def _ram_first(runs: Runs) -> list[Record]:
    return sorted(runs.all, key=lambda record: record.network != "ram")


def _name(record: Record) -> str:
    return {"ram": "RAM", **NETWORKS}.get(record.name, record.name)


def _check_lengths(record: Record) -> None:
    found = record.values.get("test_error_by_length") or ()
    digits = record.settings.flat().get("max_digits", 0)
    if not found or len(found) != digits:
        raise UserError(
            f"{record.path} must be of a run of trainers.numbers, with as many "
            "`test_error_by_length` as --max_digits. "
            f"Received: {len(found)} and {digits}"
        )


def _check_same(record: Record, first: Record) -> None:
    for name in _TASK:
        own, its = (r.settings.flat()[name] for r in (record, first))
        if own != its:
            raise UserError(
                f"{record.path} must be of the same numbers as {first.path}. "
                f"Received: {name}={own!r} and {its!r}"
            )
