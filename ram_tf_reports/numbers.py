"""Whole numbers in RESULTS.md: what their records must have in common."""

from ram_tf_reports.records import Record, Runs
from ram_tf_runs.errors import UserError

_SAME = ("max_digits", "canvas", "source", "svhn_dir")


def check(runs: Runs) -> None:
    """Records must be of numbers, and all of the same ones.

    Raises:
        UserError: On another record; it is named.
    """
    for record in runs.values():
        _check_lengths(record)
        _check_same(record, next(iter(runs.values())))


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
    for name in _SAME:
        own, its = (r.settings.flat()[name] for r in (record, first))
        if own != its:
            raise UserError(
                f"{record.path} must be of the same numbers as {first.path}. "
                f"Received: {name}={own!r} and {its!r}"
            )
