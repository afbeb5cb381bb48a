"""How everything here is measured: interleaved repetitions, medians, a record.

Speeds of one machine change with its neighbours' load; ratios within one run
stand. So all contestants of a comparison take turns, many times over.
"""

import json
import os
import pathlib
import statistics
import time
from collections.abc import Callable
from typing import Any

from absl import flags

from ram_tf import files
from ram_tf_runs.records import record

OUT = flags.DEFINE_string("out", None, "JSON file for the measurements.")
REPETITIONS = flags.DEFINE_integer(
    "repetitions", 15, "Turns that each contestant takes.", lower_bound=3
)


def interleave(
    contestants: dict[str, Callable[[], Any]], repetitions: int
) -> dict[str, float]:
    """Median seconds of each contestant's call, after one to warm up."""
    seconds = turns(contestants, repetitions)
    return {name: statistics.median(s) for name, s in seconds.items()}


def turns(
    contestants: dict[str, Callable[[], Any]], repetitions: int
) -> dict[str, list[float]]:
    """Seconds of all of each contestant's calls, after one to warm up."""
    for call in contestants.values():
        call()
    seconds = {name: [] for name in contestants}
    for _ in range(repetitions):
        for name, call in contestants.items():
            started = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - started)
    return seconds


def show(title: str, rows: list[dict[str, Any]]) -> None:
    """Prints rows of equal keys as a table."""
    print(f"\n{title}")
    names = list(rows[0])
    table = [names] + [[_text(row[name]) for name in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        print("  ".join(t.rjust(w) for t, w in zip(line, widths, strict=True)))


def write(measured: dict[str, Any], repetitions: int) -> None:
    """Writes measurements and their circumstances, if --out is given."""
    if OUT.value is None:
        return
    whole = measured | {
        "machine": record.machine(),
        "glibc_tunables": os.environ.get("GLIBC_TUNABLES", ""),
        "versions": record.versions(),
        "git_revision": record.git_revision(),
        "repetitions": repetitions,
    }
    path = pathlib.Path(OUT.value)
    files.write_text(path, json.dumps(whole, indent=2) + "\n")


def _text(value: Any) -> str:
    return (
        f"{value:,.3g}"
        if isinstance(value, float) and value < 100
        else (f"{value:,.0f}" if isinstance(value, float) else str(value))
    )
