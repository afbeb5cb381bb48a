"""Released models: trained weights, each with its record and its card.

NAME.keras is the model, NAME.json the record of the run that trained it, and
NAME.md the card that says what it is for; `trainers.release` writes all three.
The record holds the SHA-256 of the model.
"""

import json
import pathlib
from typing import Any

import keras

from ram_tf import files
from ram_tf.errors import UserError

# What a record calls the SHA-256 of the model that it is about.
DIGEST = "model_sha256"
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
        UserError: On an unknown name, or weights that are not those that the
            record is about.
    """
    model, known = path(name, ".keras"), record(name).get(DIGEST)
    files.check_digest(model, known, path(name, ".json"))
    # Safe mode runs no code that a file brings along.
    return keras.saving.load_model(model, safe_mode=True)


def record(name: str) -> dict[str, Any]:
    """The record of the run that trained a released model.

    Args:
        name: One of `NAMES`.

    Returns:
        Its flags ("config"), errors in %, versions, commit and time, and the
        SHA-256 of the model (`DIGEST`).

    Raises:
        UserError: On an unknown name, or a file that is no such record.
    """
    file = path(name, ".json")
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{file} cannot be read: {error}") from error
    if not isinstance(values, dict) or "config" not in values:
        raise UserError(f"{file} must be an object with `config`.")
    return values


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
