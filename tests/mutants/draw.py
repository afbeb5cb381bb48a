"""Draws the faults, once: evenly over the lines of all modules.

python -m tests.mutants.draw
"""

import dataclasses
import json
import pathlib
import random
import subprocess

from tests.mutants import sites

ROOT = pathlib.Path(__file__).resolve().parents[2]
FAULTS = pathlib.Path(__file__).with_name("faults.json")
SEED = 19
# How many faults are drawn among the lines of these.
COUNTS = {
    ("ram_tf_data", "ram_tf_runs"): 50,
    ("ram_tf",): 90,
    (
        "ram_tf_commands",
        "ram_tf_reports",
        "ram_tf_serving",
        "ram_tf_web",
    ): 25,
}


def main() -> None:
    generator = random.Random(SEED)
    faults = [
        fault
        for folders, count in COUNTS.items()
        for fault in _draw(folders, count, generator)
    ]
    command = ["git", "rev-parse", "HEAD"]
    head = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    )
    drawn = {
        "git_revision": head.stdout.strip(),
        "seed": SEED,
        "faults": [dataclasses.asdict(fault) for fault in faults],
    }
    FAULTS.write_text(json.dumps(drawn, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(faults)} faults in {FAULTS}")


def _draw(folders, count, generator):
    """A fault each of `count` lines that have any."""
    lines = {}
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            file = str(path.relative_to(ROOT))
            for fault in sites.find(file, path.read_text()):
                lines.setdefault((file, fault.line), []).append(fault)
    chosen = generator.sample(sorted(lines), count)
    return [generator.choice(lines[line]) for line in sorted(chosen)]


if __name__ == "__main__":
    main()
