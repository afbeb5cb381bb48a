"""A .tflite file as an object: what it holds, checked, made smaller.

The objects are those of TensorFlow Lite's own schema, in Python.
"""

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from ram_tf.errors import UserError

_VARIABLES = {"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"}
_ALIGNMENT = 16  # Of a buffer in the file; the schema asks for it.
_SCALE_AN_OUTPUT = 12  # Version of FULLY_CONNECTED that has them.

Flat: TypeAlias = schema.ModelT


def read(content: bytes) -> Flat:
    """The file as an object, to look at and to change."""
    return flatbuffer_utils.convert_bytearray_to_object(content)


def write(flat: Flat) -> bytes:
    """The file that an object stands for."""
    flat.buffers = [_Aligned(b.data, b.offset, b.size) for b in flat.buffers]
    return flatbuffer_utils.convert_object_to_bytearray(flat)


def operators(flat: Flat) -> list[str]:
    """Names of the operators in use, each once, sorted.

    Those that are not built in stand with the name that they have there:
    "CUSTOM:FlexCos".
    """
    return sorted(
        {operator_name(flat, op) for g in flat.subgraphs for op in g.operators}
    )


def operator_name(flat: Flat, op: schema.OperatorT) -> str:
    """The name of one operator."""
    code = flat.operatorCodes[op.opcodeIndex]
    name = flatbuffer_utils.opcode_to_name(flat, op.opcodeIndex)
    return f"{name}:{code.customCode.decode()}" if code.customCode else name


def check_builtin(flat: Flat) -> None:
    """Raises UserError unless operators are built in, without variables."""
    custom = [name for name in operators(flat) if name.startswith("CUSTOM")]
    if custom:
        raise UserError(
            "The file may hold only operators that every LiteRT has built in. "
            f"Received: {', '.join(custom)}"
        )
    variable = sorted(_VARIABLES & set(operators(flat)))
    if variable or any(t.isVariable for g in flat.subgraphs for t in g.tensors):
        raise UserError(
            "The file may hold constants only, no variables. "
            f"Received: {', '.join(variable) or 'a variable tensor'}"
        )


def shrink(flat: Flat) -> None:
    """Drops what no runtime reads: names but the signatures', empty parts."""
    for graph in flat.subgraphs:
        for tensor in graph.tensors:
            tensor.name = None
            if tensor.quantization and tensor.quantization.scale is None:
                tensor.quantization = None
    for signature in flat.signatureDefs:
        graph = flat.subgraphs[signature.subgraphIndex]
        for entry in [*signature.inputs, *signature.outputs]:
            graph.tensors[entry.tensorIndex].name = entry.name
    _drop_empty_buffers(flat)


def quantise(flat: Flat, keep: list[np.ndarray]) -> None:
    """Stores the weights of linear maps as bytes, one scale an output.

    The runtime quantises what they are multiplied with as it goes, a row at a
    time (TFLite's "dynamic range"); sums and results are float32.

    Args:
        flat: A float32 file; it is changed.
        keep: Kernels [in, out] that stay float32.

    Raises:
        UserError: If one of these is not in the file.
    """
    kept = {kernel.astype("f").T.tobytes() for kernel in keep}
    scales, seen = {}, set()
    for op, weights in _linear_maps(flat):
        if weights.buffer not in scales:
            buffer = flat.buffers[weights.buffer]
            if buffer.data.tobytes() in kept:
                seen.add(buffer.data.tobytes())
                continue
            scales[weights.buffer] = _to_bytes(buffer, weights.shape)
        scale = scales[weights.buffer]
        weights.type = schema.TensorType.INT8
        weights.quantization = schema.QuantizationParametersT(
            scale=scale, zeroPoint=np.zeros(len(scale), np.int64)
        )
        op.builtinOptions.asymmetricQuantizeInputs = True
    if seen != kept:
        raise UserError(
            "A kernel that is to stay float32 is not among the weights of the "
            f"file. Received: shapes {[kernel.shape for kernel in keep]}"
        )
    for code in flat.operatorCodes:
        if code.builtinCode == schema.BuiltinOperator.FULLY_CONNECTED:
            code.version = _SCALE_AN_OUTPUT


def _linear_maps(flat: Flat) -> Iterator[tuple]:
    """Operators that multiply with constant weights, and these, [out, in]."""
    for graph in flat.subgraphs:
        for op in graph.operators:
            if operator_name(flat, op) == "FULLY_CONNECTED":
                weights = graph.tensors[op.inputs[1]]
                if flat.buffers[weights.buffer].data is not None:
                    yield op, weights


def _to_bytes(buffer: schema.BufferT, shape) -> np.ndarray:
    """Quantises weights [out, in] in place; returns the scales [out]."""
    weights = buffer.data.view("f").reshape(shape)
    largest = np.abs(weights).max(axis=1)
    scale = np.where(largest > 0, largest / 127, 1).astype("f")
    quantised = np.rint(weights / scale[:, None]).astype(np.int8)
    buffer.data = quantised.view(np.uint8).ravel()
    return scale


def _drop_empty_buffers(flat: Flat) -> None:
    """All tensors without data share buffer 0; equal data is stored once."""
    buffers, places = [schema.BufferT()], {b"": 0}

    def place(index):
        data = flat.buffers[index].data
        key = b"" if data is None else data.tobytes()
        if key not in places:
            places[key] = len(buffers)
            buffers.append(flat.buffers[index])
        return places[key]

    for graph in flat.subgraphs:
        for tensor in graph.tensors:
            tensor.buffer = place(tensor.buffer)
    for entry in flat.metadata or []:
        entry.buffer = place(entry.buffer)
    flat.buffers = buffers


class _Aligned(schema.BufferT):
    """A buffer that the file aligns, which TensorFlow's writer leaves out."""

    def Pack(self, builder):
        if self.data is not None:
            builder.Prep(_ALIGNMENT, len(self.data))
        return super().Pack(builder)
