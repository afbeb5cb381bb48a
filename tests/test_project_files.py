"""CITATION.cff, CHANGELOG.md and the like agree with the code."""

import re
import tomllib

import yaml
from documents import ROOT
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import ram_tf


def _read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_citation():
    """By the fields that version 1.2.0 of the format requires and allows."""
    cited = yaml.safe_load(_read("CITATION.cff"))
    assert cited["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(cited)
    assert set(cited) <= {
        *("cff-version", "message", "type", "title", "abstract", "authors"),
        *("version", "license", "keywords", "references"),
    }
    assert cited["title"] == "ram_tf"
    assert cited["type"] == "software"
    assert cited["authors"] == [{"name": "The ram_tf developers"}]
    assert cited["version"] == ram_tf.__version__
    assert cited["license"] == "Apache-2.0"
    [paper] = cited["references"]
    assert set(paper) <= {
        *("type", "title", "authors", "collection-title", "volume"),
        *("year", "url"),
    }
    assert paper["type"] == "conference-paper"
    assert paper["year"] == 2014
    assert [author["family-names"] for author in paper["authors"]] == [
        *("Mnih", "Heess", "Graves", "Kavukcuoglu"),
    ]


def test_the_changelog_begins_with_this_version():
    """A version that is not released has no date; `.dev0` leads to it."""
    heads = re.findall(
        r"^## \[(\S+)\](?: – (unreleased|\d{4}-\d\d-\d\d))?$",
        _read("CHANGELOG.md"),
        re.MULTILINE,
    )
    version = Version(ram_tf.__version__)
    newest, when = heads[0]
    assert newest == version.base_version
    assert (when == "unreleased") == version.is_devrelease
    order = [Version(name) for name, _ in heads]
    assert order == sorted(order, reverse=True)
    kinds = set(re.findall(r"^### (.+)$", _read("CHANGELOG.md"), re.MULTILINE))
    assert kinds <= {
        *("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"),
    }


def test_commits_are_checked_by_the_pinned_linter():
    [repo] = yaml.safe_load(_read(".pre-commit-config.yaml"))["repos"]
    pins = re.findall(r"^(ruff==\S+)", _read("requirements-dev.txt"), re.M)
    [pin] = map(Requirement, pins)
    assert str(pin.specifier) == f"=={repo['rev'].removeprefix('v')}"
    assert [hook["id"] for hook in repo["hooks"]] == [
        *("ruff-check", "ruff-format"),
    ]


def _instructions(name):
    """The words of each instruction of a Dockerfile."""
    text = re.sub(r"^#.*\n", "", _read(name), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [line.split() for line in lines if line.strip()]


def test_what_the_image_is_made_of_is_there():
    """And Docker is shown it: .dockerignore leaves out all else."""
    copied = {
        source
        for keyword, *words in _instructions("Dockerfile")
        if keyword == "COPY"
        for source in words[:-1]
    }
    assert {name for name in copied if not (ROOT / name).exists()} == set()
    everything, *rules = _instructions(".dockerignore")
    assert everything == ["*"]
    shown = {rule[1:] for [rule] in rules if rule.startswith("!")}
    assert shown == copied
    packages = {path.parent.name for path in ROOT.glob("ram_tf*/__init__.py")}
    assert packages < copied


def test_the_image_runs_the_command_without_root():
    by_keyword = {line[0]: line[1:] for line in _instructions("Dockerfile")}
    assert by_keyword["ENTRYPOINT"] == ['["ram"]']
    assert by_keyword["USER"] not in ([], ["root"])
    [base] = by_keyword["FROM"]
    python = Version(re.fullmatch(r"python:([\d.]+)-slim", base)[1])
    project = tomllib.loads(_read("pyproject.toml"))["project"]
    assert python in SpecifierSet(project["requires-python"])


def test_files_that_the_guide_names_are_there():
    """CONTRIBUTING.md is checked against the tree, and against the plugins."""
    text = _read("CONTRIBUTING.md")
    spans = re.findall(r"`([\w.]+(?:/[\w.]+)+/?)`", text)
    holders = ("KIND", "TASK", "NAME", "RUN")
    named = {span for span in spans if not any(h in span for h in holders)}
    named = {name for name in named if not name.startswith(".venv")}
    assert len(named) > 15
    assert {name for name in named if not (ROOT / name).exists()} == set()
    for plugin in (ROOT / "tests" / "plugins").glob("*.py"):
        assert f"`tests/plugins/{plugin.name}`" in text


def test_what_the_guide_asks_of_parts_is_what_the_examples_have():
    text = " ".join(_read("CONTRIBUTING.md").split())
    for example, contract in (
        ("strided_encoder.py", "How to add a glimpse encoder"),
        ("ink_policy.py", "How to add a location policy"),
    ):
        section = text.partition(contract)[2].partition("## ")[0]
        asked = set(re.findall(r"`([a-z_]+)`", section))
        code = _read(f"tests/plugins/{example}")
        defined = set(re.findall(r"def (?!_)(\w+)", code))
        assert len(asked & defined) >= 5
        assert asked - defined <= {"log_prob", "reads_glimpse"}
