"""ram: the Recurrent Attention Model at the command line.

    ram COMMAND --flag=value …
    ram KIND --flag=value …      trains a run of any kind, plugins' among them

`ram NAME --help` lists the flags. In a checkout `python -m trainers.COMMAND` is
the same.
"""

import importlib
import pathlib
import sys
import types

from ram_tf_runs import extras, plugins, telling, training
from ram_tf_runs.command import Command, run, shown
from ram_tf_runs.settings import run as runs

_FOLDER = pathlib.Path(__file__).parent


def commands() -> dict[str, str]:
    """What each command does, in a line, by its name."""
    found = {}
    for path in sorted(_FOLDER.glob("[a-z]*.py")):
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        found[path.stem] = first.strip('"')
    return found


def usage() -> str:
    """What there is: commands, and kinds of runs."""
    kinds = {
        kind: runs.of_kind(kind).__doc__.partition("\n")[0]
        for kind in runs.names()
    }
    width = max(map(len, [*commands(), *kinds]))
    lines = [__doc__, "commands:"]
    lines += [f"  {name:<{width}}  {does}" for name, does in commands().items()]
    lines += ["", "kinds of runs:"]
    lines += [f"  {name:<{width}}  {does}" for name, does in kinds.items()]
    return "\n".join(lines)


def main() -> None:
    """Runs the command, or the kind of run, that the first argument names."""
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name.startswith("-"):
        with telling.at_the_start():
            plugins.load()
        with shown():
            print(usage())
        return
    sys.argv[:2] = [f"ram {name}"]
    if name not in commands():
        run(_of_kind(name))
        return
    module = _module(name)
    if not hasattr(module, "COMMAND"):  # One that does without TensorFlow.
        sys.exit(module.main(program=f"ram {name}"))
    words = module.__doc__.replace("python -m trainers.", "ram ")
    sys.modules["__main__"].__doc__ = words
    run(module.COMMAND)


def _module(name: str) -> types.ModuleType:
    with telling.at_the_start(), extras.explained():
        return importlib.import_module(f"ram_tf_commands.{name}")


def _of_kind(kind: str) -> Command:
    with telling.at_the_start():
        plugins.load()
        settings = runs.of_kind(kind)
    sys.modules["__main__"].__doc__ = settings.__doc__
    return training.command(settings, kind)


if __name__ == "__main__":
    main()
