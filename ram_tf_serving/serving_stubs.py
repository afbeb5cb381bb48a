"""The message classes and stubs of TensorFlow Serving, without TensorFlow.

tensorflow-serving-api takes message classes from TensorFlow's package, whose
own import takes seconds that a client has no use for.
"""

import importlib.util
import sys


def _import_stubs() -> tuple:
    from tensorflow.core.framework import tensor_pb2, types_pb2
    from tensorflow_serving.apis import (
        predict_pb2,
        prediction_service_pb2_grpc,
    )

    return tensor_pb2, types_pb2, predict_pb2, prediction_service_pb2_grpc


def _import_without_tensorflow() -> tuple:
    if "tensorflow" in sys.modules:
        return _import_stubs()
    # A package that knows where its parts are, but has not been run.
    spec = importlib.util.find_spec("tensorflow")
    sys.modules["tensorflow"] = importlib.util.module_from_spec(spec)
    try:
        return _import_stubs()
    finally:
        del sys.modules["tensorflow"]


tensor_pb2, types_pb2, predict_pb2, service_pb2_grpc = (
    _import_without_tensorflow()
)
