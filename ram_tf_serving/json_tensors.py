"""Requests and answers of TensorFlow Serving's REST API as arrays."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from ram_tf_serving.served_model import INVALID_ARGUMENT, Refusal

_KINDS = {"u": "iu", "i": "iu", "f": "iuf"}  # What may be made of what.


def parsed(body: bytes) -> dict[str, Any]:
    """The object that a request is.

    Raises:
        Refusal: If it is none.
    """
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _refusal(f"The body must be JSON: {error}") from error
    if not isinstance(request, dict):
        raise _refusal("The body must be a JSON object.")
    if ("instances" in request) == ("inputs" in request):
        raise _refusal('The body must have one of "instances" and "inputs".')
    name = request.get("signature_name", "")
    if not isinstance(name, str):
        raise _refusal(f'"signature_name" must be text. Received: {name!r}')
    return request


def inputs(
    request: Mapping[str, Any], dtypes: Mapping[str, np.dtype]
) -> dict[str, np.ndarray]:
    """The arrays of a request, by name.

    Args:
        request: What `parsed` gave.
        dtypes: What the signature takes, by name.

    Raises:
        Refusal: If they cannot be made.
    """
    if "inputs" in request:
        columns = _named(request["inputs"], dtypes)
    else:
        columns = _columns(request["instances"], dtypes)
    return {
        name: _array(name, value, np.dtype(dtypes.get(name, np.float32)))
        for name, value in columns.items()
    }


def answer(
    request: Mapping[str, Any], outputs: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """The body of the answer: by rows where it was asked so."""
    values = {name: _plain(value) for name, value in outputs.items()}
    if "inputs" in request:
        only = len(values) == 1
        return {"outputs": next(iter(values.values())) if only else values}
    if len(values) == 1:
        return {"predictions": next(iter(values.values()))}
    rows = zip(*values.values(), strict=True)
    return {
        "predictions": [dict(zip(values, row, strict=True)) for row in rows]
    }


def _columns(rows, dtypes):
    if not isinstance(rows, list) or not rows:
        raise _refusal('"instances" must be a list with at least one entry.')
    named = [_named(row, dtypes) for row in rows]
    if any(set(one) != set(named[0]) for one in named):
        raise _refusal('All "instances" must have the same inputs.')
    return {name: [one[name] for one in named] for name in named[0]}


def _named(value, dtypes) -> dict[str, Any]:
    """By name; where there is one input only, it needs none."""
    if isinstance(value, dict) and set(value) != {"b64"}:
        return value
    if len(dtypes) != 1:
        raise _refusal(f"Inputs must be named: {sorted(dtypes)}.")
    return {next(iter(dtypes)): value}


def _array(name: str, value, dtype: np.dtype) -> np.ndarray:
    if dtype.kind == "O":
        return np.array(_texts(name, value), object)
    try:
        array = np.array(value)
    except (ValueError, OverflowError) as error:  # Ragged lists, above all.
        raise _refusal(f"`{name}` must be an array of numbers.") from error
    if array.size == 0:
        return array.astype(dtype)
    if array.dtype.kind not in _KINDS.get(dtype.kind, ""):
        raise _refusal(f"`{name}` must be an array of {dtype.name}.")
    if dtype.kind in "ui":
        least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
        if array.min() < least or array.max() > most:
            raise _refusal(f"`{name}` must lie in {least} to {most}.")
    with np.errstate(over="ignore"):  # Infinity is for the model to refuse.
        return array.astype(dtype)


def _texts(name: str, value):
    """Bytes, in lists as deep as they are given."""
    if isinstance(value, list):
        return [_texts(name, one) for one in value]
    if isinstance(value, str):
        return value.encode()
    if not isinstance(value, dict) or set(value) != {"b64"}:
        raise _refusal(f'`{name}` must be text or {{"b64": "..."}}.')
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise _refusal(f"`{name}` must be base64 in b64: {error}") from error


def _plain(value: np.ndarray) -> Any:
    """As JSON has it, which has no NaN."""
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        raise Refusal(13, "The answer has numbers that are not finite.")
    if value.dtype.kind == "O":
        return _coded(value.tolist())
    return value.tolist()


def _coded(value):
    if isinstance(value, list):
        return [_coded(one) for one in value]
    return {"b64": base64.b64encode(value).decode()}


def _refusal(words: str) -> Refusal:
    return Refusal(INVALID_ARGUMENT, words)
