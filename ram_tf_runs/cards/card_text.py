"""What the cards of released models have in common."""

import textwrap
from typing import Any

from ram_tf_runs.records import recipe
from ram_tf_runs.records.record import threads_text
from ram_tf_runs.settings.run import RunSettings

LICENSE = "apache-2.0"  # As model hubs call it.
_WIDTH = 74  # Of a line of a command.
SOURCE = (
    "`trainers.release` made this card from `{name}.json`, the record of the "
    "run, which has every setting."
)


def filled(text: str, indent: str = "") -> str:
    """Text in lines of at most 80 characters, all but the first indented."""
    return textwrap.fill(
        text,
        80,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )


def square(side: int) -> str:
    """A square of that side in words, such as 8×8."""
    return f"{side}\N{MULTIPLICATION SIGN}{side}"


def number(count: float, noun: str) -> str:
    """A number of things, such as 1 epoch or 2.5 epochs."""
    return f"{count:g} {noun}" if count == 1 else f"{count:g} {noun}s"


def table(rows: list[list[str]]) -> str:
    """Rows of cells, the first two being heads and rule."""
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def command(settings: RunSettings) -> str:
    """The run's command, in lines that a shell joins."""
    lines = [""]
    for word in recipe.words(settings):  # A quoted one may hold blanks.
        if lines[-1] and len(lines[-1]) + len(word) >= _WIDTH:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return " \\\n    ".join(lines)


def trained(record: dict[str, Any]) -> str:
    """How long, on what, by which code."""
    machine, versions = record["machine"], record["versions"]
    packages = ", ".join(f"{name} {v}" for name, v in versions.items())
    together = ""
    if (workers := record.get("workers", 1)) > 1:
        together = f"in {workers} processes, each "
    return (
        f"{record['steps']:,} steps: {record['seconds'] / 60:.0f} min of "
        f"training and validation {together}on "
        f"{threads_text(machine['threads'])} of {machine['processor']}. "
        f"Code at commit {record['git_revision']}; {packages}."
    )
