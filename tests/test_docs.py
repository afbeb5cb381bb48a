"""The site builds without a warning, and what it tells a reader to do is right.

Python blocks run here, page by page. The commands of shell blocks are read by
the commands' own parsers, so that no flag or value is mistyped; they are not
run. A block that neither holds for says why: `<!-- not run: REASON -->`.
"""

import dataclasses
import importlib
import re
import tomllib

import numpy as np
import pytest
from absl import flags
from documents import PAGES, ROOT, blocks, commands, without_blocks
from PIL import Image

import ram_tf
from ram_tf_commands import __main__ as ram
from ram_tf_runs import training
from ram_tf_runs.settings import run as runs

# Programs of others, whose arguments are theirs.
_OTHERS = {
    *("curl", "docker", "echo", "git", "mypy", "pre-commit", "ruff"),
    *("saved_model_cli", "tensorboard", "tensorflow_model_server"),
}
_WITHOUT_SETTINGS = ("device", "serving_client")
_SHARED = ("calls", "timing", "workload")  # Modules that define flags.
_LONGEST = 100  # Of README's lines, in characters.
PYTHON_PAGES = sorted({block.page for block in blocks("python")})


def test_readme_is_short():
    readme = PAGES["README.md"]
    assert len(readme.splitlines()) <= 150
    assert len(readme.split()) <= 1200
    long = [line for line in readme.splitlines() if len(line) > _LONGEST]
    assert long == []


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """What a reader has at hand: names, and files in the current folder."""
    rng = np.random.default_rng(0)
    image = np.zeros([1, 60, 60, 1], np.uint8)
    image[0, 20:40, 28:32] = 255
    images = rng.integers(0, 255, [12, 60, 60, 1]).astype(np.uint8)
    labels = (np.arange(12) % 5).astype(np.int32)
    monkeypatch.chdir(tmp_path)
    for name in ("digit.png", "photo.jpg", "picture.png"):
        Image.fromarray(image[0, ..., 0]).save(name)
    colours = rng.integers(0, 255, [256, 300, 3]).astype(np.uint8)
    Image.fromarray(colours).save("photograph.jpg")
    return {
        "image": image,
        "images": images,
        "labels": labels,
        "step": 5,
        "test_images": images[:4],
        "test_labels": labels[:4],
    }


@pytest.mark.slow
@pytest.mark.parametrize("page", PYTHON_PAGES)
def test_python_blocks_run(page, reader):
    names = dict(reader)
    for block in blocks("python"):
        if block.page == page and block.why is None:
            code = compile(block.code, block.name, "exec")
            exec(code, names)  # As a reader would, one after another.


def test_python_blocks_that_are_not_run_can_be_read():
    for block in blocks("python"):
        compile(block.code, block.name, "exec")


def test_blocks_are_of_known_languages():
    known = {"python", "sh", "", "text", "{toctree}", "{eval-rst}"}
    others = {block.name for block in blocks() if block.language not in known}
    assert others == set()


@pytest.mark.parametrize("block", blocks("sh"), ids=lambda block: block.name)
def test_shell_blocks_can_be_parsed(block, capsys):
    for words in commands(block.code):
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
            words = words[1:]
        if block.why is None and words:
            _check(words)
    assert capsys.readouterr().err == ""


def test_mistyped_flags_are_found(capsys):
    _check(["python", "-m", "trainers.mnist", "--glimpses=4"])
    for wrong in (
        "python -m trainers.mnist --glimpse=4",
        "ram predict --glimpses=4",
        "ram nobody",
        "python -m trainers.mnist --flagfile=nothing.flags",
        "python -m trainers.mnist --glimpses=0",
        "python -m trainers.repeat --seeds=0 mnist --jobs=2",
        "python -m trainers.device --modle=a.tflite digit.png",
        "python -m benchmarks.training --side=3",
        "make everything",
        "pip install '.[everything]'",
        "pip install MinAtar==0",
        "another command",
    ):
        [words] = commands(wrong)
        with pytest.raises((AssertionError, SystemExit)):
            _check(words)


def _check(words):
    """Fails unless a command line can be understood by what it calls."""
    program, *arguments = words
    program = program.removeprefix(".venv/bin/")
    if program in ("python", "python3"):
        _check_python(arguments)
    elif program == "ram":
        _check_ours(*arguments)
    elif program == "make":
        targets = [word for word in arguments if "=" not in word]
        makefile = (ROOT / "Makefile").read_text("utf-8")
        phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1]
        assert set(targets) <= set(phony.split())
    elif program == "pip":
        _check_pip(arguments)
    elif program in (".", "export", "cd"):
        assert len(arguments) == 1
    else:
        assert program in _OTHERS, f"Who is {program}?"


def _check_python(arguments):
    option, *rest = arguments
    if option == "-c":
        compile(rest[0], "-c", "exec")
    elif option == "-":
        compile(rest[-1], "-", "exec")
    else:
        assert option == "-m"
        package, _, name = rest[0].partition(".")
        if package == "trainers":
            _check_ours(*([name] if name else []), *rest[1:])
        elif package == "benchmarks":
            _check_benchmark(name, rest[1:])
        else:
            assert package in ("venv", "pytest", "sphinx")


def _check_ours(name="", *arguments):
    """A command of ours, or a kind of run, by its own parser."""
    if name in _WITHOUT_SETTINGS:
        module = importlib.import_module(f"ram_tf_commands.{name}")
        module._parser(name).parse_args(arguments)
    elif name:
        _parse(name, list(arguments))


def _parse(name, arguments):
    kinds = runs.names()
    assert name in kinds or name in ram.commands(), f"no command {name}"
    if name in ram.commands():
        command = importlib.import_module(f"ram_tf_commands.{name}").COMMAND
    else:
        command = training.command(runs.of_kind(name), name)
    given = []
    parsing = dataclasses.replace(command, main=lambda *all: given.extend(all))
    argv, values = [name, *arguments], flags.FlagValues()
    if {"--help", "--helpshort"} & set(arguments):
        return
    parsing.define(argv, values, name)
    assert parsing.call(argv, values) == 0
    if name == "repeat":
        trainer, *its = given[-1]
        _parse(trainer, its)


def _check_benchmark(name, arguments):
    modules = (name, *_SHARED)
    texts = [(ROOT / f"benchmarks/{m}.py").read_text("utf-8") for m in modules]
    known = {
        flag
        for text in texts
        for flag in re.findall(r"DEFINE_\w+\(\s*\"(\w+)\"", text)
    }
    given = {word[2:].partition("=")[0] for word in arguments}
    assert given <= known


def _check_pip(arguments):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    pins = (ROOT / "requirements-dev.txt").read_text("utf-8")
    install, *wanted = arguments
    assert install == "install"
    if wanted[0] == "-r":
        assert (ROOT / wanted[1]).is_file()
        return
    for one in wanted:
        name, _, extra = one.strip("]").partition("[")
        if name == ".":
            assert not extra or extra in extras
        else:
            assert re.search(rf"^{re.escape(one)}\b", pins, re.MULTILINE)


def _known_flags():
    kinds = [runs.of_kind(name) for name in runs.names()]
    for name in ram.commands():
        module = importlib.import_module(f"ram_tf_commands.{name}")
        if name in _WITHOUT_SETTINGS:
            yield from re.findall(r"--(\w+)", module._parser("").format_help())
        else:
            kinds += module.COMMAND.kinds([name])
    yield from (leaf.name for kind in kinds for leaf in kind.leaves())
    for path in (ROOT / "benchmarks").glob("*.py"):
        text = path.read_text()
        yield from re.findall(r"DEFINE_\w+\(\s*\"(\w+)\"", text)
        yield from re.findall(r"^    (\w+): .* = setting\(", text, re.M)
    yield from ("flagfile", "help", "verbosity")  # absl's.


def test_flags_that_texts_name_exist():
    known = set(_known_flags())
    unknown = {
        (page, flag)
        for page, text in PAGES.items()
        for span in re.findall(r"`([^`]+)`", without_blocks(text))
        for flag in re.findall(r"(?<!\S)--(\w+)", span)
        if flag not in known and flag.removeprefix("no") not in known
    }
    assert unknown == set()


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_site_is_built_without_a_warning(tmp_path):
    """A link, a picture or a name in a docstring that is not there is one."""
    from sphinx.cmd.build import main
    from sphinx.util.inventory import InventoryFile

    site = tmp_path / "site"
    options = ["-q", "-n", "-W", "--keep-going"]
    assert main([*options, str(ROOT / "docs"), str(site)]) == 0
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    documented = {name for kind in inventory.data.values() for name in kind}
    public = {f"ram_tf.{name}" for name in ram_tf.__all__}
    assert public - {"ram_tf.__version__"} <= documented
    assert "Translation invariance" in (site / "results.html").read_text()
    page = (site / "commands.html").read_text()
    for name in ram.commands():
        assert f'id="command-{name.replace("_", "-")}"' in page, name
