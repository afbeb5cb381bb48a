"""README and docs/ as tests read them: blocks of code, shell commands."""

import pathlib
import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What a reader is told to do; docs/ without the pages that stand in the root.
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [
        ROOT / "README.md",
        ROOT / "BUILD.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "SECURITY.md",
        ROOT / "benchmarks" / "README.md",
        *sorted((ROOT / "docs").rglob("*.md")),
    ]
    if "_build" not in path.parts
}
_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<why>[^>]+?) -->\n+)?"
    r"^(?P<fence>`{3,})(?P<language>[^\n]*)\n(?P<code>.*?)^(?P=fence)$",
    re.DOTALL | re.MULTILINE,
)


class Block(NamedTuple):
    """A block of code of a page.

    Attributes:
        page: Its file.
        line: Where the block begins.
        language: As the fence says.
        code: What it holds.
        why: Why no test runs it, as a comment before it says; None for one
            that is run.
    """

    page: str
    line: int
    language: str
    code: str
    why: str | None

    @property
    def name(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    """All blocks of code of all pages, or those in some languages."""
    found = []
    for page, text in PAGES.items():
        for match in _BLOCK.finditer(text):
            line = text.count("\n", 0, match.start("fence")) + 1
            block = Block(
                page, line, match["language"], match["code"], match["why"]
            )
            if not languages or block.language in languages:
                found.append(block)
    return found


def without_blocks(text: str) -> str:
    """A page without its blocks of code."""
    return _BLOCK.sub("", text)


def commands(code: str) -> Iterator[list[str]]:
    """The words of each command of a shell block, without redirections.

    Where a here-document follows it is one more word of its command.
    """
    lines = iter(code.replace("\\\n", " ").splitlines())
    for line in lines:
        while True:  # A quoted word may go on in the next line.
            try:
                words = shlex.shlex(line, posix=True, punctuation_chars=True)
                words.whitespace_split = True
                words = list(words)
                break
            except ValueError:
                line += "\n" + next(lines)
        if "<<" in words:
            at = words.index("<<")
            end = words[at + 1]
            words[at : at + 2] = ["\n".join(iter(lines.__next__, end))]
        yield from _apart(words)


def _apart(words: list[str]) -> Iterator[list[str]]:
    """Splits a line at what joins commands."""
    command = []
    following = iter(words)
    for word in following:
        if word in ("&&", "||", ";", "|"):
            yield command
            command = []
        elif word in (">", "<"):
            next(following)
        else:
            command.append(word)
    if command:
        yield command
