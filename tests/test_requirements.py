"""What pyproject.toml requires, and requirements.txt pins, fits the imports."""

import ast
import importlib.metadata
import pathlib
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import ram_tf
from ram_tf_runs.extras import EXTRAS

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DISTRIBUTIONS = importlib.metadata.packages_distributions()


def _ranges(lines):
    """Specifiers by the name of the package."""
    wanted = map(Requirement, lines)
    return {canonicalize_name(one.name): one.specifier for one in wanted}


CORE = _ranges(PROJECT["dependencies"])
BY_EXTRA = {
    extra: _ranges(lines)
    for extra, lines in PROJECT["optional-dependencies"].items()
    if extra != "all"
}
RANGES = CORE | {k: v for extra in BY_EXTRA.values() for k, v in extra.items()}


def _pins():
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    wanted = (line.partition("#")[0].strip() for line in lines)
    return [Requirement(line) for line in wanted if line]


@pytest.mark.parametrize("pin", _pins(), ids=lambda pin: pin.name)
def test_the_versions_that_are_tested_are_in_the_ranges(pin):
    (exact,) = pin.specifier
    assert exact.operator == "=="
    assert exact.version in RANGES[canonicalize_name(pin.name)]


def test_everything_required_is_pinned():
    assert {canonicalize_name(pin.name) for pin in _pins()} == set(RANGES)


def test_an_extra_that_repeats_a_package_gives_the_same_range():
    for extra in BY_EXTRA.values():
        for name, specifier in extra.items():
            assert specifier == RANGES[name], name


def test_all_is_every_extra():
    (line,) = PROJECT["optional-dependencies"]["all"]
    wanted = Requirement(line)
    assert wanted.name == PROJECT["name"]
    assert wanted.extras == set(BY_EXTRA)


def _imported(path):
    """Top-level names of what a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module]
        else:
            continue
        yield from (name.partition(".")[0] for name in names)


def _third_party():
    files = [*ROOT.glob("ram_tf/**/*.py"), *ROOT.glob("ram_tf_*/**/*.py")]
    names = {name for path in files for name in _imported(path)}
    ours = {name for name in names if name.split("_")[:2] == ["ram", "tf"]}
    return names - ours - set(sys.stdlib_module_names)


def _distribution(module):
    (name,) = set(DISTRIBUTIONS[module])
    return canonicalize_name(name)


@pytest.mark.parametrize("module", sorted(_third_party()))
def test_what_is_imported_is_required(module):
    if _distribution(module) not in CORE:
        assert module in EXTRAS, "Commands must say which extra has it."


@pytest.mark.parametrize(("module", "extra"), EXTRAS.items())
def test_commands_advise_an_extra_that_has_the_package(module, extra):
    assert _distribution(module) in BY_EXTRA[extra]


def test_the_version_has_one_home():
    assert PROJECT["dynamic"] == ["version"]
    assert Version(ram_tf.__version__).release
