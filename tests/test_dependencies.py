"""Dependencies run one way: this reads the imports of every module."""

import ast
import fnmatch
import pathlib
import subprocess
import sys
import tomllib

import pytest

from ram_tf_runs import extras

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What each package of ours may import from the others.
MAY_IMPORT = {
    "ram_tf": [],
    "ram_tf_data": [],
    "ram_tf_runs": ["ram_tf", "ram_tf_data"],
    "ram_tf_reports": ["ram_tf", "ram_tf_data", "ram_tf_runs"],
    "ram_tf_serving": ["ram_tf_runs"],
    "ram_tf_web": ["ram_tf", "ram_tf_data", "ram_tf_runs"],
    "ram_tf_commands": [
        "ram_tf",
        "ram_tf_data",
        "ram_tf_reports",
        "ram_tf_runs",
        "ram_tf_serving",
        "ram_tf_web",
    ],
    "data": ["ram_tf_data"],
    "trainers": ["ram_tf_commands", "ram_tf_runs"],
}
OURS = {*MAY_IMPORT, "benchmarks", "tests"}
NO_FLAGS = ["ram_tf", "ram_tf_data", "ram_tf_reports", "data"]
# Modules and folders of ram_tf: each list may import from those before it.
LIBRARY = [
    ["errors"],
    ["files", "geometry", "losses", "noise", "parts"],
    ["share", "types", "validation"],
    ["xla"],
    ["gate"],
    ["layers"],
    ["episodes"],
    ["agents"],
    ["keras_compile", "keras_data", "keras_steps"],
    ["keras_training", "pretrained", "widening"],
    ["presets", "served"],
    ["model", "comparators"],
    ["cost"],
    ["evaluation"],
    ["games", "pictures", "training"],
    ["export", "watching"],
]
# Likewise of ram_tf_runs.
RUNS = [
    ["cluster", "errors", "leaving", "quiet", "telling"],
    ["extras", "plugins", "side_by_side"],
    ["settings", "weights"],
    ["memory"],
    ["command"],
    ["records"],
    ["cards"],
    ["tasks"],
    ["compared", "course", "model_source", "releases", "repeated", "start"],
    ["to_serve", "training"],
    ["searching"],
]


def _files(package):
    files = sorted((ROOT / package).rglob("*.py"))
    assert files, f"{package} has no modules"
    return files


def _parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _imports(path):
    """Full names of what a file imports, at its top or inside a function."""
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _offenders(package, forbidden):
    """Imports of a package that lie in one of the forbidden ones."""
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in _files(package)
        for name in _imports(path)
        if any(f"{name}.".startswith(f"{root}.") for root in forbidden)
    ]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_packages_import_only_what_they_may(package):
    forbidden = OURS - {package, *MAY_IMPORT[package]}
    assert _offenders(package, forbidden) == []


@pytest.mark.parametrize("package", NO_FLAGS)
def test_flags_belong_to_commands(package):
    assert _offenders(package, ["absl.flags", "absl.app"]) == []


def test_every_package_is_known():
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert found | {"tests"} == OURS


def test_the_check_sees_imports():
    assert _offenders("ram_tf_runs", ["absl.flags"])
    assert _offenders("trainers", ["ram_tf_runs"])
    assert _offenders("ram_tf", ["ram_tf.geometry"])


@pytest.mark.parametrize("package", sorted(set(MAY_IMPORT) - {"ram_tf"}))
def test_packages_that_import_nothing(package):
    assert list(_imports(ROOT / package / "__init__.py")) == []


@pytest.mark.parametrize(
    "module",
    [
        "ram_tf_runs.settings",
        "ram_tf_runs.training",
        "ram_tf_commands.catch_film",
        "ram_tf_commands.catch_players",
        "ram_tf_commands.evaluate",
        "ram_tf_commands.export",
        "ram_tf_commands.invariance",
        "ram_tf_commands.larger_canvases",
        "ram_tf_commands.mnist",
        "ram_tf_commands.predict",
        "ram_tf_commands.release",
        "ram_tf_commands.repeat",
        "ram_tf_commands.report",
        "ram_tf_commands.search",
        "ram_tf_commands.serve",
        "ram_tf_commands.sizes",
        "ram_tf_commands.stopping",
        "ram_tf_commands.web",
    ],
)
def test_settings_need_no_tensorflow(module):
    """So --help is quick, and needs no package of an extra."""
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"tensorflow", "keras", *extras.EXTRAS}
    assert heavy & set(done.stdout.split()) == set()


def test_the_wheel_holds_what_begins_with_our_name():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    find = tomllib.loads(text)["tool"]["setuptools"]["packages"]["find"]
    for package in MAY_IMPORT:
        matches = [p for p in find["include"] if fnmatch.fnmatch(package, p)]
        assert bool(matches) == package.startswith("ram_tf"), package


def test_every_folder_with_modules_is_a_package():
    for package in MAY_IMPORT:
        for path in _files(package):
            assert (path.parent / "__init__.py").is_file(), path


def test_every_command_can_be_run_from_trainers():
    """So `python -m trainers.NAME` is `ram NAME`."""
    commands = {path.name for path in _files("ram_tf_commands")}
    assert {path.name for path in _files("trainers")} == commands


def _part(path, package):
    """The module or folder of a package that a file belongs to."""
    return path.relative_to(ROOT / package).parts[0].removesuffix(".py")


@pytest.mark.parametrize(
    ("package", "groups"), [("ram_tf", LIBRARY), ("ram_tf_runs", RUNS)]
)
def test_no_part_imports_from_a_later_group(package, groups):
    order = {name: i for i, group in enumerate(groups) for name in group}
    files = [f for f in _files(package) if _part(f, package) != "__init__"]
    unknown = {_part(path, package) for path in files} - set(order)
    assert not unknown, f"Give {unknown} a place."
    offenders = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in _imports(path)
        if name.startswith(f"{package}.")
        # A name of the package itself, `ram_tf.Comparator`, comes last.
        and order.get(name.split(".")[1], len(groups))
        > order[_part(path, package)]
    ]
    assert offenders == []
