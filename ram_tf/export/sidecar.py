"""What stands beside a .tflite file: all that its user must know, as JSON."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from tensorflow.lite.tools import flatbuffer_utils

from ram_tf.export import flatbuffer
from ram_tf.layers.cell import RAMCell
from ram_tf.model import RecurrentAttentionModel
from ram_tf.served import signatures
from ram_tf.validation import check_shape

QUANTISATIONS = {
    "float32": "none: float32 weights and arithmetic",
    "int8": (
        "weights of linear maps as int8, one scale an output; what they are "
        "multiplied with is quantised at run time, results are float32; the "
        "location head and the encoding of the location are float32"
    ),
}
_LICENCE = "Apache-2.0"
_PREPROCESSING = (
    "Bytes 0 to 255 as they are; strokes are light on black. Images were "
    "trained at this size; put smaller ones in the middle of a black canvas, "
    "scale larger ones down with their aspect kept."
)
_STANDARDISED = (
    " Before an image is put on the canvas, its values, all colours alike, are "
    "moved and scaled to a mean of 128 and a standard deviation of 64 (one "
    "below 4 counts as 4), rounded, and clamped at 0 and 255."
)
_MEANINGS = {
    "image": "the image",
    "frame": "the frame that this step looks at",
    "locations": "(y, x) of each glimpse, in units; (0, 0) is the centre",
    "location": "(y, x), in units: where to look; as an output, where next",
    "core": "what the model remembers",
    "core_memory": "the LSTM's cell state",
}


def describe(
    content: bytes,
    model: RecurrentAttentionModel,
    quantisation: str,
    *,
    labels: list[str],
    standardised: bool = False,
    record: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """All that a user of the file must know.

    Args:
        content: The file.
        model: What it was made of.
        quantisation: One of `QUANTISATIONS`.
        labels: Of the K classes.
        standardised: Whether images must have equal brightness and contrast.
        record: Of the run that trained the model, if there was one.
    """
    flat, cell = flatbuffer.read(content), model.cell
    signatures_by_name = _signatures(flat, _meanings(cell))
    frame = signatures_by_name["step"]["inputs"]["frame"]["shape"]
    batch, side = frame[:2]
    state = signatures.initial_state(model, batch)
    windows = cell.sensor.windows_of((1, side, side, cell.channels))
    return {
        "format": "tflite",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "quantisation": {
            "name": quantisation,
            "meaning": QUANTISATIONS[quantisation],
        },
        "operators": flatbuffer.operators(flat),
        "signatures": signatures_by_name,
        "batch": batch,
        "preprocessing": _PREPROCESSING + _STANDARDISED * standardised,
        "standardise": standardised,
        "labels": labels,
        "glimpses": model.glimpses,
        "glimpse_size": cell.sensor.size,
        "scales": len(windows),
        "windows": windows,
        "sensor": _sensor(cell),
        "pooling": cell.sensor.pooling,
        "location_unit_in_pixels": cell.location_unit or side / 2,
        "initial_state": {k: v.numpy().tolist() for k, v in state.items()},
        "measured": _measured(record),
        "licence": _LICENCE,
    }


def labels_of(
    model: RecurrentAttentionModel, labels: Sequence[str] | None
) -> list[str]:
    """The labels, by default the classes' numbers.

    Raises:
        UserError: On another number of labels than classes.
    """
    classes = model.num_classes or 0
    labels = list(map(str, range(classes)) if labels is None else labels)
    check_shape("labels", labels, [classes])
    return labels


def text(about: dict[str, Any]) -> str:
    """JSON with a line for each entry."""
    lines = (f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in about.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _meanings(cell: RAMCell) -> dict[str, str]:
    """What all inputs and outputs mean, by name."""
    meanings = {**_MEANINGS, **cell.location_policy.meanings}
    for head in cell.heads.values():
        meanings |= head.meanings
    return meanings


def _sensor(cell: RAMCell) -> str:
    """What decides which pixels are cut: all others cut the same."""
    snaps = cell.sensor.implementation.endswith("pyramid")
    return "pyramid" if snaps else "exact"


def _signatures(
    flat: flatbuffer.Flat, meanings: dict[str, str]
) -> dict[str, Any]:
    return {
        signature.signatureKey.decode(): {
            "inputs": _tensors(flat, signature, signature.inputs, meanings),
            "outputs": _tensors(flat, signature, signature.outputs, meanings),
        }
        for signature in flat.signatureDefs
    }


def _tensors(
    flat: flatbuffer.Flat, signature, entries, meanings: dict[str, str]
) -> dict[str, Any]:
    described = {}
    for entry in entries:
        name = entry.name.decode()
        tensor = flat.subgraphs[signature.subgraphIndex].tensors[
            entry.tensorIndex
        ]
        described[name] = {
            "shape": [int(size) for size in tensor.shape],
            "dtype": flatbuffer_utils.type_to_name(tensor.type).lower(),
            "meaning": meanings[name],
        }
    return described


def _measured(record: dict[str, Any] | None) -> dict[str, Any] | None:
    """The errors in a run's record: those of the Keras model, float32."""
    if record is None:
        return None
    measured = ("test_", "catch_rate")
    errors = {k: v for k, v in record.items() if k.startswith(measured)}
    return {
        "of": "the Keras model in float32: errors in % of the test cases, "
        "catch rates as fractions",
        **errors,
        "config": record["config"],
        "git_revision": record["git_revision"],
    }
