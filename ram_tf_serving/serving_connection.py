"""A connection to TensorFlow Serving, by its gRPC PredictionService."""

import json
import math

import grpc
import numpy as np

from ram_tf_serving.serving_stubs import (
    predict_pb2,
    service_pb2_grpc,
    tensor_pb2,
    types_pb2,
)

# Where a TensorProto keeps numbers that it does not hold as bytes.
_FIELDS = {
    np.dtype(np.uint8): (types_pb2.DT_UINT8, "int_val"),
    np.dtype(np.int32): (types_pb2.DT_INT32, "int_val"),
    np.dtype(np.int64): (types_pb2.DT_INT64, "int64_val"),
    np.dtype(np.float32): (types_pb2.DT_FLOAT, "float_val"),
}
_DTYPES = {number: dtype for dtype, (number, _) in _FIELDS.items()}
_RETRIES = {
    "maxAttempts": 5,
    "initialBackoff": "0.2s",
    "maxBackoff": "3s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
_SERVICE = {"service": "tensorflow.serving.PredictionService"}
_HINTS = {
    grpc.StatusCode.UNAVAILABLE: "{target} is not there, or not ready",
    grpc.StatusCode.DEADLINE_EXCEEDED: "no answer within {deadline:g} s",
    grpc.StatusCode.RESOURCE_EXHAUSTED: (
        "send fewer or smaller images, or raise the server's limit"
    ),
}


class Connection:
    """Calls models on a server; it may be used as a context.

    gRPC itself retries while the server is UNAVAILABLE, waiting longer each
    time, until the deadline.

    Args:
        target: "host:port".
        deadline: Seconds that an answer may take, retries included.
    """

    def __init__(self, target: str, deadline: float = 10.0):
        self._target = target
        self._deadline = deadline
        config = {
            "methodConfig": [{"name": [_SERVICE], "retryPolicy": _RETRIES}]
        }
        self._channel = grpc.insecure_channel(
            target, [("grpc.service_config", json.dumps(config))]
        )
        self._stub = service_pb2_grpc.PredictionServiceStub(self._channel)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._channel.close()

    def predict(
        self, model: str, signature: str, inputs: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """The outputs, by name, of a model's signature.

        Raises:
            ConnectionError: Whatever went wrong, with gRPC's name for it.
        """
        request = predict_pb2.PredictRequest()
        request.model_spec.name = model
        request.model_spec.signature_name = signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(to_tensor(value))
        try:
            response = self._stub.Predict(request, timeout=self._deadline)
        except grpc.RpcError as error:
            raise ConnectionError(self._told(error)) from error
        return {n: _read(n, t) for n, t in response.outputs.items()}

    def _told(self, error: grpc.RpcError) -> str:
        hint = _HINTS.get(error.code(), "").format(
            target=self._target, deadline=self._deadline
        )
        parts = (error.code().name, hint, error.details())
        return ": ".join(part for part in parts if part)


def _read(name: str, tensor: tensor_pb2.TensorProto) -> np.ndarray:
    """An output; ConnectionError on one that cannot be an array."""
    try:
        return to_array(tensor)
    except (LookupError, ValueError, AttributeError) as error:
        raise ConnectionError(
            f"the output `{name}` cannot be read: type {tensor.dtype}, shape "
            f"{[dim.size for dim in tensor.tensor_shape.dim]}"
        ) from error


def to_tensor(array: np.ndarray) -> tensor_pb2.TensorProto:
    """An array as a message."""
    array = np.asarray(array)
    if array.dtype.kind in "OS":  # Files, such as `image_bytes`.
        tensor = tensor_pb2.TensorProto(
            dtype=types_pb2.DT_STRING, string_val=array.ravel().tolist()
        )
        return _with_shape(tensor, array.shape)
    tensor = tensor_pb2.TensorProto(
        dtype=_FIELDS[array.dtype][0], tensor_content=array.tobytes()
    )
    return _with_shape(tensor, array.shape)


def _with_shape(tensor, shape) -> tensor_pb2.TensorProto:
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor


def to_array(tensor: tensor_pb2.TensorProto) -> np.ndarray:
    """A message as an array."""
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    dtype = _DTYPES[tensor.dtype]
    if tensor.tensor_content:
        return np.frombuffer(tensor.tensor_content, dtype).reshape(shape)
    values = list(getattr(tensor, _FIELDS[dtype][1]))
    # The last value stands for all that follow.
    values += values[-1:] * (math.prod(shape) - len(values))
    return np.array(values, dtype).reshape(shape)
