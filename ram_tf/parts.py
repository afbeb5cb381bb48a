"""Parts of a model that are chosen by name: its own, and those of plugins.

A part registers its class where it is defined,

    @LOCATION_POLICIES.register("gaussian")
    class LocationPolicy(FixationPolicy): ...

and a model then takes `location_policy="gaussian"`. A plugin's module need only
be imported.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from ram_tf.errors import UserError

Class = TypeVar("Class", bound=type)


class Parts:
    """Classes by name.

    Args:
        kind: What they are, for messages: the name of the argument.
    """

    def __init__(self, kind: str):
        self._kind = kind
        self._classes: dict[str, Any] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The known names, sorted."""
        return tuple(sorted(self._classes))

    def register(self, name: str) -> Callable[[Class], Class]:
        """A decorator that names a class.

        Raises:
            UserError: If another class has the name.
        """

        def take(part: Class) -> Class:
            known = self._classes.setdefault(name, part)
            if _full_name(known) != _full_name(part):
                raise UserError(
                    f"A `{self._kind}` must have a name of its own. Received: "
                    f"{name!r} for {_full_name(part)}, which is "
                    f"{_full_name(known)}"
                )
            self._classes[name] = part
            return part

        return take

    def __getitem__(self, name: str) -> Any:
        """The class of a name.

        Raises:
            UserError: On an unknown name.
        """
        if not isinstance(name, str) or name not in self._classes:
            raise UserError(
                f"`{self._kind}` must be one of {list(self.names)}, or a name "
                "that a plugin registers; import its module first. "
                f"Received: {self._kind}={name!r}"
            )
        return self._classes[name]


def _full_name(part: type) -> str:
    return f"{part.__module__}.{part.__qualname__}"


GLIMPSE_ENCODERS = Parts("glimpse_encoder")
LOCATION_POLICIES = Parts("location_policy")
