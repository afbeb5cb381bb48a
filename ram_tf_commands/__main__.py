"""ram: the Recurrent Attention Model at the command line.

    ram COMMAND --flag=value …
    ram KIND --flag=value …      trains a run of any kind, also a plugin's

`ram NAME --help` lists the flags. In a checkout, `python -m trainers.COMMAND`
does the same.
"""

import importlib
import pathlib
import sys
import types

from ram_tf_runs import extras, plugins, telling, training
from ram_tf_runs.command import Command, run, shown
from ram_tf_runs.settings import run as runs

_FOLDER = pathlib.Path(__file__).parent
_CHECKOUT = """\
The commands of ram_tf, the Recurrent Attention Model.

    python -m trainers.COMMAND --flag=value …
    python -m trainers KIND --flag=value …      trains a run of any kind, also a
                                                plugin's

`python -m trainers.COMMAND --help` lists the flags. Where ram_tf is installed,
`ram COMMAND` does the same.
"""


def commands() -> dict[str, str]:
    """What each command does, in a line, by its name."""
    found = {}
    for path in sorted(_FOLDER.glob("[a-z]*.py")):
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        found[path.stem] = first.strip('"')
    return found


def usage(program: str = "ram") -> str:
    """The list of all commands and of all kinds of runs.

    Args:
        program: How it is called.
    """
    kinds = {
        kind: runs.of_kind(kind).__doc__.partition("\n")[0]
        for kind in runs.names()
    }
    width = max(map(len, [*commands(), *kinds]))
    words = __doc__ if program == "ram" else _CHECKOUT
    lines = [words, "commands:"]
    lines += [f"  {name:<{width}}  {does}" for name, does in commands().items()]
    lines += ["", "kinds of runs:"]
    lines += [f"  {name:<{width}}  {does}" for name, does in kinds.items()]
    return "\n".join(lines)


def main(program: str = "ram") -> None:
    """Runs the command, or the kind of run, that the first argument names.

    Args:
        program: How it is called.
    """
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name.startswith("-"):
        with telling.at_the_start():
            plugins.load()
        with shown():
            print(usage(program))
        return
    sys.argv[:2] = [f"{program} {name}"]
    if name not in commands():
        run(_of_kind(name))
        return
    module = _module(name)
    if not hasattr(module, "COMMAND"):  # One that does without TensorFlow.
        sys.exit(module.main(program=f"{program} {name}"))
    words = module.__doc__.replace("python -m trainers.", f"{program} ")
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
