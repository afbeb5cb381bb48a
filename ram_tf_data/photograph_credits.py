"""Whose the photographs are that `trainers.photographs` has fetched."""

import pathlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from ram_tf_data.photograph_packages import PACKAGES

# Beside the photographs: the licences of each package.
LICENCES = "licences"
_HOLDER = re.compile(r"^Copyright:? +(?:\(c\) +)?(.+)$", re.MULTILINE)
_ADDRESS = re.compile(r"\s*<[^>]*>\W*")


class Credit(NamedTuple):
    """What is known of a photograph.

    Attributes:
        name: Of its file.
        holders: Years and names of those who have the rights, "" if unknown.
        licence: What it is called, "" if unknown.
        text: The file with its words, None if there is none.
    """

    name: str
    holders: str = ""
    licence: str = ""
    text: pathlib.Path | None = None


def credit(file: pathlib.Path) -> Credit:
    """Whose a photograph is.

    Args:
        file: In the folder that `photograph_packages.fetched` has filled.
            Of others, and without their licences, only the name is known.
    """
    for package, about in PACKAGES.items():
        text = file.parent / LICENCES / f"{package}.txt"
        if file.name in about.photographs and text.is_file():
            words = text.read_text(encoding="utf-8", errors="replace")
            return Credit(file.name, *_said(words, file.name), text)
    return Credit(file.name)


def _said(words: str, name: str) -> tuple[str, str]:
    """Holders and licence of a file, in Debian's form or in plain words."""
    for about in _paragraphs(words):
        files = about.get("Files", "").split()
        if name in {pathlib.PurePosixPath(file).name for file in files}:
            holders = about.get("Copyright", "").splitlines()
            licence = about.get("License", "").partition("\n")[0]
            return _joined(holders), licence
    return _joined(_HOLDER.findall(words)[:1]), words.partition("\n")[0].strip()


def _joined(holders: list[str]) -> str:
    """In one line, without addresses for mail."""
    plain = (_ADDRESS.sub("", holder).strip() for holder in holders)
    return "; ".join(filter(None, plain))


def _paragraphs(words: str) -> Iterator[dict[str, str]]:
    """The fields of each paragraph, by name; further lines are indented."""
    for paragraph in re.split(r"\n\s*\n", words):
        fields = re.findall(r"^(\S+?):((?:.*)(?:\n[ \t].*)*)", paragraph, re.M)
        yield {
            name: "\n".join(line.strip() for line in value.splitlines()).strip()
            for name, value in fields
        }
