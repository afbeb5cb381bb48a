"""The command that is said to repeat a run, pasted into a shell, does so."""

import dataclasses
import importlib
import subprocess
from typing import ClassVar

import pytest
from absl import flags

from ram_tf_runs import command, plugins
from ram_tf_runs.cards import card_text
from ram_tf_runs.command import FLAGFILES
from ram_tf_runs.records import recipe
from ram_tf_runs.settings import flags as setting_flags
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.kinds.catch import CatchSettings
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from ram_tf_runs.settings.kinds.numbers import NumbersSettings
from ram_tf_runs.settings.kinds.play import PlaySettings

HOSTILE = (
    "two  words",
    "a'b\"c",
    "$HOME/`id`/$(id)",
    "~/x",
    "-1",
    "--flagfile=x",
    "",
    "None",
    "a,b;c&d|e>f#g*?[h]!{i,j}",
    "back\\slash\\",
    "pictures/v1.0",
    "line\nbreak\ttab ",
    "schöne Bilder/数",
    "x" * 200 + " " + "y" * 200,
    "%s%%=a=b",
)


def _pasted(line):
    """What a shell makes of a line: the words after `python`."""
    function = 'python() { printf "%s\\0" "$@"; }\n'
    done = subprocess.run(
        ["sh", "-c", function + line], capture_output=True, check=True
    )
    return done.stdout.decode().split("\0")[:-1]


def _again(line):
    """The settings that the command of a line would train with."""
    words = _pasted(line)
    assert words[0] == "-m"
    _, _, name = words[1].partition("trainers.")
    trainer = importlib.import_module(f"ram_tf_commands.{name}").COMMAND
    given = []
    parsing = dataclasses.replace(trainer, main=lambda *p: given.extend(p))
    values = flags.FlagValues()
    parsing.define(words[1:], values, name)
    assert parsing.call(words[1:], values) == 0
    return given[0]


def _of_every_kind(text):
    """Settings of each kind of run and source, with a text where one may be."""
    yield ClassifySettings.build({"pretrained": text})
    yield ClassifySettings.build({"source": "digits", "mixed": ["9x0", "8x1"]})
    yield ClassifySettings.build({"source": "svhn_cropped", "pretrained": text})
    yield ClassifySettings.build({"source": "svhn_small"})
    folder = {"source": "folder", "train_dir": text, "test_dir": f"{text}/b"}
    yield ClassifySettings.build(folder)
    yield NumbersSettings.build({"svhn_dir": text, "pretrained": text})
    yield CatchSettings.build({"pretrained": text, "angles": [-45, 0.1 + 0.2]})
    yield PlaySettings.build({"env": text or "x"})


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_pasted_makes_the_same_settings(text):
    for settings in _of_every_kind(text):
        assert _again(recipe.command(settings)) == settings
        # The lines of a card are joined by the shell.
        assert _again(card_text.command(settings)) == settings


@pytest.mark.parametrize("path", sorted(FLAGFILES.glob("*.flags")), ids=str)
def test_near_a_flagfile(path):
    """With and without what it sets; no flag can take back None."""
    for kind in (ClassifySettings, NumbersSettings, CatchSettings):
        try:
            near = recipe.parse(kind, [f"--flagfile={path}"])
        except (flags.UnrecognizedFlagError, ValueError):
            continue
        assert _again(recipe.command(near)) == near
        for leaf in kind.leaves():
            if leaf.default is None and near.flat()[leaf.name] is not None:
                changed = _without(near, leaf.name)
                assert _again(recipe.command(changed)) == changed


def test_what_a_flagfile_names_cannot_be_taken_back(tmp_path, monkeypatch):
    """No flag says None, and none of our flagfiles names such a thing."""
    text = (FLAGFILES / "cluttered.flags").read_text()
    path = tmp_path / "mine.flags"
    path.write_text(f"{text}\n--pretrained=mnist\n")
    for module in (recipe, command):
        monkeypatch.setattr(module, "FLAGFILES", tmp_path)
    near = recipe.parse(ClassifySettings, [f"--flagfile={path}"])
    assert recipe.command(near).endswith("--flagfile=mine.flags")
    assert _again(recipe.command(near)) == near
    without = near.replace(pretrained=None)
    assert _again(recipe.command(without)) == without


def _without(settings, name):
    """With None for a setting; as it is where that breaks a rule."""
    try:
        return settings.replace(**{name: None})
    except ValueError:
        return settings


def test_numbers_keep_their_digits():
    changes = {"learning_rate": 1 / 3000, "location_unit": 1e-09, "epochs": 1e5}
    changes |= {"policy_weight": 1e-300, "clip_norm": 0.0, "stop": True}
    changes |= {"reinforce_into_core": False, "seed": 2**31 - 1}
    settings = ClassifySettings.build(changes)
    line = recipe.command(settings)
    assert _again(line) == settings
    for word in ("--noreinforce_into_core", "--stop", "--clip_norm=0 "):
        assert word in f"{line} "


@dataclasses.dataclass(frozen=True)
class _Lists(Settings):
    """As a plugin may have them."""

    texts: tuple[str, ...] = setting(("a",), "Texts.")
    numbers: tuple[float, ...] = setting((1.0,), "Numbers.")


@pytest.mark.parametrize(
    "texts", [(), ("",), ("a,b", 'c"d'), ("e'f", "$g"), ("-1", "None")]
)
def test_lists_of_any_text(texts):
    settings = _Lists(texts, (-1.0, 1e-300, 0.1 + 0.2))
    values = flags.FlagValues()
    setting_flags.define(_Lists, values, "test", {})
    values(["test", *setting_flags.arguments(settings)])
    assert setting_flags.build(_Lists, values) == settings


class _Foreign(ClassifySettings):
    """A kind that a plugin brings."""

    kind: ClassVar[str] = "foreign_in_tests"

    @property
    def program(self):
        return "trainers foreign_in_tests"


def test_what_needs_plugins_names_them(monkeypatch):
    own = ClassifySettings()
    assert recipe.words(own)[0] == "python"
    monkeypatch.setenv(plugins.VARIABLE, "json, string")
    assert recipe.words(own)[0] == "python"
    line = recipe.command(_Foreign())
    assert line.startswith(f"{plugins.VARIABLE}=json,string python -m ")
    assert _pasted(line)[:3] == ["-m", "trainers", "foreign_in_tests"]
