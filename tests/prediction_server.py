"""A service of TensorFlow Serving's protocol on loopback, whatever it answers.

It has gRPC's own limits, as servers have that are not told otherwise.
"""

import contextlib
from concurrent import futures

import grpc
from tensorflow_serving.apis import prediction_service_pb2_grpc


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
