"""Dependencies run one way: this reads the imports of every module."""

import ast
import importlib
import pathlib
import subprocess
import sys
import tomllib

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Modules and packages of ram_tf; none may import from a later group.
GROUPS = [
    ["errors"],
    [
        "cell_output",
        "files",
        "geometry",
        "losses",
        "noise",
        "parts",
        "products",
        "sequences",
        "types",
        "validation",
        "xla",
    ],
    ["glimpse_readers"],
    ["glimpse_sensor"],
    ["fixation_policy", "glimpse_encoder", "head"],
    [
        "glimpse_net",
        "location_policy",
        "action_policy",
        "stop_policy",
        "heads",
        "windows",
    ],
    ["cell"],
    ["policies", "unroll", "environments"],
    ["model", "comparators"],
    ["update"],
    ["agent", "stop_agent", "supervised", "cost"],
    ["evaluation", "viz"],
    ["film_strips"],
    ["game_evaluation", "return_evaluation"],
    ["game_viz"],
    ["training"],
    ["pretrained", "widening"],
    ["export"],
]
ORDER = {name: i for i, group in enumerate(GROUPS) for name in group}
# Likewise of trainers; all other modules are commands.
TRAINERS = [
    ["errors", "quiet"],
    ["plugins"],
    ["settings"],
    ["command"],
    ["records"],
    ["pictures"],
    ["cards"],
    ["tasks"],
    ["runs"],
    ["training"],
    ["page", "reporting", "searching", "serving"],
]
FOLDERS = {part for group in TRAINERS for part in group} - {
    "command",
    "errors",
    "plugins",
    "quiet",
    "training",
}


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


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("ram_tf", ["data", "trainers", "tests", "absl.flags", "absl.app"]),
        ("data", ["ram_tf", "trainers", "tests", "absl.flags", "absl.app"]),
        ("trainers", ["tests"]),
    ],
)
def test_packages(package, forbidden):
    assert _offenders(package, forbidden) == []


@pytest.mark.parametrize(
    "package", ["ram_tf_runs.settings", "ram_tf_runs.command"]
)
def test_settings_need_no_tensorflow(package):
    """So --help is quick."""
    code = f"import sys, {package}; sys.exit('tensorflow' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
    )


def test_the_check_sees_imports():
    assert _offenders("trainers", ["absl.flags"])
    assert _offenders("trainers", ["ram_tf", "data"])
    assert _offenders("ram_tf", ["ram_tf.geometry"])


@pytest.mark.parametrize("package", ["trainers", "data"])
def test_packages_that_import_nothing(package):
    assert list(_imports(ROOT / package / "__init__.py")) == []


def test_every_package_is_in_the_wheel():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    packages = tomllib.loads(text)["tool"]["setuptools"]["packages"]
    found = [
        ".".join(path.parent.relative_to(ROOT).parts)
        for top in ("ram_tf", "trainers", "data")
        for path in (ROOT / top).rglob("__init__.py")
    ]
    assert sorted(packages) == sorted(found)


def test_all_commands_fit_one_process():
    # A flag that two modules define stops the second one's import.
    for path in _files("trainers"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        importlib.import_module(name)


def _module(path):
    """The module or package of ram_tf that a file belongs to."""
    return path.relative_to(ROOT / "ram_tf").parts[0].removesuffix(".py")


def _library_files():
    return [f for f in _files("ram_tf") if _module(f) != "__init__"]


def _library_imports(path):
    names = (name.split(".") for name in _imports(path))
    return [parts[1] for parts in names if parts[0] == "ram_tf"]


def test_every_module_has_its_place():
    unknown = {_module(path) for path in _library_files()} - set(ORDER)
    assert not unknown, f"Give {unknown} a place in GROUPS."


def test_no_module_imports_from_a_later_group():
    offenders = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in _library_files()
        for name in _library_imports(path)
        if ORDER[name] > ORDER[_module(path)]
    ]
    assert offenders == []


def _trainers_order(part):
    places = [i for i, group in enumerate(TRAINERS) if part in group]
    return places[0] if places else len(TRAINERS)


def test_what_commands_are_made_of_has_its_order():
    folder = ROOT / "trainers"
    offenders = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in _files("trainers")
        for name in _imports(path)
        if name.startswith("trainers.")
        and _trainers_order(name.split(".")[1])
        > _trainers_order(path.relative_to(folder).parts[0].removesuffix(".py"))
    ]
    assert offenders == []


def test_folders_of_trainers_are_known():
    folders = {path.parent.name for path in ROOT.glob("trainers/*/__init__.py")}
    assert folders == FOLDERS
