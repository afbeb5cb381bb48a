"""TensorFlow Serving's REST API of one model, for trying out."""

import http.server
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from ram_tf_runs.errors import UserError
from ram_tf_serving import json_tensors
from ram_tf_serving.served_model import Refusal, ServedModel

LIMIT = 64 << 20  # Bytes of a request.
_SILENCE = 30  # Seconds after which a client that says nothing is left.
_PATH = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(/versions/(?P<version>\d{1,18}))?"
    r"(?P<what>/metadata|:predict)?"
)
_STATUS = {3: 400, 5: 404, 8: 413, 9: 400}  # By gRPC's number of the reason.


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers with JSON, whatever happens."""

    protocol_version = "HTTP/1.1"
    server_version = "ram-serve"
    timeout = _SILENCE
    model: ServedModel

    def do_GET(self):
        self._told(self._get)

    def do_POST(self):
        self._told(self._post)

    def _told(self, work):
        try:
            self._answer(HTTPStatus.OK, work())
        except Refusal as refusal:
            status = _STATUS.get(refusal.code, 500)
            self._answer(status, {"error": refusal.words})
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception as error:  # Its traceback is the server's to see.
            self.log_error("%s: %r", self.path, error)
            words = "The server has failed; its output says more."
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": words})

    def _get(self):
        what, version = self._place()
        if what == "/metadata":
            return _metadata(self.model)
        if what:
            raise self._unknown()
        return _state(version)

    def _post(self):
        body = self._body()
        what, _ = self._place()
        if what != ":predict":
            raise self._unknown()
        request = json_tensors.parsed(body)
        name = request.get("signature_name", "")
        specs = self.model.inputs_of(name)
        dtypes = {key: spec.dtype.as_numpy_dtype for key, spec in specs.items()}
        outputs = self.model.predict(name, json_tensors.inputs(request, dtypes))
        return json_tensors.answer(request, outputs)

    def _place(self) -> tuple[str | None, int]:
        """What is asked for, and of which version."""
        found = _PATH.fullmatch(self.path.partition("?")[0])
        if found is None:
            raise self._unknown()
        version = found["version"] and int(found["version"])
        self.model.check_name(found["name"], version)
        return found["what"], self.model.version

    def _unknown(self) -> Refusal:
        return Refusal(
            5,
            f"Malformed request: {self.command} {self.path}. There are GET "
            "/v1/models/NAME, GET /v1/models/NAME/metadata and POST "
            "/v1/models/NAME:predict.",
        )

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"\d{1,18}", length):
            self.close_connection = True
            raise Refusal(3, "A request must have a Content-Length.")
        if int(length) > LIMIT:
            self.close_connection = True
            raise Refusal(
                8,
                f"A request may have {LIMIT:,} bytes. "
                f"Received: {int(length):,}",
            )
        return self.rfile.read(int(length))

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_error(self, code, message=None, explain=None):
        """What is no request at all: JSON, too, and not a page."""
        del explain
        self.close_connection = True
        self._answer(code, {"error": message or HTTPStatus(code).phrase})

    def log_message(self, *arguments):
        """Says nothing of what was answered."""

    def log_error(self, form, *arguments):
        print(form % arguments, flush=True)


def make_server(
    model: ServedModel, host: str, port: int
) -> http.server.ThreadingHTTPServer:
    """A server that listens; `serve_forever` answers.

    Args:
        model: What answers.
        host: Where to listen.
        port: Likewise; 0 for any that is free.

    Raises:
        UserError: If it cannot listen there.
    """
    handler = type("Handler", (_Handler,), {"model": model})
    try:
        return http.server.ThreadingHTTPServer((host, port), handler)
    except (OSError, OverflowError) as error:
        raise UserError(
            "--rest_port must be free at --host, an address of this machine; 0 "
            f"finds one that is. Received: {host}:{port}: {error}"
        ) from error


def _state(version: int) -> dict[str, Any]:
    status = {"error_code": "OK", "error_message": ""}
    state = {"version": str(version), "state": "AVAILABLE", "status": status}
    return {"model_version_status": [state]}


def _metadata(model: ServedModel) -> dict[str, Any]:
    spec = {"name": model.name, "signature_name": ""}
    definitions = {
        name: {
            "inputs": _tensors(definition.inputs),
            "outputs": _tensors(definition.outputs),
            "method_name": definition.method_name,
        }
        for name, definition in model.definitions.items()
    }
    return {
        "model_spec": {**spec, "version": str(model.version)},
        "metadata": {"signature_def": {"signature_def": definitions}},
    }


def _tensors(
    tensors: Mapping[str, meta_graph_pb2.TensorInfo],
) -> dict[str, Any]:
    """As TensorFlow Serving writes them."""
    return {
        name: {
            "name": info.name,
            "dtype": types_pb2.DataType.Name(info.dtype),
            "tensor_shape": {
                "dim": [
                    {"size": str(dim.size), "name": dim.name}
                    for dim in info.tensor_shape.dim
                ],
                "unknown_rank": info.tensor_shape.unknown_rank,
            },
        }
        for name, info in tensors.items()
    }
