"""absl's flags, made from the fields of settings."""

import csv
import io
import types
import typing
from collections.abc import Mapping
from typing import Any

from absl import flags

from ram_tf_runs.settings.fields import Leaf, Settings


class _NumbersParser(flags.ArgumentParser):
    syntactic_help = "numbers between commas"

    def parse(self, argument: str | tuple[float, ...]) -> tuple[float, ...]:
        if isinstance(argument, tuple):  # The default.
            return argument
        try:
            return tuple(map(float, argument.split(",")))
        except ValueError:
            raise ValueError(f"must be {self.syntactic_help}") from None


class _NumbersSerializer(flags.ArgumentSerializer):
    def serialize(self, value):
        return ",".join(f"{number:g}" for number in value)


def define(
    kind: type[Settings],
    values: flags.FlagValues,
    module: str,
    defaults: Mapping[str, Any],
) -> None:
    """Defines a flag for each leaf of settings.

    Rules are not the flags' business but the settings', which are made of them:
    so they hold on every path. --help says them.

    Args:
        kind: The settings.
        values: Where flags are defined.
        module: Whose flags they are, for --help.
        defaults: In place of those of the fields, by name.
    """
    for leaf in kind.leaves():
        default = defaults.get(leaf.name, leaf.default)
        _define(leaf, default, values, module)


def build(kind: type[Settings], values: flags.FlagValues) -> Settings:
    """The settings that parsed flags make.

    Raises:
        UserError: If they break a rule.
    """
    names = (leaf.name for leaf in kind.leaves())
    return kind.build({name: values[name].value for name in names})


def arguments(
    settings: Settings, defaults: Mapping[str, Any] = types.MappingProxyType({})
) -> list[str]:
    """The flags that make these settings, exactly, without those at default.

    Args:
        settings: What they make.
        defaults: Of the command that reads them, as in `define`.
    """
    values = settings.flat()
    return [
        argument(leaf.name, values[leaf.name])
        for leaf in settings.leaves()
        if values[leaf.name] != defaults.get(leaf.name, leaf.default)
    ]


def argument(name: str, value: Any) -> str:
    """The argument that gives a flag a value, which is not None.

    Numbers keep all of their digits. It is quoted for no shell.
    """
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no{name}"
    if isinstance(value, tuple):
        return f"--{name}={_between_commas(list(map(_text, value)))}"
    return f"--{name}={_text(value)}"


def _between_commas(words: list[str]) -> str:
    """As absl reads a list: words with commas or quotes are quoted."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(words)
    return line.getvalue()


def _text(value: Any) -> str:
    """Without the end of a float that is whole."""
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


def _define(leaf: Leaf, default: Any, values, module: str) -> None:
    words = leaf.words + (f" Must be {leaf.rule}." if leaf.rule else "")
    common = {"flag_values": values, "module_name": module}
    kind = _plain(leaf.type)
    if kind is bool:
        flags.DEFINE_boolean(leaf.name, default, words, **common)
    elif kind is int:
        flags.DEFINE_integer(leaf.name, default, words, **common)
    elif kind is float:
        flags.DEFINE_float(leaf.name, default, words, **common)
    elif kind == tuple[str, ...]:
        flags.DEFINE_list(leaf.name, list(default), words, **common)
    elif typing.get_origin(kind) is tuple:
        flags.DEFINE(
            _NumbersParser(),
            leaf.name,
            default,
            words,
            serializer=_NumbersSerializer(),
            **common,
        )
    else:
        flags.DEFINE_string(leaf.name, default, words, **common)


def _plain(kind: Any) -> Any:
    """The type of values that are there: int of `int | None`."""
    if isinstance(kind, types.UnionType):
        (kind,) = set(typing.get_args(kind)) - {type(None)}
    return kind
