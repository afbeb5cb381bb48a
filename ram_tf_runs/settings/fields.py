"""Settings: frozen dataclasses whose fields say all that is known of a flag.

A class of settings has fields made by `setting`, and others, made by `group`,
that are settings themselves. The names of all are different, so that they have
one flat form: that of flags and of the JSON in records. Every rule is checked
when a dataclass is made, wherever its values come from. Nothing here imports
TensorFlow.
"""

import dataclasses
import math
import numbers
import os
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Self

from ram_tf_runs.errors import UserError

_TYPES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    type(None): "nothing",
}

Choices = tuple[str, ...] | Callable[[], tuple[str, ...]]


def setting(
    default: Any,
    words: str,
    *,
    least: float | None = None,
    most: float | None = None,
    choices: Choices | None = None,
    path: bool = False,
) -> Any:
    """A field of settings.

    Args:
        default: Its value where none is given.
        words: What --help says of it.
        least, most: Bounds of a number, inclusive.
        choices: What a string may be; a function where plugins add to them.
        path: Whether it names a file or a directory, or several: then ~ is
            the home, which shells do not put there behind the = of a flag.
    """
    metadata = {
        "words": words,
        "least": least,
        "most": most,
        "choices": choices,
        "path": path,
    }
    return dataclasses.field(default=default, metadata=metadata)


def group(kind: "type[Settings]") -> Any:
    """A field that is settings itself."""
    return dataclasses.field(default_factory=kind)


class Leaf(NamedTuple):
    """A field that holds a value, wherever it stands in the settings.

    Attributes:
        name: Of the flag, and in records.
        type: As annotated, such as `int | None`.
        default: Its value where none is given.
        words: What --help says of it.
        rule: What must hold of its value, in words; "" if all is allowed.
    """

    name: str
    type: Any
    default: Any
    words: str
    rule: str


@dataclasses.dataclass(frozen=True)
class Settings:
    """The base of all settings.

    Raises:
        UserError: If a value breaks the rule of its field, or values do not go
            together.
    """

    def __post_init__(self):
        for field, kind in _typed_fields(type(self)):
            if not field.metadata:
                continue
            value = getattr(self, field.name)
            if field.metadata["path"]:
                value = expanded(value)
                object.__setattr__(self, field.name, value)
            _check(field, kind, value)
        self.check()

    def check(self) -> None:
        """Raises UserError unless the values go together."""

    @classmethod
    def leaves(cls) -> Iterator[Leaf]:
        """All fields that hold values, in their order."""
        for field, kind in _typed_fields(cls):
            if _is_settings(kind):
                yield from kind.leaves()
            else:
                words, rule = field.metadata["words"], _rule(field)
                yield Leaf(field.name, kind, field.default, words, rule)

    @classmethod
    def build(cls, values: Mapping[str, Any]) -> Self:
        """Settings of these values by name; what is missing has its default.

        Names that are none of these settings' are passed over.
        """
        own = {}
        for field, kind in _typed_fields(cls):
            if _is_settings(kind):
                own[field.name] = kind.build(values)
            elif field.name in values:
                own[field.name] = _as_type(values[field.name], kind)
        return cls(**own)

    def flat(self) -> dict[str, Any]:
        """All values by name, in the order of `leaves`."""
        values = {}
        for field, kind in _typed_fields(type(self)):
            value = getattr(self, field.name)
            values |= (
                value.flat() if _is_settings(kind) else {field.name: value}
            )
        return values

    def replace(self, **changes: Any) -> Self:
        """The same with other values, by name, wherever they stand."""
        known = self.flat()
        if unknown := changes.keys() - known.keys():
            raise TypeError(f"There are no settings {sorted(unknown)}.")
        return self.build(known | changes)


def _typed_fields(cls: type) -> list[tuple[dataclasses.Field, Any]]:
    hints = typing.get_type_hints(cls)
    return [(field, hints[field.name]) for field in dataclasses.fields(cls)]


def _is_settings(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Settings)


def _as_type(value: Any, kind: Any) -> Any:
    """JSON has lists for tuples, and old records strings for numbers."""
    if typing.get_origin(kind) is tuple and isinstance(value, list | tuple):
        element = typing.get_args(kind)[0]
        try:
            return tuple(map(element, value))
        except (TypeError, ValueError):  # The rule of its field will tell.
            return value
    return value


def expanded(path: Any) -> Any:
    """A path, or several, or none, with the home in place of ~."""
    if isinstance(path, tuple):
        return tuple(map(expanded, path))
    if isinstance(path, str | os.PathLike):
        return os.path.expanduser(os.fspath(path))
    return path


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value, which may be from a file, is of the type of its field.

    A whole number is a number, too; yes and no are none.
    """
    if isinstance(kind, types.UnionType):
        return any(_fits(value, part) for part in typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        element = typing.get_args(kind)[0]
        return isinstance(value, tuple) and all(
            _fits(part, element) for part in value
        )
    if isinstance(value, bool):
        return kind is bool
    if kind is float:
        return isinstance(value, numbers.Real)
    return isinstance(value, numbers.Integral if kind is int else kind)


def _words(kind: Any) -> str:
    """What a value must be to be of a type."""
    if isinstance(kind, types.UnionType):
        return " or ".join(map(_words, typing.get_args(kind)))
    if typing.get_origin(kind) is tuple:
        return f"a list, each {_words(typing.get_args(kind)[0])}"
    return _TYPES.get(kind, str(kind))


def choices_of(field: dataclasses.Field) -> tuple[str, ...] | None:
    """What a string may be, if not all is allowed."""
    choices = field.metadata["choices"]
    return choices() if callable(choices) else choices


def _rule(field: dataclasses.Field) -> str:
    if choices := choices_of(field):
        return f"one of {list(choices)}"
    least, most = field.metadata["least"], field.metadata["most"]
    bounds = []
    if least is not None:
        bounds.append(f"at least {least}")
    if most is not None:
        bounds.append(f"at most {most}")
    return " and ".join(bounds)


def _is_finite(value: Any) -> bool:
    """Whether a number can be a finite float; what is no number passes."""
    try:
        return isinstance(value, str) or math.isfinite(value)
    except OverflowError:  # A whole number of hundreds of digits.
        return False


def _check(field: dataclasses.Field, kind: Any, value: Any) -> None:
    """Raises UserError if a value breaks its field's rule."""
    if value is None and field.default is None:
        return
    if not _fits(value, kind):
        raise UserError(
            f"--{field.name} must be {_words(kind)}. Received: {value!r}"
        )
    rule, metadata = _rule(field), field.metadata
    holds = True
    if choices := choices_of(field):
        holds = value in choices
    elif isinstance(value, tuple):
        holds = all(map(_is_finite, value))
        rule = "finite numbers"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        holds = _is_finite(value) or not _fits(0.5, kind)
        rule = rule or "finite"
        if metadata["least"] is not None:
            holds &= value >= metadata["least"]
        if metadata["most"] is not None:
            holds &= value <= metadata["most"]
    if not holds:
        raise UserError(
            f"--{field.name} must be {rule}. Received: --{field.name}={value}"
        )
