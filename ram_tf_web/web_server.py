"""Serves a directory to browsers on this machine."""

import errno
import functools
import http.server
import os

from ram_tf_runs.errors import UserError

# The system's own list may lack or misname them.
_TYPES = {
    **http.server.SimpleHTTPRequestHandler.extensions_map,
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".tflite": "application/octet-stream",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
}


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Files with the types and headers that the page needs."""

    extensions_map = _TYPES

    def end_headers(self):
        # What is built again is seen at once.
        self.send_header("Cache-Control", "no-cache")
        # Alone in its process, the page gets a clock of 5 us; else 100 us.
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *unused):
        """Is silent: the browser's own tools show what it asks for."""


def make_server(
    directory: str | os.PathLike, port: int
) -> http.server.ThreadingHTTPServer:
    """A server on loopback, listening; `serve_forever` answers.

    Args:
        directory: What to serve.
        port: Where; 0 for any that is free.

    Raises:
        UserError: If the port is in use.
    """
    handler = functools.partial(_Handler, directory=os.fspath(directory))
    try:
        return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise UserError(
            "--port must be free; 0 finds one that is. "
            f"Received: {port}, which is in use"
        ) from error


def url(server: http.server.ThreadingHTTPServer) -> str:
    """Where a browser finds it."""
    host, port = server.server_address[:2]
    return f"http://{host}:{port}/"
