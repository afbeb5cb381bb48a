"""A model's .keras file, before it is loaded: what it would take of memory.

It is a zip of config.json, which says how large the model is, and of its
weights in HDF5. Neither is believed: a damaged or hostile file may ask for any
size, or unpack to it.
"""

import io
import json
import math
import pathlib
import zipfile
import zlib
from typing import Any

import h5py

from ram_tf_data import memory as machine
from ram_tf_runs import memory, weights
from ram_tf_runs.errors import UserError

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_LONGEST = 2**24  # Bytes of config.json.
# Bytes of a weight in the file: half precision at least; at most float32, with
# an optimizer's two numbers beside it, and as much again.
_LEAST, _MOST = 2, 16
_ROOM = 2**26  # Bytes of what HDF5 needs beside them.
_ASKED = 100  # Images that are looked at together, as evaluation does.


def check(path: pathlib.Path) -> None:
    """Raises UserError if a file asks for more than it holds, or than fits.

    What is no sound file of a model is passed over: whoever loads it tells.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {i.filename: i.file_size for i in archive.infolist()}
            if sizes.get(_CONFIG, 0) > _LONGEST:
                raise _refused(path, f"{_CONFIG} of", sizes[_CONFIG], _LONGEST)
            total = sum(sizes.values())
            machine.check(f"{path}, unpacked,", total, machine.size(total))
            described = json.loads(archive.read(_CONFIG))
            needed = _needed(path, described)
            if needed is not None:
                _check_weights(path, archive, sizes[_WEIGHTS], needed)
    except (
        *(OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError),
        *(LookupError, TypeError, ValueError, AttributeError, ArithmeticError),
    ) as error:
        if getattr(error, "for_the_user", False):
            raise


def _needed(path: pathlib.Path, described: dict[str, Any]) -> int | None:
    """How many weights the model has; None if its kind is not known."""
    kind, values = described["class_name"], described["config"]
    shape = described["build_config"]["input_shape"][-3:]
    if kind == "Comparator":
        return weights.of_network(
            values["hidden"],
            values["filters"],
            values.get("pooled", False),
            values["answers"] * values["num_classes"],
            [side or 1 for side in shape],
        )
    if kind != "RecurrentAttentionModel":
        return None
    values = {**values, "channels": shape[-1]}
    machine.check(
        f"{path}, asked about {_ASKED} images,",
        memory.looking(values, _ASKED),
        f"a model of {values['glimpses']} glimpses and "
        f"{values['scales']} scales",
    )
    return weights.of_ram(values)


def _check_weights(
    path: pathlib.Path, archive: zipfile.ZipFile, stored: int, needed: int
) -> None:
    """Holds what is stored, and what it says that it holds, against needs."""
    least, most = _LEAST * needed, _MOST * needed + _ROOM
    if not least <= stored <= most:
        raise _refused(path, "weights of", stored, needed * 4)
    content = io.BytesIO(archive.read(_WEIGHTS))
    sizes = []
    with h5py.File(content) as file:
        file.visititems(lambda _, item: sizes.append(_size(item)))
    if sum(sizes) > most:
        raise _refused(path, "weights of", sum(sizes), needed * 4)


def _size(item: h5py.Group | h5py.Dataset) -> int:
    """Bytes of a dataset, unpacked."""
    if not isinstance(item, h5py.Dataset):
        return 0
    return math.prod(item.shape) * item.dtype.itemsize


def _refused(path, what: str, held: int, expected: int) -> UserError:
    return UserError(
        f"{path} is damaged, or no model of ours: it must hold {what} about "
        f"{machine.size(expected)}. Received: {machine.size(held)}"
    )
