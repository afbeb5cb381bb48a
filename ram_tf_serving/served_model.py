"""A SavedModel that answers requests, as TensorFlow Serving would.

It is for trying out, and for tests: one version of one model.
"""

import pathlib
import re
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from ram_tf_runs.errors import UserError

INVALID_ARGUMENT, NOT_FOUND = tf.errors.INVALID_ARGUMENT, tf.errors.NOT_FOUND
_PB = "saved_model.pb"
DEFAULT = "serving_default"


class Refusal(Exception):
    """A request that is not answered.

    Attributes:
        code: TensorFlow's number of the reason, which is gRPC's, too.
        words: A sentence.
    """

    def __init__(self, code: int, words: str):
        super().__init__(words)
        self.code = code
        self.words = words


class ServedModel:
    """Answers by the signatures of a SavedModel.

    Args:
        name: What the model is called.
        directory: The SavedModel's.
        version: Its number.

    Raises:
        UserError: If there is none that can be read.
    """

    def __init__(self, name: str, directory: pathlib.Path, version: int = 1):
        self.name = name
        self.version = version
        self.definitions = _definitions(directory)
        try:
            self._loaded = tf.saved_model.load(str(directory))
        except (tf.errors.OpError, OSError, ValueError) as error:
            raise UserError(
                "A SavedModel must be one that TensorFlow reads. Received: "
                f"{directory}, of which it says: {error}"
            ) from error

    def check_name(self, name: str, version: int | None = None) -> None:
        """Raises Refusal on another model, or another version of it."""
        if name != self.name or version not in (None, 0, self.version):
            wanted = f"{name}, {version}" if version else f"Latest({name})"
            raise Refusal(
                NOT_FOUND,
                f"Servable not found for request: {wanted}. "
                f"This server has {self.name}, version {self.version}.",
            )

    def inputs_of(self, signature: str) -> dict[str, tf.TensorSpec]:
        """What a signature takes, by name.

        Raises:
            Refusal: If there is no such signature.
        """
        return self._signature(signature).structured_input_signature[1]

    def predict(
        self, signature: str, inputs: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """The outputs of a signature, by name; "" is the default one.

        Raises:
            Refusal: On names and types that it does not take, and whatever the
                graph refuses.
        """
        specs = self.inputs_of(signature)
        if set(inputs) != set(specs):
            raise Refusal(
                INVALID_ARGUMENT,
                f"Inputs must be {sorted(specs)}. Received: {sorted(inputs)}",
            )
        tensors = {}
        for name, spec in specs.items():
            tensors[name] = tf.constant(inputs[name])
            if tensors[name].dtype != spec.dtype:
                raise Refusal(
                    INVALID_ARGUMENT,
                    f"{name} must be {spec.dtype.name}. "
                    f"Received: {tensors[name].dtype.name}",
                )
        try:
            outputs = self._signature(signature)(**tensors)
        except tf.errors.OpError as error:
            raise Refusal(error.error_code, _sentence(error.message)) from error
        return {name: value.numpy() for name, value in outputs.items()}

    def _signature(self, name: str):
        signatures = self._loaded.signatures
        if (name or DEFAULT) not in signatures:
            raise Refusal(
                tf.errors.FAILED_PRECONDITION,
                f'Serving signature key "{name}" not found. '
                f"There are: {', '.join(sorted(signatures))}",
            )
        return signatures[name or DEFAULT]


def find(path: str) -> tuple[pathlib.Path, str, int]:
    """The SavedModel in a directory, or its highest version.

    Returns:
        Its directory, the model's name, and the version: both are read off the
        path, NAME/VERSION.

    Raises:
        UserError: If there is none.
    """
    place = pathlib.Path(path).resolve()
    if not (place / _PB).is_file():
        numbered = [p for p in place.glob("*") if p.name.isdecimal()]
        found = [p for p in numbered if (p / _PB).is_file()]
        if not found:
            raise UserError(
                "--saved_model must name a directory that `export` wrote, "
                f"with {_PB} in it or in a numbered version. Received: {path}"
            )
        place = max(found, key=lambda p: int(p.name))
    if place.name.isdecimal():
        return place, place.parent.name, int(place.name)
    return place, place.name, 1


def _definitions(
    directory: pathlib.Path,
) -> dict[str, meta_graph_pb2.SignatureDef]:
    """What the signatures are said to be, as servers show it."""
    saved = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString((directory / _PB).read_bytes())
        return dict(saved.meta_graphs[0].signature_def)
    except Exception as error:  # protobuf's own kind is not a public name.
        raise UserError(f"{directory / _PB} cannot be read: {error}") from error


def _sentence(message: str) -> str:
    """TensorFlow's message without what it says of nodes."""
    message = re.sub(
        r"^.*\(most recent call last\):\n(<stack traces unavailable>\n)?",
        "",
        message,
        flags=re.DOTALL,
    )
    message = re.sub(r"\s*\[\[\{\{.*?\}\}\]\]", "", message)
    message = re.sub(r"\s*\[Op:\w*\]", "", message)
    message = re.sub(r"\{\{\w+ [^}]*\}\}", "", message)
    message = " ".join(message.replace("assertion failed: ", "").split())
    alone = message.count("[") == 1 and message[0] + message[-1] == "[]"
    return message[1:-1] if alone else message
