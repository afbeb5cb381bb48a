"""What a run has left, and whether it is what an undisturbed one leaves."""

import io
import json
import pathlib
import re
import zipfile
from typing import Any, NamedTuple

import h5py
import numpy as np

# What differs from run to run: times, and the code that is being changed.
_TIMES = re.compile("second|git_revision")
# Metrics after a resume are means over the steps since then.
_SINCE = re.compile("training_error")
# Their names have a time, or the step of a signal.
_NUMBERED = re.compile(r"events\.out\.tfevents.*|ckpt-\d+\.index")
_WEIGHTS = re.compile(r"(ckpt-\d+)\.data-.*")


class Left(NamedTuple):
    """What a run has left.

    Attributes:
        weights: Of its model, by name; of a search there are none.
        result: Its record, without times.
        steps: Of each metrics.jsonl, by path.
        files: Paths of all files and folders, but for events and checkpoints
            that are whole, of which a run may have others.
        sizes: In bytes, of all files.
    """

    weights: dict[str, np.ndarray]
    result: Any
    steps: dict[str, list[int]]
    files: set[str]
    sizes: list[int]


def read(workdir: pathlib.Path) -> Left:
    """Reads a directory; without TensorFlow, which no fork may follow."""
    paths = [path for path in workdir.rglob("*") if path.is_file()]
    names = {path: str(path.relative_to(workdir)) for path in paths}
    model, result = workdir / "model.keras", workdir / "result.json"
    if not result.exists():
        result = workdir / "study.json"
    return Left(
        _weights(model) if model.exists() else {},
        _timeless(json.loads(result.read_text()), _TIMES),
        {
            name: _steps(path)
            for path, name in names.items()
            if path.name == "metrics.jsonl"
        },
        {
            str(path.relative_to(workdir))
            for path in workdir.rglob("*")
            if not _may_differ(path)
        },
        [path.stat().st_size for path in paths],
    )


def _may_differ(path: pathlib.Path) -> bool:
    """Whether an undisturbed run may have none of this name."""
    if weights := _WEIGHTS.fullmatch(path.name):
        return path.with_name(f"{weights[1]}.index").exists()
    return bool(_NUMBERED.fullmatch(path.name))


def differences(left: Left, whole: Left, told: bool) -> list[str]:
    """In what a run differs from an undisturbed one, in words.

    Args:
        left: By the run.
        whole: By the undisturbed one.
        told: Whether it was told to stop, and may have saved itself between
            two evaluations: what is told of training is then a mean of less.
    """
    found = []
    for path in sorted(left.files ^ whole.files):
        verb = "left" if path in left.files else "lacks"
        found.append(f"{verb} {path}")
    if left.weights.keys() != whole.weights.keys():
        found.append("other weights")
    else:
        found += [
            f"{name} differs"
            for name, array in left.weights.items()
            if array.tobytes() != whole.weights[name].tobytes()
        ]
    results = (left.result, whole.result)
    if told:
        results = tuple(_timeless(result, _SINCE) for result in results)
    if results[0] != results[1]:
        found.append(f"other results: {_first(*results)}")
    if left.steps != whole.steps:
        found.append(f"steps {left.steps} instead of {whole.steps}")
    return found


def _first(one: Any, other: Any, place: str = "") -> str:
    """Where two records differ first."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            if one.get(name) != other.get(name):
                inner = f"{place}/{name}"
                return _first(one.get(name), other.get(name), inner)
    if isinstance(one, list) and isinstance(other, list):
        for i, pair in enumerate(zip(one, other, strict=False)):
            if pair[0] != pair[1]:
                return _first(*pair, f"{place}/{i}")
    return f"{place}: {one!r} instead of {other!r}"


def _weights(path: pathlib.Path) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(path) as archive:
        content = archive.read("model.weights.h5")
    arrays = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            arrays[name] = item[()]

    with h5py.File(io.BytesIO(content)) as file:
        file.visititems(visit)
    return arrays


def _steps(path: pathlib.Path) -> list[int]:
    return [json.loads(line)["step"] for line in path.read_text().splitlines()]


def _timeless(value: Any, names: re.Pattern) -> Any:
    if isinstance(value, list):
        return [_timeless(part, names) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _timeless(part, names)
        for name, part in value.items()
        if not names.search(name)
    }
