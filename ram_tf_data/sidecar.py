"""What a device is told by the JSON beside a .tflite file, without TensorFlow.

`ram_tf.export.sidecar` writes it: the size and the SHA-256 of the file, too.
"""

import hashlib
import json
import pathlib
from typing import Any, NamedTuple

import numpy as np

from ram_tf_data import regular
from ram_tf_data.errors import UserError


class About(NamedTuple):
    """What is read of it.

    Attributes:
        labels: Of the classes; None where no file says.
        standardised: Whether images must have equal brightness and contrast.
        start: The state before the first step, by name; None where no file
            says.
        doubt: Why it is not known whether the model is whole, if it is not.
    """

    labels: list[str] | None = None
    standardised: bool = False
    start: dict[str, np.ndarray] | None = None
    doubt: str | None = None


def read(path: pathlib.Path, content: bytes) -> About:
    """Reads the file beside a model, and holds the model against it.

    Args:
        path: The model's file.
        content: What that holds.

    Raises:
        UserError: If it is no such JSON, or is of another file than that.
    """
    file = path.with_suffix(".json")
    regular.check(file)
    if not file.exists():
        return About(doubt=f"there is no {file} to say if {path} is whole")
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        about = _about(values)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise _wrong(file, repr(error)) from error
    except (AttributeError, RecursionError) as error:
        raise _wrong(file, type(error).__name__) from error
    doubt = _doubt(file, values, path, content)
    return about._replace(doubt=doubt)


def _about(values: dict[str, Any]) -> About:
    labels, start = values["labels"], values.get("initial_state")
    if not isinstance(labels, list) or not labels:
        raise ValueError(f"labels of {labels!r}")
    if start is not None:
        start = {name: np.float32(value) for name, value in start.items()}
    standardised = values.get("standardise", False)
    if not isinstance(standardised, bool):
        raise ValueError(f"standardise of {standardised!r}")
    return About(list(map(str, labels)), standardised, start)


def _doubt(
    file: pathlib.Path,
    values: dict[str, Any],
    path: pathlib.Path,
    content: bytes,
) -> str | None:
    """Why it is not known whether the model is the one that the file is about.

    Raises:
        UserError: If it is another one.
    """
    facts = {
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    known = {name: values[name] for name in facts if name in values}
    found = {name: facts[name] for name in known}
    if found != known:
        raise UserError(
            f"{path} is not the file that {file} is about, or is damaged: it "
            f"must have {known}. Received: {found}"
        )
    if known.keys() == facts.keys():
        return None
    return f"{file} is too old to say if {path} is whole"


def _wrong(file: pathlib.Path, received: str) -> UserError:
    return UserError(
        f"{file} must be the JSON written beside the model, with labels. "
        f"Received: {received}"
    )
