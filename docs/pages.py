"""What pages of the site are made of that stands elsewhere.

RESULTS.md and its like are pages as they are, with their links turned; the
commands' page is made of the commands' own help.
"""

import importlib
import pathlib
import re

from docutils import nodes
from sphinx.application import Sphinx

from ram_tf_commands import device, serving_client
from ram_tf_commands.__main__ import commands
from ram_tf_runs.settings import run as runs
from ram_tf_runs.settings.fields import Leaf, Settings

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Pages that are files of the root, by their names here.
FROM_ROOT = {
    "building": "BUILD.md",
    "changelog": "CHANGELOG.md",
    "contributing": "CONTRIBUTING.md",
    "results": "RESULTS.md",
    "security": "SECURITY.md",
    "speed_table": "benchmarks/README.md",
}
# Of commands that read their arguments by argparse.
_WITHOUT_SETTINGS = {"device": device, "serving_client": serving_client}
_MARK = "<!-- the commands -->"


def from_root(name: str) -> str:
    """A file of the root, its links as they are from docs/."""
    path = ROOT / name
    folder = path.parent.relative_to(ROOT).as_posix()
    text = path.read_text(encoding="utf-8")
    return re.sub(
        r"\]\((?!https?:|#)([^)\s]+)\)",
        lambda found: f"]({_turned(found[1], folder)})",
        text,
    )


def _turned(link: str, folder: str) -> str:
    """A link of a file in a folder of the root, as it is from docs/."""
    file, mark, part = link.partition("#")
    target = pathlib.PurePosixPath(folder, file)
    for page, name in FROM_ROOT.items():
        if str(target) == name:
            return f"{page}.md{mark}{part}"
    if target.parts[0] == "docs":
        return str(target.relative_to("docs"))
    return f"../{target}"


def all_commands() -> str:
    """Every command: what it does, how it is called, and its flags."""
    found = commands()
    rows = [
        f"| [`{name}`](#command-{name}) | {does} |"
        for name, does in found.items()
    ]
    lines = ["| command | what it does |", "|---|---|", *rows, ""]
    for name in found:
        lines += _command(name)
    lines += ["## Flags of the kinds of runs", ""]
    for kind in runs.names():
        lines += [f"### kind {kind}", "", runs.of_kind(kind).__doc__, ""]
        lines += _flags([runs.of_kind(kind)])
    return "\n".join(lines)


def _command(name: str) -> list[str]:
    module = importlib.import_module(f"ram_tf_commands.{name}")
    lines = [f"(command-{name})=", f"## {name}", "", module.__doc__.strip(), ""]
    if name in _WITHOUT_SETTINGS:
        parser = _WITHOUT_SETTINGS[name]._parser(f"ram {name}")
        return [*lines, "```text", parser.format_help().rstrip(), "```", ""]
    kinds = module.COMMAND.kinds([name])
    of_runs = [kind for kind in kinds if kind in _kinds()]
    for kind in of_runs:
        lines += [
            f"It takes the flags of [kind {kind.kind}](#kind-{kind.kind}).",
            "",
        ]
    return lines + _flags([kind for kind in kinds if kind not in of_runs])


def _kinds() -> list[type[Settings]]:
    return [runs.of_kind(name) for name in runs.names()]


def _flags(kinds: list[type[Settings]]) -> list[str]:
    """A table of flags, a row each."""
    lines = ["| flag | default | meaning |", "|---|---|---|"]
    lines += [_row(leaf) for kind in kinds for leaf in kind.leaves()]
    return [*lines, ""]


def _row(leaf: Leaf) -> str:
    words = leaf.words + (f" Must be {leaf.rule}." if leaf.rule else "")
    default = leaf.default
    if isinstance(default, tuple):
        default = ",".join(map(str, default))
    shown = "" if default in (None, "") else f"`{default}`"
    words = words.replace("|", r"\|").replace("<", r"\<").replace("*", r"\*")
    return f"| `--{leaf.name}` | {shown} | {words} |"


def _read(app: Sphinx, docname: str, source: list[str]) -> None:
    if docname in FROM_ROOT:
        app.env.note_dependency(str(ROOT / FROM_ROOT[docname]))
        source[0] = from_root(FROM_ROOT[docname])
    if _MARK in source[0]:
        for folder in ("ram_tf_commands", "ram_tf_runs/settings"):
            for path in (ROOT / folder).rglob("*.py"):
                app.env.note_dependency(str(path))
        source[0] = source[0].replace(_MARK, all_commands())


def _docstring(app, what, name, obj, options, lines: list[str]) -> None:
    """Makes docstrings of ours what Sphinx reads: before napoleon does.

    What is set in after a colon and an empty line is shown as it stands. What
    stands before a colon in the first line of a property is no type.
    """
    for i, line in enumerate(lines[:-2]):
        inset = " " * (len(line) - len(line.lstrip()) + 4)
        if line.endswith(":") and not lines[i + 1].strip():
            lines[i] += ":" * lines[i + 2].startswith(inset)
    if what == "property" and lines:
        lines[0] = lines[0].replace(": ", " – ")


def _dashes(app: Sphinx, doctree: nodes.document) -> None:
    """Sphinx writes two hyphens between an argument and what it is."""
    for text in doctree.findall(nodes.Text):
        if text == " -- ":
            text.parent.replace(text, nodes.Text(" – "))


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", _read)
    app.connect("autodoc-process-docstring", _docstring, priority=400)
    app.connect("doctree-read", _dashes)
    return {"parallel_read_safe": True}
