"""Trains a run of any kind: python -m trainers KIND --flag=value …

Kinds that plugins bring (RAM_TF_PLUGINS) are among them. `python -m trainers
KIND --help` lists the flags of one.
"""

import pathlib
import sys

from trainers import plugins, training
from trainers.command import run
from trainers.errors import UserError
from trainers.settings import run as runs


def usage() -> str:
    """What there is: kinds of runs, and other commands."""
    kinds = runs.names()
    width = max(map(len, kinds))
    lines = [__doc__, "kinds of runs:"]
    for kind in kinds:
        about = runs.of_kind(kind).__doc__.splitlines()[0]
        lines.append(f"  {kind:<{width}}  {about}")
    folder = pathlib.Path(__file__).parent
    modules = (path for path in sorted(folder.glob("*.py")))
    commands = [p.stem for p in modules if "\nCOMMAND = " in p.read_text()]
    lines.append("\nother commands: python -m trainers.NAME, NAME being one of")
    lines.append(f"  {', '.join(commands)}")
    return "\n".join(lines)


def main() -> None:
    kind = sys.argv[1] if len(sys.argv) > 1 else "--help"
    try:
        plugins.load()
        if kind.startswith("-"):
            print(usage())
            return
        settings = runs.of_kind(kind)
    except UserError as error:
        sys.exit(f"error: {error}")
    sys.modules["__main__"].__doc__ = settings.__doc__
    del sys.argv[1]
    run(training.command(settings, kind))


if __name__ == "__main__":
    main()
