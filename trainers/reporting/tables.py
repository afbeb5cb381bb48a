"""The tables of a task, from its records and what was published."""

from collections.abc import Iterator

from trainers.reporting import verdicts
from trainers.reporting.markdown import (
    NONE,
    bold,
    count,
    interval,
    percent,
    table,
)
from trainers.reporting.published import NETWORKS, Public, Row, Task
from trainers.reporting.records import Record, Runs

NOT_RUN = "not run"
_TEN = "ten rollouts averaged"


def errors(task: Task, runs: Runs) -> str:
    """Ours beside the paper and public code, a row for each of the paper's."""
    rows = []
    for glimpses, published in task.rows.items():
        rows.append(
            {"glimpses": str(glimpses)}
            | _compared(published, runs.ram, glimpses)
        )
        if glimpses in runs.made_for:
            rows.append(
                {"glimpses": f"{glimpses}, own model"}
                | _compared(published, runs.made_for[glimpses], glimpses)
            )
    return table(rows)


def controls(task: Task, runs: Runs) -> str:
    """The same weights with other fixations, and what a glimpse costs."""
    rows = []
    for glimpses in task.rows:
        rows.append(
            {"glimpses": str(glimpses)} | _controlled(runs.ram, glimpses)
        )
        if glimpses in runs.made_for:
            rows.append(
                {"glimpses": f"{glimpses}, own model"}
                | _controlled(runs.made_for[glimpses], glimpses)
            )
    return table(rows)


def networks(task: Task, runs: Runs) -> str:
    """Networks without attention, and RAM with all glimpses under them."""
    rows = []
    for name, words in NETWORKS.items():
        record = runs.networks.get(name)
        if record or name in task.networks:
            row = task.networks.get(name, Row())
            rows.append({"network": words} | _priced(row, record))
    row = task.rows[task.glimpses]
    last = {"network": f"RAM, {task.glimpses} glimpses"}
    return table([*rows, last | _priced(row, runs.ram, task.glimpses)])


def repeats(task: Task, runs: Runs) -> str | None:
    """Mean and standard deviation over seeds; None without any repeats."""
    rows = []
    for group in runs.repeats:
        first = group[0]
        name = NETWORKS.get(first.network, first.name)
        steps = [g for g in task.rows if g <= first.glimpses] or [1]
        for glimpses in steps:
            values = [record.after(glimpses) for record in group]
            mean, deviation = verdicts.spread(values)
            rows.append(
                {
                    "run": name,
                    "glimpses": NONE if steps == [1] else str(glimpses),
                    "n": str(len(group)),
                    "mean": bold(percent(mean)),
                    "standard deviation": percent(deviation),
                    "each": ", ".join(map(percent, values)),
                }
            )
    return table(rows) if rows else None


def summary(tasks: dict[str, Task], runs: dict[str, Runs]) -> str:
    """A row a task: all glimpses, and how many rows are better or worse."""
    return table([_summed(tasks[name], runs[name]) for name in tasks])


def others(runs: Runs) -> str:
    """Runs that are compared with nothing, after their last glimpse."""
    return table(
        [
            {"run": record.name, "glimpses": str(record.glimpses)}
            | _ours(record, record.glimpses)
            | _fixated(record, record.glimpses)
            for record in runs.all
        ]
    )


def published(row: Row) -> dict[str, str]:
    """The published figures of a row."""
    return {
        "arXiv": percent(row.arxiv),
        "NIPS": percent(row.nips),
        "best public": _public(row.best_public),
    }


def _public(best: Public | None) -> str:
    if best is None or best.glimpses is None:
        return percent(best and best.error)
    return f"{percent(best.error)} ({best.glimpses} glimpses)"


def _ours(record: Record | None, glimpses: int) -> dict[str, str]:
    if record is None or glimpses > record.glimpses:
        return {"ours": NOT_RUN, "95% interval": NONE}
    error = record.after(glimpses)
    return {
        "ours": bold(percent(error)),
        "95% interval": interval(verdicts.wilson(error, record.cases)),
    }


def _verdicts(row: Row, record: Record | None, glimpses: int) -> dict[str, str]:
    return {
        "against NIPS": _verdict(record, glimpses, row.nips),
        "against public": _verdict(
            record, glimpses, row.best_public and row.best_public.error
        ),
    }


def _verdict(record: Record | None, glimpses: int, other: float | None) -> str:
    if record is None or glimpses > record.glimpses or other is None:
        return NONE
    found = verdicts.wilson(record.after(glimpses), record.cases)
    return verdicts.verdict(found, other)


def _compared(row: Row, record: Record | None, glimpses: int) -> dict[str, str]:
    return (
        published(row)
        | _ours(record, glimpses)
        | _verdicts(row, record, glimpses)
    )


def _fixated(record: Record | None, glimpses: int) -> dict[str, str]:
    columns = {
        _TEN: "test_error_mc10",
        "random fixations": "test_error_random_fixations",
        "centre only": "test_error_centre_only",
    }
    return {
        words: percent(_after(record, glimpses, name))
        for words, name in columns.items()
    }


def _costs(record: Record | None, glimpses: int) -> dict[str, str]:
    return {
        "multiply-adds": count(_after(record, glimpses, "multiply_adds")),
        "pixels": count(_after(record, glimpses, "pixels")),
    }


def _after(record: Record | None, glimpses: int, name: str) -> float | None:
    if record is None or glimpses > record.glimpses:
        return None
    return record.after(glimpses, name)


def _controlled(record: Record | None, glimpses: int) -> dict[str, str]:
    ours = {"ours": _ours(record, glimpses)["ours"]}
    return ours | _fixated(record, glimpses) | _costs(record, glimpses)


def _priced(row: Row, record: Record | None, glimpses: int = 1):
    parameters = record and record.values.get("parameters")
    return (
        published(row)
        | _ours(record, glimpses)
        | {"parameters": count(parameters)}
        | _costs(record, glimpses)
    )


def _summed(task: Task, runs: Runs) -> dict[str, str]:
    row = task.rows[task.glimpses]
    against_nips, against_public = [], []
    for glimpses, record in _counted(task, runs):
        found = _verdicts(task.rows[glimpses], record, glimpses)
        against_nips.append(found["against NIPS"])
        against_public.append(found["against public"])
    return (
        {"task": task.title, "glimpses": str(task.glimpses)}
        | {"NIPS": percent(row.nips), "best public": _public(row.best_public)}
        | {"aim": percent(task.aim)}
        | _ours(runs.ram, task.glimpses)
        | {"rows against NIPS": _tally(against_nips)}
        | {"against public": _tally(against_public)}
    )


def _counted(task: Task, runs: Runs) -> Iterator[tuple[int, Record | None]]:
    """For each row the model made for it, else the model of all rows."""
    for glimpses in task.rows:
        yield glimpses, runs.made_for.get(glimpses, runs.ram)


def _tally(found: list[str]) -> str:
    counts = [found.count(verdict) for verdict in verdicts.VERDICTS]
    return " / ".join(map(str, counts)) if any(counts) else NONE
