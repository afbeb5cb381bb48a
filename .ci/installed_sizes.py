"""Says how large an installation of ram_tf is beside TensorFlow's.

    PYTHON .ci/installed_sizes.py [FILE]

PYTHON is that of an environment with `ram_tf[all]`. FILE is a record that is
written, in MB. Bytecode, which comes with use, is not counted.
"""

import importlib.metadata
import json
import os
import pathlib
import platform
import sys

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

MEASURED = ("tensorflow", "ram_tf", "ram_tf[data]", "ram_tf[all]")


def needed(requirement: str) -> set[str]:
    """The names of all packages that a requirement installs."""
    found, todo = set(), [Requirement(requirement)]
    while todo:
        wanted = todo.pop()
        for extra in ("", *wanted.extras):
            key = (canonicalize_name(wanted.name), extra)
            if key not in found:
                found.add(key)
                todo += _requirements(*key)
    return {name for name, _ in found}


def _requirements(name: str, extra: str) -> list[Requirement]:
    lines = importlib.metadata.requires(name) or []
    return [
        wanted
        for wanted in map(Requirement, lines)
        if wanted.marker is None or wanted.marker.evaluate({"extra": extra})
    ]


def size(package: str) -> int:
    """Bytes of a package's files, as its installer has listed them."""
    files = importlib.metadata.files(package) or []
    paths = {os.path.realpath(file.locate()) for file in files}
    return sum(os.path.getsize(path) for path in paths if os.path.exists(path))


def main() -> None:
    """Prints the sizes, and writes the record where one is named."""
    sizes = {
        requirement: round(sum(map(size, needed(requirement))) / 1e6)
        for requirement in MEASURED
    }
    for requirement, megabytes in sizes.items():
        print(f"{requirement:<14}{megabytes:>6,} MB with all it needs")
    if len(sys.argv) > 1:
        record = {
            "megabytes": sizes,
            "packages": {name: len(needed(name)) for name in MEASURED},
            "wheel_megabytes": round(size("ram_tf") / 1e6, 1),
            "python": platform.python_version(),
            "tensorflow": importlib.metadata.version("tensorflow"),
        }
        text = json.dumps(record, indent=2)
        pathlib.Path(sys.argv[1]).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
