"""TensorFlow Serving's PredictionService of one model, for trying out."""

from concurrent import futures

import grpc
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from ram_tf_runs.errors import UserError
from ram_tf_serving.served_model import INVALID_ARGUMENT, Refusal, ServedModel

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_THREADS = 4


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers Predict and GetModelMetadata.

    Args:
        model: What answers.
    """

    def __init__(self, model: ServedModel):
        self._model = model

    def Predict(self, request, context):
        return _told(context, self._predict, request)

    def GetModelMetadata(self, request, context):
        return _told(context, self._metadata, request)

    def _predict(self, request):
        spec = request.model_spec
        self._check(spec)
        inputs = {
            name: _array(name, value) for name, value in request.inputs.items()
        }
        outputs = self._model.predict(spec.signature_name, inputs)
        response = predict_pb2.PredictResponse(model_spec=spec)
        for name, value in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
        return response

    def _metadata(self, request):
        self._check(request.model_spec)
        if list(request.metadata_field) != ["signature_def"]:
            raise Refusal(
                INVALID_ARGUMENT,
                "`metadata_field` must be signature_def. "
                f"Received: {list(request.metadata_field)}",
            )
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = self._model.name
        response.model_spec.version.value = self._model.version
        response.metadata["signature_def"].Pack(signature_map(self._model))
        return response

    def _check(self, spec):
        self._model.check_name(spec.name, spec.version.value or None)


def signature_map(
    model: ServedModel,
) -> get_model_metadata_pb2.SignatureDefMap:
    """What a model's signatures take and give."""
    found = get_model_metadata_pb2.SignatureDefMap()
    for name, definition in model.definitions.items():
        found.signature_def[name].CopyFrom(definition)
    return found


def make_server(
    model: ServedModel, host: str, port: int, limit: int
) -> tuple[grpc.Server, int]:
    """A server that is not started yet, and its port.

    Args:
        model: What answers.
        host: Where to listen.
        port: Likewise; 0 for any that is free.
        limit: Bytes of a message.

    Raises:
        UserError: If it cannot listen there.
    """
    server = grpc.server(
        futures.ThreadPoolExecutor(_THREADS),
        options=[
            ("grpc.max_receive_message_length", limit),
            ("grpc.max_send_message_length", limit),
            ("grpc.so_reuseport", 0),  # Or a second server would not be told.
        ],
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(model), server
    )
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        bound = server.add_insecure_port(place)
    except RuntimeError as error:
        raise UserError(
            "--grpc_port must be free at --host, an address of this machine; 0 "
            f"finds one that is. Received: {place}"
        ) from error
    return server, bound


def _told(context, work, request):
    try:
        return work(request)
    except Refusal as refusal:
        code = _CODES.get(refusal.code, grpc.StatusCode.UNKNOWN)
        context.abort(code, refusal.words)


def _array(name: str, value):
    try:
        return tf.make_ndarray(value)
    except (TypeError, ValueError) as error:
        raise Refusal(
            INVALID_ARGUMENT, f"`{name}` must be a tensor: {error}"
        ) from error
