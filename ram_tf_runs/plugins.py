"""Modules from outside that add kinds of runs, encoders and location policies.

RAM_TF_PLUGINS names them, with commas between: `RAM_TF_PLUGINS=shapes`. A
plugin registers what it brings as it is imported; BUILD.md says how.
"""

import importlib
import os

from ram_tf_runs.errors import UserError

VARIABLE = "RAM_TF_PLUGINS"


def load() -> None:
    """Imports the plugins that the environment names, if any.

    Raises:
        UserError: If there is no module of such a name.
    """
    for name in names():
        # They import TensorFlow, which --help does without if there are none.
        importlib.import_module("ram_tf_runs.quiet")
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if not f"{name}.".startswith(f"{error.name}."):
                raise  # Of a module that the plugin imports.
            raise UserError(
                f"{VARIABLE} must name modules that can be imported. "
                f"Received: {name!r}"
            ) from error


def part_names(parts: str, own: tuple[str, ...]) -> tuple[str, ...]:
    """Names of parts of a model: those of `ram_tf`, and those of plugins.

    Args:
        parts: Which, an attribute of `ram_tf.parts`.
        own: Those of `ram_tf`. Without plugins there are no others, and
            TensorFlow need not be imported to know them.
    """
    if not names():
        return own
    load()
    from ram_tf import parts as registries

    return getattr(registries, parts).names


def names() -> list[str]:
    """The modules that the environment names."""
    given = os.environ.get(VARIABLE, "").split(",")
    return [name.strip() for name in given if name.strip()]
