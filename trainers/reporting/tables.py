"""The tables of a task, and its runs: from records and what was published."""

from collections.abc import Iterator
from typing import NamedTuple

from trainers.reporting import cells, verdicts
from trainers.reporting.markdown import NONE, bold, count, percent, table
from trainers.reporting.published import NETWORKS, Row, Task
from trainers.reporting.records import Record, Runs


class _Line(NamedTuple):
    """A row of the paper's table and a model for it."""

    name: str
    row: Row
    record: Record | None
    glimpses: int


def errors(task: Task, runs: Runs) -> str:
    """Ours beside the paper and public code, a row for each of the paper's."""
    return table(
        [
            {"glimpses": name}
            | cells.published(row)
            | cells.ours(record, glimpses)
            | cells.against(row, record, glimpses)
            for name, row, record, glimpses in _lines(task, runs)
        ]
    )


def controls(task: Task, runs: Runs) -> str:
    """The same weights with other fixations, and what an image costs."""
    return table(
        [
            {"glimpses": name}
            | {"ours": cells.ours(record, glimpses)["ours"]}
            | cells.fixated(record, glimpses)
            | cells.costs(record, glimpses)
            for name, _, record, glimpses in _lines(task, runs)
        ]
    )


def networks(task: Task, runs: Runs) -> str:
    """Networks without attention, and RAM with all glimpses under them."""
    lines = [
        _Line(words, task.networks.get(name, Row()), runs.networks.get(name), 1)
        for name, words in NETWORKS.items()
        if name in task.networks or name in runs.networks
    ]
    name, row = f"RAM, {task.glimpses} glimpses", task.rows[task.glimpses]
    lines.append(_Line(name, row, runs.ram, task.glimpses))
    return table(
        [
            {"network": name}
            | cells.published(row)
            | cells.ours(record, glimpses)
            | {"parameters": count(record and record.values.get("parameters"))}
            | cells.costs(record, glimpses)
            for name, row, record, glimpses in lines
        ]
    )


def repeats(task: Task, runs: Runs) -> str | None:
    """Mean and standard deviation over seeds; None without any repeats."""
    rows = [
        _repeated(group, glimpses)
        for group in runs.repeats
        for glimpses in _steps(task, group[0])
    ]
    return table(rows) if rows else None


def summary(tasks: dict[str, Task], runs: dict[str, Runs]) -> str:
    """A row a task: all glimpses, and how many rows are better or worse."""
    return table([_summed(tasks[name], runs[name]) for name in tasks])


def others(runs: Runs) -> str:
    """Runs that are compared with nothing, after their last glimpse."""
    return table(
        [
            {"run": record.name, "glimpses": str(record.glimpses)}
            | cells.ours(record, record.glimpses)
            | cells.fixated(record, record.glimpses)
            | cells.on_first_frame(record)
            for record in runs.all
        ]
    )


def listed(runs: Runs) -> str:
    """Each run, with the command that repeats it; empty without any."""
    return "\n".join(map(_listed, runs.all))


def _listed(record: Record) -> str:
    error = f"error {percent(record.values['test_error'])}"
    return record.line("images", error, f"{record.minutes} minutes")


def _lines(task: Task, runs: Runs) -> Iterator[_Line]:
    """The rows of the paper; a row with a model of its own has two lines."""
    for glimpses, row in task.rows.items():
        yield _Line(str(glimpses), row, runs.ram, glimpses)
        own = runs.made_for.get(glimpses)
        if own is not None:
            yield _Line(f"{glimpses}, own model", row, own, glimpses)


def _steps(task: Task, record: Record) -> list[int]:
    """The paper's rows that a record has a figure for; else its last step."""
    rows = [glimpses for glimpses in task.rows if glimpses <= record.glimpses]
    return rows or [record.glimpses]


def _repeated(group: list[Record], glimpses: int) -> dict[str, str]:
    first = group[0]
    values = [record.after(glimpses) for record in group]
    mean, deviation = verdicts.spread(values)
    return {
        "run": NETWORKS.get(first.network, first.name),
        "glimpses": NONE if first.network in NETWORKS else str(glimpses),
        "n": str(len(group)),
        "mean": bold(percent(mean)),
        "standard deviation": percent(deviation),
        "each": ", ".join(map(percent, values)),
    }


def _summed(task: Task, runs: Runs) -> dict[str, str]:
    last = task.rows[task.glimpses]
    # Of two lines the later counts: the model made for the row.
    counted = {line.glimpses: line for line in _lines(task, runs)}
    found = [
        cells.against(line.row, line.record, line.glimpses)
        for line in counted.values()
    ]
    return {
        "task": task.title,
        "glimpses": str(task.glimpses),
        "NIPS": percent(last.nips),
        "best public": cells.best_public(last.best_public),
        "aim": percent(task.aim),
        **cells.ours(counted[task.glimpses].record, task.glimpses),
        "rows against NIPS": _tally([row["against NIPS"] for row in found]),
        "against public": _tally([row["against public"] for row in found]),
    }


def _tally(found: list[str]) -> str:
    counts = [found.count(verdict) for verdict in verdicts.VERDICTS]
    return " / ".join(map(str, counts)) if any(counts) else NONE
