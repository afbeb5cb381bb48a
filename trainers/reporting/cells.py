"""Groups of cells of the tables: text by column.

A record may be None, or have fewer glimpses than asked for: it was not run.
"""

from trainers.reporting import verdicts
from trainers.reporting.markdown import NONE, bold, count, interval, percent
from trainers.reporting.published import Public, Row
from trainers.reporting.records import Record

NOT_RUN = "not run"
_FIXATIONS = {
    "ten rollouts averaged": "test_error_mc10",
    "random fixations": "test_error_random_fixations",
    "centre only": "test_error_centre_only",
}
_COSTS = {"multiply-adds": "multiply_adds", "pixels": "pixels"}


def published(row: Row) -> dict[str, str]:
    """The published figures of a row."""
    return {
        "arXiv": percent(row.arxiv),
        "NIPS": percent(row.nips),
        "best public": best_public(row.best_public),
    }


def best_public(best: Public | None) -> str:
    """A public figure, with its glimpses if they are not the row's."""
    if best is None:
        return NONE
    glimpses = f" ({best.glimpses} glimpses)" if best.glimpses else ""
    return percent(best.error) + glimpses


def ours(record: Record | None, glimpses: int) -> dict[str, str]:
    """Our error after so many glimpses, and its interval."""
    error = _after(record, glimpses, "test_error")
    if error is None:
        return {"ours": NOT_RUN, "95% interval": NONE}
    return {
        "ours": bold(percent(error)),
        "95% interval": interval(verdicts.wilson(error, record.cases)),
    }


def against(row: Row, record: Record | None, glimpses: int) -> dict[str, str]:
    """What our error says about the published ones."""
    best = row.best_public
    return {
        "against NIPS": _verdict(record, glimpses, row.nips),
        "against public": _verdict(record, glimpses, best and best.error),
    }


def fixated(record: Record | None, glimpses: int) -> dict[str, str]:
    """The errors of the same weights with other fixations."""
    return {
        column: percent(_after(record, glimpses, name))
        for column, name in _FIXATIONS.items()
    }


def on_first_frame(record: Record) -> dict[str, str]:
    """The error without motion, of a model of videos."""
    error = record.after(record.glimpses, "test_error_first_frame_only")
    return {} if error is None else {"first frame only": percent(error)}


def costs(record: Record | None, glimpses: int) -> dict[str, str]:
    """What an image costs."""
    return {
        column: count(_after(record, glimpses, name))
        for column, name in _COSTS.items()
    }


def _verdict(record: Record | None, glimpses: int, other: float | None) -> str:
    error = _after(record, glimpses, "test_error")
    if error is None or other is None:
        return NONE
    return verdicts.verdict(verdicts.wilson(error, record.cases), other)


def _after(record: Record | None, glimpses: int, name: str) -> float | None:
    if record is None or glimpses > record.glimpses:
        return None
    return record.after(glimpses, name)
