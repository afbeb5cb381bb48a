"""The files of a preset: written whole, and checked before they are used.

    config.json       the model's class, arguments and shape of images
    model.weights.h5  its weights
    metadata.json     versions, the number of weights, the date, and digests
    README.md         the card

The names, and what the first three hold, are KerasHub's and those of
`keras.saving.save_model(model, folder, zipped=False)`, so that
`keras.saving.load_model(folder)` reads a preset, too. Beside KerasHub's there
are the shape in config.json ("build_config", which Keras needs) and the
digests; as there, how a model was compiled and its optimizer are not kept.

Nothing in a folder is run: config.json holds numbers and names alone, of a
class that is known, and is refused if it holds anything else.
"""

import datetime
import hashlib
import json
import pathlib
from collections.abc import Mapping
from typing import Any

import keras

from ram_tf import files
from ram_tf.errors import DamagedError, UserError

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
METADATA, CARD = "metadata.json", "README.md"
_MOST_TEXT = 1_000_000  # Bytes of a file of JSON; ours have some 2000.
_PLAIN = (bool, int, float, str, type(None))


def write(
    folder: pathlib.Path,
    model: keras.Model,
    others: Mapping[str, bytes],
    overwrite: bool,
) -> None:
    """Writes a built model, without its optimizer.

    Args:
        folder: Made if need be.
        model: Of a class that `read` is asked for.
        others: Content of further files by name, the card among them.
        overwrite: Whether files of a folder that holds something are replaced.

    Raises:
        UserError: If it holds something, and they are not to be.
        FileError: If it cannot be written; then it is as it was.
    """
    config = keras.saving.serialize_keras_object(model)
    config.pop("compile_config", None)
    with files.whole_folder(folder, overwrite) as draft:
        content = json.dumps(config, indent=2).encode()
        (draft / CONFIG).write_bytes(content)
        _bare(model).save_weights(draft / WEIGHTS)
        metadata = {
            "keras_version": keras.version(),
            "parameter_count": model.count_params(),
            "date_saved": f"{datetime.datetime.now():%Y-%m-%d@%H:%M:%S}",
            "sha256": {n: _digest(draft / n) for n in (CONFIG, WEIGHTS)},
        }
        content = json.dumps(metadata, indent=2).encode()
        (draft / METADATA).write_bytes(content)
        for name, content in others.items():
            (draft / name).write_bytes(content)


def _bare(model: keras.Model) -> keras.Model:
    """A copy without an optimizer, whose state Keras would save."""
    copy = type(model).from_config(model.get_config())
    copy.build_from_config(model.get_build_config())
    copy.set_weights(model.get_weights())
    return copy


def read(folder: pathlib.Path) -> dict[str, Any]:
    """What config.json holds, once all files are known to be whole.

    Raises:
        DamagedError: On a file that is missing, or is not what was written;
            its first words are the file's path.
    """
    metadata = _json(folder / METADATA)
    digests = metadata.get("sha256")
    if not isinstance(digests, dict) or not {CONFIG, WEIGHTS} <= {*digests}:
        raise DamagedError(
            f"{folder / METADATA} does not list the digests of {CONFIG} and "
            f"{WEIGHTS}: save_to_preset did not write it"
        )
    for name in (CONFIG, WEIGHTS):
        if _digest(_regular(folder / name)) != digests[name]:
            raise DamagedError(
                f"{folder / name} is not the file that {METADATA} lists: it "
                "was damaged or changed after it was saved"
            )
    return _json(folder / CONFIG)


def texts(folder: pathlib.Path) -> dict[str, bytes]:
    """The card, and records that it may refer to, by name."""
    found = [folder / CARD, *sorted(folder.glob("*.json"))]
    return {
        path.name: path.read_bytes()
        for path in found
        if path.name not in (CONFIG, METADATA)
        and path.is_file()
        and path.stat().st_size <= _MOST_TEXT
    }


def arguments(
    path: pathlib.Path, config: Mapping[str, Any], name: str, known: set[str]
) -> tuple[dict[str, Any], list[int | None]]:
    """The model's arguments, and the shape of images that it was built for.

    Args:
        path: Of config.json.
        config: Its content.
        name: The class, as Keras registers it.
        known: Names of its arguments.

    Raises:
        DamagedError: On another class, or anything but plain values.
    """
    if config.get("registered_name") != name:
        raise DamagedError(
            f"{path} must hold a model of the class {name}. Received: "
            f"{str(config.get('registered_name'))[:80]}"
        )
    values, build = config.get("config"), config.get("build_config")
    if not isinstance(values, dict) or not isinstance(build, dict):
        raise DamagedError(f"{path} lacks `config` or `build_config`")
    values = dict(values)
    dtype = values.pop("dtype", None)
    if dtype is not None:
        values["dtype"] = _policy(path, dtype)
    for key, value in values.items():
        if key not in known or not isinstance(value, _PLAIN):
            raise DamagedError(
                f"{path} must hold plain values of the model's arguments. "
                f"Received: {key[:40]}={str(value)[:80]}"
            )
    shape = build.get("input_shape")
    if not isinstance(shape, list) or not _is_shape(shape):
        raise DamagedError(
            f"{path} must hold the shape of images. Received: {str(shape)[:80]}"
        )
    return values, shape


def _policy(path: pathlib.Path, dtype: Any) -> str:
    """The name of a dtype policy, which Keras writes as an object."""
    if isinstance(dtype, dict) and dtype.get("class_name") == "DTypePolicy":
        inner = dtype.get("config")
        dtype = inner.get("name") if isinstance(inner, dict) else None
    if not isinstance(dtype, str):
        raise DamagedError(f"{path} must name a dtype policy as `dtype`")
    return dtype


def _is_shape(shape: list) -> bool:
    *sides, channels = shape or [None]
    sizes = [channels, *(side for side in sides if side is not None)]
    whole = all(type(size) is int and 0 < size < 2**20 for size in sizes)
    return whole and len(shape) in (4, 5)


def _json(path: pathlib.Path) -> dict[str, Any]:
    content = _regular(path)
    if content.stat().st_size > _MOST_TEXT:
        raise DamagedError(f"{path} is larger than {_MOST_TEXT} bytes")
    try:
        values = json.loads(content.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{path} is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise DamagedError(f"{path} must hold an object of JSON")
    return values


def _regular(path: pathlib.Path) -> pathlib.Path:
    """The path, if a file is there that ends; a pipe would be waited for."""
    if not path.is_file():
        told = "is no regular file" if path.exists() else "is missing"
        raise DamagedError(f"{path} {told}")
    return path


def _digest(path: pathlib.Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"{path} cannot be read: {reason}") from error
