"""Tries inputs of all kinds, and says what was found.

    python -m benchmarks.fuzz --inputs=100000 \\
        --out=benchmarks/results/fuzz.json

Of each kind so many as its share; `benchmarks/fuzzing/` says what is held of
them. It goes on where the record ends, chunk by chunk: chunk i of a kind is
drawn from seed i, whoever draws it.
"""

import collections
import dataclasses
import json
import pathlib
import time
import traceback
from typing import Any

import ram_tf_runs.quiet  # noqa: F401  First.

import hypothesis
from hypothesis import HealthCheck, Phase

from benchmarks.fuzzing.kinds import KINDS, Kind
from ram_tf import files
from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.records import json_files, record
from ram_tf_runs.settings.fields import Settings, setting

_CHUNK = 100
_OURS = pathlib.Path(__file__).resolve().parent.parent


@dataclasses.dataclass(frozen=True)
class Fuzz(Settings):
    """What is tried."""

    inputs: int = setting(100_000, "Inputs of all kinds together.", least=1)
    kinds: tuple[str, ...] = setting((), "Kinds; by default all that are.")
    out: str | None = setting(None, "JSON file of the record.", path=True)

    def check(self):
        if unknown := set(self.kinds) - set(KINDS):
            raise UserError(
                f"--kinds must be of {list(KINDS)}. Received: {sorted(unknown)}"
            )


def main(options: Fuzz) -> int:
    chosen = {name: KINDS[name] for name in options.kinds or KINDS}
    shares = sum(kind.share for kind in chosen.values())
    path = pathlib.Path(options.out) if options.out else None
    found = json_files.read(path, "kinds")["kinds"] if _is_there(path) else {}
    for name, kind in chosen.items():
        row = found.setdefault(name, _nothing())
        wanted = -(-options.inputs * kind.share // shares)
        while row["inputs"] < wanted:
            started = time.process_time()
            _add(row, kind, row["inputs"] // _CHUNK)
            row["cpu_seconds"] += round(time.process_time() - started, 2)
            if path:
                whole = {"kinds": found, **record.circumstances()}
                text = json.dumps(whole, indent=2)
                files.write_text(path, f"{text}\n")
        print(f"{name}: {_said(row)}", flush=True)
    return int(any(row["faults"] for row in found.values()))


def _is_there(path: pathlib.Path | None) -> bool:
    return path is not None and path.exists()


def _nothing() -> dict[str, Any]:
    counts = {"inputs": 0, "answered": 0, "refused": 0, "faulty": 0}
    return {**counts, "cpu_seconds": 0.0, "faults": {}}


def _add(row: dict[str, Any], kind: Kind, chunk: int) -> None:
    """Tries the inputs of a chunk, all of them whatever is found."""
    outcomes = collections.Counter()

    @hypothesis.seed(chunk)
    @hypothesis.settings(
        max_examples=_CHUNK,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(kind.inputs)
    def ask(value):
        try:
            outcomes[kind.ask(value)] += 1
        except Exception as error:
            outcomes["faulty"] += 1
            row["faults"].setdefault(_named(error), repr(value))

    ask()
    for name, count in outcomes.items():
        row[name] += count
    # Hypothesis may have fewer that differ from each other.
    row["different"] = row.get("different", 0) + outcomes.total()
    row["inputs"] += _CHUNK


def _named(error: Exception) -> str:
    """What a fault is known by: its kind, its words, its place."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if f.filename.startswith(f"{_OURS}/ram_tf")]
    place = ""
    if ours:
        name = pathlib.Path(ours[-1].filename).relative_to(_OURS)
        place = f" at {name}:{ours[-1].lineno}"
    words = " ".join(str(error).split())[:240]
    return f"{type(error).__name__}: {words}{place}"


def _said(row: dict[str, Any]) -> str:
    lines = [
        f"{row['different']} inputs: {row['answered']} answered, "
        f"{row['refused']} refused, {row['faulty']} faulty; "
        f"{row['cpu_seconds']:.0f} s of CPU"
    ]
    for fault, value in row["faults"].items():
        lines += [f"  {fault}", f"    {value}"]
    return "\n".join(lines)


COMMAND = Command(main, (Fuzz,))

if __name__ == "__main__":
    run(COMMAND)
