"""Markdown that reads well as it is: padded tables, figures as text."""

import textwrap
from collections.abc import Sequence
from typing import Any

from trainers.reporting.verdicts import Interval

NONE = "–"


def table(rows: Sequence[dict[str, str]]) -> str:
    """A table; the first column is aligned left, the others right.

    Args:
        rows: At least one, each with the same columns in the same order.
    """
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    columns = zip(*lines, strict=True)
    widths = [max(3, *map(len, column)) for column in columns]
    rule = [
        ":" + "-" * (width - 1) if i == 0 else "-" * (width - 1) + ":"
        for i, width in enumerate(widths)
    ]
    lines.insert(1, rule)
    return "\n".join(_line(cells, widths) for cells in lines)


def _line(cells: list[str], widths: list[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1])]
    padded += [cell.rjust(width) for cell, width in others]
    return f"| {' | '.join(padded)} |"


def paragraph(text: str) -> str:
    """Text in lines of at most 80 characters."""
    return textwrap.fill(text, 80, break_on_hyphens=False)


def percent(value: float | None) -> str:
    """An error in %, with two decimals."""
    return NONE if value is None else f"{value:.2f}"


def count(value: float | None) -> str:
    """A whole number, with its thousands apart."""
    return NONE if value is None else f"{value:,.0f}"


def speed(value: float | None, unit: str) -> list[str]:
    """Units a second, or nothing where a run did not measure them."""
    return [] if value is None else [f"{count(value)} {unit}/s"]


def interval(value: Interval | None) -> str:
    """An interval in %."""
    return NONE if value is None else f"{value.low:.2f}–{value.high:.2f}"


def bold(text: Any) -> str:
    """Bold text."""
    return f"**{text}**"


def picture(words: str, path: str) -> str:
    """A picture with its description."""
    return f"![{words}]({path})"
