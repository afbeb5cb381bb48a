"""Released models: trained weights, each with its record and its card.

NAME.keras is the model, NAME.json the record of the run that trained it, and
NAME.md the card that says what it is for; `trainers.release` writes all three.
"""

import json
import pathlib
from typing import Any

import keras

from ram_tf.errors import UserError

DIRECTORY = pathlib.Path(__file__).parent
NAMES = tuple(sorted(path.stem for path in DIRECTORY.glob("*.keras")))


def classifiers() -> tuple[str, ...]:
    """Those of `NAMES` that classify images; others play."""
    return tuple(name for name in NAMES if "test_error" in record(name))


def load_pretrained(name: str) -> keras.Model:
    """A released RecurrentAttentionModel, with its trained weights.

    It is the short form of `RecurrentAttentionModel.from_preset(name)`.

    Args:
        name: One of `NAMES`.

    Raises:
        UserError: On an unknown name.
    """
    # Safe mode runs no code that a file brings along.
    return keras.saving.load_model(path(name, ".keras"), safe_mode=True)


def record(name: str) -> dict[str, Any]:
    """The record of the run that trained a released model.

    Args:
        name: One of `NAMES`.

    Returns:
        Its flags ("config"), errors in %, versions, commit and time.

    Raises:
        UserError: On an unknown name.
    """
    return json.loads(path(name, ".json").read_text(encoding="utf-8"))


def path(name: str, suffix: str) -> pathlib.Path:
    """A file of a released model.

    Args:
        name: One of `NAMES`.
        suffix: ".keras", ".json" or ".md".

    Raises:
        UserError: On an unknown name.
    """
    if name not in NAMES:
        raise UserError(
            f"The name of a released model must be one of {list(NAMES)}. "
            f"Received: {name!r}"
        )
    return DIRECTORY / f"{name}{suffix}"
