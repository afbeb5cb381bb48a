"""A .tflite file for devices and browsers: built-in operators, no variables.

Signatures, for a fixed number of images [N, H, W, C] uint8 of a fixed size, by
default one:

    classify  `image` -> what `signatures.classify` returns
    step      `frame` and the state -> what `signatures.step` returns

A model without classes has only the last. Both read the same weights. Their
cost hardly grows with the image: pixels are cut out before they are cast.
"""

import os
import pathlib
import tempfile
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ram_tf.errors import UserError
from ram_tf.export import flatbuffer, sidecar
from ram_tf.files import write_bytes, write_text
from ram_tf.model import RecurrentAttentionModel
from ram_tf.served import signatures
from ram_tf.validation import check_positive_int

_SENSOR = "slices"  # Fastest there, of one image; see benchmarks/README.md.
_SENSOR_OF_SEVERAL = "gather"


def convert(
    model: RecurrentAttentionModel, side: int, batch: int = 1
) -> dict[str, flatbuffer.Flat]:
    """Converts a model, for images of one size.

    Args:
        model: A built model, with any sensor: all give the same bits.
        side: H and W of the images.
        batch: N, how many images are answered at once.

    Returns:
        "float32", and "int8": the same with the weights as bytes, but for the
        `exact_kernels` of the model's parts: its own location head, encoding of
        the location and stop head. A fixation that is off by a pixel sees
        something else; a weight that is off by 0.4% does not.

    Raises:
        UserError: If `side` or `batch` is no positive integer, the model one
            that does not look, or the file would need more than the
            operators that every LiteRT has.
    """
    check_positive_int("side", side)
    check_positive_int("batch", batch)
    if not isinstance(model, RecurrentAttentionModel):
        raise UserError(
            "Only a model that looks can be converted. "
            f"Received: {type(model).__name__}"
        )
    flats = {}
    sensor = _SENSOR if batch == 1 else _SENSOR_OF_SEVERAL
    model = signatures.with_sensor(model, sensor)
    content = from_functions(_signatures(model, side, batch), model.weights)
    for quantisation in sidecar.QUANTISATIONS:
        flat = flats[quantisation] = flatbuffer.read(content)
        flatbuffer.check_builtin(flat)
        if quantisation == "int8":
            flatbuffer.quantise(flat, keep=_exact_kernels(model))
        flatbuffer.shrink(flat)
    return flats


def save_tflite(
    model: RecurrentAttentionModel,
    side: int,
    directory: str | os.PathLike,
    name: str,
    *,
    batch: int = 1,
    labels: Sequence[str] | None = None,
    standardised: bool = False,
    record: dict[str, Any] | None = None,
) -> list[pathlib.Path]:
    """Writes NAME.tflite and NAME_int8.tflite, each with a .json beside it.

    Args:
        model: A built model.
        side: H and W of the images.
        directory: Where; it is made if it is missing.
        name: NAME.
        batch: N, how many images are answered at once.
        labels: Of the classes; by default their numbers.
        standardised: Whether images must have equal brightness and contrast,
            as those that it was trained on.
        record: Of the run that trained the model, for the measured errors.

    Returns:
        The two models.

    Raises:
        UserError: As `convert`; or on another number of labels than classes.
    """
    labels = sidecar.labels_of(model, labels)
    directory = pathlib.Path(directory)
    paths = []
    for quantisation, flat in convert(model, side, batch).items():
        suffix = "" if quantisation == "float32" else f"_{quantisation}"
        path = directory / f"{name}{suffix}.tflite"
        content = flatbuffer.write(flat)
        about = sidecar.describe(
            content,
            model,
            quantisation,
            labels=labels,
            standardised=standardised,
            record=record,
        )
        write_bytes(path, content)
        write_text(path.with_suffix(".json"), sidecar.text(about))
        paths.append(path)
    return paths


def from_functions(
    functions: dict[str, Any], weights: list[keras.Variable]
) -> bytes:
    """TensorFlow's own conversion, float32, of any network.

    Args:
        functions: Concrete functions by the name of their signature.
        weights: All that the functions read.
    """
    module = tf.Module()
    # Only what a module holds is saved, and a Keras model in it hides its
    # weights from the converter: so these, and not the model.
    module.weights = [weight.value for weight in weights]
    with tempfile.TemporaryDirectory() as directory:
        tf.saved_model.save(module, directory, functions)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            directory, signature_keys=sorted(functions)
        )
        # What is not built in is refused later, by its name.
        converter.allow_custom_ops = True
        return converter.convert()


def _signatures(
    model: RecurrentAttentionModel, side: int, batch: int
) -> dict[str, Any]:
    """The traced functions by name."""
    shape = [batch, side, side, model.cell.channels]
    frame = tf.TensorSpec(shape, tf.uint8, "frame")
    image = tf.TensorSpec(shape, tf.uint8, "image")
    state = {
        name: tf.TensorSpec(value.shape, value.dtype, name)
        for name, value in signatures.initial_state(model, batch).items()
    }

    def step(frame, **state):
        return signatures.step(model, frame, state)

    def classify(image):
        return signatures.classify(model, image)

    traced = {"step": _traced(step, frame=frame, **state)}
    if model.num_classes:
        traced["classify"] = _traced(classify, image=image)
    return traced


def _exact_kernels(model: RecurrentAttentionModel) -> list:
    cell = model.cell
    parts: list[Any] = [cell.location_policy, cell.glimpse_net]
    parts += cell.heads.values()
    return [kernel for part in parts for kernel in part.exact_kernels()]


def _traced(function, **specs):
    compiled = tf.function(function, autograph=False)
    return compiled.get_concrete_function(**specs)
