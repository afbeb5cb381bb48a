"""Markdown from the templates beside this file."""

import re
import statistics
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

import jinja2

from ram_tf_reports import verdicts
from ram_tf_runs.records import recipe
from ram_tf_runs.records.record import threads_text
from ram_tf_runs.settings.run import from_record

NONE = "–"


def render(template: str, **values: Any) -> list[str]:
    """The blocks of a document: what blank lines part.

    A table may be written without its rule and unaligned: it gets both, the
    first column to the left and the others to the right.

    Args:
        template: A file's name in templates/, without ".j2".
        values: What the template asks for.
    """
    text = _environment.get_template(f"{template}.j2").render(values)
    blocks = re.split(r"\n(?:[ \t]*\n)+", text.strip())
    return [aligned(block) for block in blocks if block]


def aligned(block: str) -> str:
    """A table with its rule and padded cells; other blocks are as they were."""
    if not block.startswith("|") or re.match(r".*\n\| ?:?--", block):
        return block
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in block.splitlines()
    ]
    columns = zip(*rows, strict=True)
    first, *others = (max(3, *map(len, column)) for column in columns)
    rule = [":" + "-" * (first - 1), *("-" * (n - 1) + ":" for n in others)]
    cells = [f"{{:<{first}}}", *(f"{{:>{n}}}" for n in others)]
    line = f"| {' | '.join(cells)} |"
    return "\n".join(line.format(*row) for row in [rows[0], rule, *rows[1:]])


def _figure(form: str) -> Callable[[Any], str]:
    """A filter that writes figures in this form, and a dash for None."""
    return lambda value: NONE if value is None else form.format(value)


def _command(config: dict[str, Any]) -> str:
    """What trains with the settings of a record again."""
    return recipe.command(from_record(config))


def _deviation(values: list[float]) -> float | None:
    """The sample's standard deviation; one value has none."""
    return statistics.stdev(values) if len(values) > 1 else None


def _fill(text: str) -> str:
    """A paragraph in lines of at most 80 characters."""
    words = " ".join(text.split())
    return textwrap.fill(words, 80, break_on_hyphens=False) + "\n"


def _tally(found: Iterable[str]) -> str:
    """How many of each verdict there are, if any."""
    found = list(found)
    counts = [found.count(verdict) for verdict in verdicts.VERDICTS]
    return " / ".join(map(str, counts)) if any(counts) else NONE


_environment = jinja2.Environment(
    loader=jinja2.PackageLoader(__package__),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # It is no HTML.
)
_environment.filters |= {
    "command": _command,
    "count": _figure("{:,.0f}"),
    "decimal": _figure("{:.1f}"),
    "deviation": _deviation,
    "fill": _fill,
    "interval": _figure("{0.low:.2f}–{0.high:.2f}"),
    "mean": statistics.mean,
    "percent": _figure("{:.2f}"),
    "tally": _tally,
    "threads": threads_text,
    "wilson": verdicts.wilson,
}
# What templates have in common.
_environment.globals["m"] = _environment.get_template("macros.j2").module
