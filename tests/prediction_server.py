"""TensorFlow Serving's Predict call, on loopback, for tests.

The real server is not in any package registry. This one has its protocol, from
tensorflow-serving-api, its checks of names and types, and gRPC's own limits.
"""

import contextlib
from concurrent import futures

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

_CODES = {code.value[0]: code for code in grpc.StatusCode}


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers for SavedModels: directories by name."""

    def __init__(self, models):
        self._models = {
            name: tf.saved_model.load(path) for name, path in models.items()
        }

    def Predict(self, request, context):
        spec = request.model_spec
        if spec.name not in self._models:
            context.abort(
                grpc.StatusCode.NOT_FOUND,
                f"Servable not found for request: Latest({spec.name})",
            )
        signatures = self._models[spec.name].signatures
        if spec.signature_name not in signatures:
            context.abort(
                grpc.StatusCode.FAILED_PRECONDITION,
                f'Serving signature key "{spec.signature_name}" not found.',
            )
        signature = signatures[spec.signature_name]
        inputs = self._inputs(request, signature, context)
        try:
            outputs = signature(**inputs)
        except tf.errors.OpError as error:
            context.abort(_CODES[error.error_code], error.message)
        response = predict_pb2.PredictResponse(model_spec=spec)
        for name, value in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
        return response

    def _inputs(self, request, signature, context):
        specs = signature.structured_input_signature[1]
        if set(request.inputs) != set(specs):
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"Inputs must be {sorted(specs)}. "
                f"Received: {sorted(request.inputs)}",
            )
        inputs = {}
        for name, spec in specs.items():
            inputs[name] = tf.constant(tf.make_ndarray(request.inputs[name]))
            if inputs[name].dtype != spec.dtype:
                context.abort(
                    grpc.StatusCode.INVALID_ARGUMENT,
                    f"{name} must be {spec.dtype.name}. "
                    f"Received: {inputs[name].dtype.name}",
                )
        return inputs


@contextlib.contextmanager
def serve(service):
    """Runs a service on a free port of loopback; yields "host:port"."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        service, server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
