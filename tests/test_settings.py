"""Settings: their rules, their flags, and what stands in records."""

import dataclasses
import importlib
import json
import pathlib
import pkgutil
from typing import ClassVar

import pytest
from absl import flags

import ram_tf_commands
from ram_tf import parts
from ram_tf.agents import reinforce as agent
from ram_tf.comparators import NETWORKS
from ram_tf.episodes.environments.still_image import REWARDS
from ram_tf.layers.cell import FIRST_FIXATIONS
from ram_tf.layers.glimpse_readers import COMPILED, POOLINGS
from ram_tf.model import CORES
from ram_tf.training.optimizers import OPTIMIZERS, SCHEDULES
from ram_tf_data.canvas import PLACES
from ram_tf_runs.errors import UserError
from ram_tf_runs.records import recipe
from ram_tf_runs.settings import flags as setting_flags
from ram_tf_runs.settings.fields import Settings, group, setting
from ram_tf_runs.settings.kinds.catch import CatchSettings
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from ram_tf_runs.settings.kinds.numbers import NumbersSettings
from ram_tf_runs.settings.run import from_record, names, of_kind


@dataclasses.dataclass(frozen=True)
class Inner(Settings):
    """A group."""

    size: int = setting(3, "How large.", least=1, most=9)
    colour: str = setting("red", "Which.", choices=("red", "blue"))


@dataclasses.dataclass(frozen=True)
class Outer(Settings):
    """A group and more."""

    count: int | None = setting(None, "How many.", least=2)
    inner: Inner = group(Inner)
    share: float = setting(0.5, "How much.", least=0.0)
    ends: tuple[float, ...] = setting((1.0, 2.5), "From where to where.")
    deep: bool = setting(False, "Whether it is.")

    def check(self):
        if self.deep and self.inner.size < 3:
            raise UserError("--deep needs --size of at least 3.")


def test_the_flat_form_and_back():
    settings = Outer(count=4, inner=Inner(5, "blue"))
    flat = settings.flat()
    assert flat == {
        "count": 4,
        "size": 5,
        "colour": "blue",
        "share": 0.5,
        "ends": (1.0, 2.5),
        "deep": False,
    }
    assert Outer.build(json.loads(json.dumps(flat))) == settings
    assert [leaf.name for leaf in Outer.leaves()] == list(flat)


def test_changes_reach_where_the_value_is():
    settings = Outer().replace(colour="blue", share=2.0)
    assert (settings.inner.colour, settings.share) == ("blue", 2.0)
    with pytest.raises(TypeError, match=r"no settings.*'sise'"):
        settings.replace(sise=3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.share = 1.0


PHOTOGRAPHS = {
    "location_policy": "colour_cells",
    "policy_filters": 4,
    "first_fixation": "centre",
    "sensor": "pyramid",
    "scales": 3,
}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": 0}, "--size must be at least 1 and at most 9.*--size=0"),
        ({"size": 10}, "--size=10"),
        ({"colour": "green"}, r"one of \['red', 'blue'\].*--colour=green"),
        ({"count": 1}, "--count must be at least 2.*--count=1"),
        ({"share": float("nan")}, "--share must be at least 0.*--share=nan"),
        ({"share": float("inf")}, "--share=inf"),
        ({"share": float("-inf")}, "--share=-inf"),
        ({"deep": True, "size": 2}, "--deep needs --size"),
    ],
)
def test_rules_hold_whatever_values_come_from(values, message):
    with pytest.raises(UserError, match=message):
        Outer.build(values)
    parsed = flags.FlagValues()
    setting_flags.define(Outer, parsed, "test", {})
    parsed(["test", *(f"--{name}={value}" for name, value in values.items())])
    with pytest.raises(UserError, match=message):
        setting_flags.build(Outer, parsed)


def test_flags_are_made_of_fields():
    values = flags.FlagValues()
    setting_flags.define(Outer, values, "test", {"share": 0.25})
    assert setting_flags.build(Outer, values) == Outer(share=0.25)
    words = values["size"].help
    assert words == "How large. Must be at least 1 and at most 9."
    values(["test", "--count=7", "--deep", "--ends=3,4", "--colour=blue"])
    assert setting_flags.build(Outer, values) == Outer(
        7, Inner(colour="blue"), 0.25, (3.0, 4.0), True
    )


def _own(registry):
    """Names of the library's own parts; tests register others."""
    return tuple(
        name
        for name in registry.names
        if registry[name].__module__.startswith("ram_tf.")
    )


def _rule(name):
    """Of a field of classifiers' settings, or of Catch's."""
    leaves = [*ClassifySettings.leaves(), *CatchSettings.leaves()]
    return next(leaf.rule for leaf in leaves if leaf.name == name)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("place", PLACES),
        ("network", ("ram", *NETWORKS)),
        ("pooling", tuple(POOLINGS)),
        # "slices" reads one image only.
        ("sensor", (*sorted(set(COMPILED) - {"slices"}), "pyramid")),
        ("core", CORES),
        ("first_fixation", FIRST_FIXATIONS),
        ("glimpse_encoder", _own(parts.GLIMPSE_ENCODERS)),
        ("location_policy", _own(parts.LOCATION_POLICIES)),
        ("baseline", agent.BASELINES),
        ("reward", REWARDS),
        ("fixations", agent.FIXATIONS),
        ("optimizer", OPTIMIZERS),
        ("schedule", SCHEDULES),
    ],
)
def test_choices_are_those_of_the_library(name, known):
    """They stand in both, since settings are read without TensorFlow."""
    assert _rule(name) == f"one of {list(known)}"


def test_the_kinds_of_runs():
    assert set(names()) >= {"catch", "classify", "find", "numbers", "play"}
    for kind in names():
        assert of_kind(kind).kind == kind
    with pytest.raises(UserError, match=r"must be one of.*'catch'.*'dance'"):
        of_kind("dance")


def _made(kind):
    needed = ["--env=Some-v0"] if kind == "play" else []
    return recipe.parse(of_kind(kind), needed)


DEFAULTS = pathlib.Path(__file__).parent / "fixtures/defaults.json"


@pytest.mark.parametrize(
    ("kind", "known"), json.loads(DEFAULTS.read_text()).items()
)
def test_defaults_and_rules_are_what_they_were(kind, known):
    """Flagfiles and old records that say nothing mean them.

    Whoever changes one says so in the file of them, and in CHANGELOG.md.
    """
    found = {
        leaf.name: [leaf.default, leaf.rule] for leaf in of_kind(kind).leaves()
    }
    assert json.loads(json.dumps(found)) == known


@pytest.mark.parametrize("kind", ["catch", "classify", "numbers", "play"])
def test_a_record_says_its_kind_and_version(kind):
    settings = _made(kind)
    record = json.loads(json.dumps(settings.record()))
    assert record == settings.record()
    assert (record["kind"], record["version"]) == (kind, 1)
    assert from_record(record) == settings
    words = recipe.command(settings).split()
    assert words[2].startswith("trainers")
    assert recipe.parse(type(settings), words[3:]) == settings


@pytest.mark.parametrize("kind", ["catch", "classify", "numbers", "play"])
def test_records_without_a_kind_are_read(kind):
    """As they were before there were kinds: all flags, and no more."""
    settings = _made(kind)
    old = settings.flat() | {"seed": 5}
    if kind == "classify":
        old |= {"max_digits": 0, "svhn_dir": None}
    if kind == "numbers":
        old |= {"place": "anywhere", "frames": 0, "stop": False}
    if kind == "catch":
        old["angles"] = ["45", "135"]
    found = from_record(json.loads(json.dumps(old)))
    assert found == settings.replace(seed=5)


def test_what_is_missing_has_its_default():
    found = from_record({"canvas": 60})
    assert found == ClassifySettings.build({"canvas": 60})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"canvas": 60, "wings": 2}, r"no settings \['wings'\]"),
        ({"kind": "classify", "version": 2}, "version 1.*version 2"),
        ({"kind": "classify"}, "version None"),
        ({"kind": "dance", "version": 1}, "'dance'"),
        ({"canvas": 0}, "--canvas must be at least 1"),
    ],
)
def test_records_that_cannot_be_read(values, message):
    with pytest.raises(UserError, match=message):
        from_record(values)


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (ClassifySettings, {"rollouts": 1}, "needs --rollouts of at least 2"),
        (ClassifySettings, {"train_dir": "x"}, "need --source=folder"),
        (ClassifySettings, PHOTOGRAPHS | {"sensor": "gather"}, "--sensor=pyr"),
        (ClassifySettings, PHOTOGRAPHS | {"glimpse_size": 7}, "even.*=7"),
        (ClassifySettings, PHOTOGRAPHS | {"scales": 2}, "at least 3.*=2"),
        (ClassifySettings, {"encoder_size": 9}, "--encoder_size.* 8,.*=9"),
        (ClassifySettings, {"encoder_size": 5}, "an even number less.*=5"),
        (NumbersSettings, {"glimpses": 7}, "multiple of.*of 6.*--glimpses=7"),
        (CatchSettings, {"angles": [90, 45]}, "low and high.*--angles=90,45"),
        (CatchSettings, {"angles": [90]}, "two numbers"),
    ],
)
def test_values_that_do_not_go_together(kind, values, message):
    with pytest.raises(UserError, match=message):
        kind.build(values)


def test_a_command_that_repeats_a_run_can_be_pasted():
    changes = {"source": "folder", "train_dir": "my pictures/a&b"}
    line = recipe.command(ClassifySettings.build(changes))
    assert "'--train_dir=my pictures/a&b'" in line
    # seek.flags is near, but no flag can take back what it sets.
    near = recipe.parse(ClassifySettings, ["--flagfile=seek.flags"])
    near = near.replace(encoder_scales=None, scales=3)
    line = recipe.command(near)
    assert "None" not in line
    assert recipe.parse(ClassifySettings, line.split()[3:]) == near


class _Unlisted(ClassifySettings):
    """A kind that is defined is known from then on."""

    kind: ClassVar[str] = "unlisted_in_tests"


def test_a_kind_is_known_once_it_is_defined():
    assert of_kind("unlisted_in_tests") is _Unlisted


def _every_setting():
    """Of every kind of run and every command."""
    kinds = [of_kind(name) for name in names()]
    for info in pkgutil.iter_modules(ram_tf_commands.__path__):
        if info.name in ("__main__", "device", "serving_client"):
            continue  # They read their arguments by themselves.
        module = importlib.import_module(f"ram_tf_commands.{info.name}")
        kinds += module.COMMAND.kinds(["command"])
    fields = {}
    for kind in kinds:
        _collect(kind, fields)
    return fields


def _collect(kind, fields):
    for field in dataclasses.fields(kind):
        if field.metadata:
            fields[field.name] = field
        else:
            _collect(field.default_factory, fields)


def test_every_path_is_one():
    """What else is text is a name or a word, and is listed here."""
    found = _every_setting()
    paths = {name for name, field in found.items() if field.metadata["path"]}
    text = {
        name
        for name, field in found.items()
        if str(field.type).startswith(("str", "tuple[str"))
        and not field.metadata["choices"]
    }
    assert (
        text - paths
        == {
            *("canvases", "env", "format", "kind", "mixed", "name"),
            *("seeds", "sensor"),
        }
        & text
    )
    assert {
        *("workdir", "workdirs", "data_dir", "out", "picture", "film"),
        *("pretrained", "train_dir", "test_dir", "svhn_dir", "study"),
        *("dir", "large", "records", "document", "saved_model"),
        *("backgrounds", "finder"),
    } == paths


@dataclasses.dataclass(frozen=True)
class Places(Settings):
    """Paths."""

    one: str | None = setting(None, "A place.", path=True)
    some: tuple[str, ...] = setting((), "Places.", path=True)
    word: str = setting("", "No place.")


def test_the_home_stands_for_its_sign(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    values = {"one": "~/run", "some": ["~", "a/~", "b"], "word": "~"}
    expected = Places("/home/me/run", ("/home/me", "a/~", "b"), "~")
    assert Places.build(values) == expected
    assert Places("~/run", ("~", "a/~", "b"), "~").flat() == expected.flat()
    flag_values = flags.FlagValues()
    setting_flags.define(Places, flag_values, "test", {})
    flag_values(["test", "--one=~/run", "--some=~,a/~,b", "--word=~"])
    assert setting_flags.build(Places, flag_values) == expected
    assert Places().one is None


def test_a_flagfile_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.flags").write_text("--canvas=31\n")
    arguments = ["--flagfile=~/mine.flags"]
    assert recipe.parse(ClassifySettings, arguments).scene.canvas == 31


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"canvas": "28"}, r"--canvas must be a whole number\. Received: '28'"),
        ({"canvas": None}, r"--canvas must be a whole number\. Received: None"),
        ({"canvas": True}, r"--canvas must be a whole number\. Received: True"),
        ({"canvas": 2.5}, r"--canvas must be a whole number. Received: 2\.5"),
        ({"grow": [1]}, r"--grow must be a number. Received: \[1\]"),
        ({"mixed": 7}, r"--mixed must be a list, each text\. Received: 7"),
        ({"source": {}}, r"--source must be text. Received: \{\}"),
        ({"kind": []}, "kind of a run must be one of"),
    ],
)
def test_records_with_values_of_other_types(change, words):
    record = ClassifySettings().record()
    with pytest.raises(UserError, match=words):
        from_record(record | change)


@pytest.mark.parametrize("record", [None, 7, [], "text", [1, 2]])
def test_records_that_are_no_objects(record):
    with pytest.raises(UserError, match=r"must be an object\. Received"):
        from_record(record)
