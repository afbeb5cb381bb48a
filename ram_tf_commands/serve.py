"""Serves a model on this machine for trying it out, not for production.

    python -m trainers.serve --pretrained=cluttered
    python -m trainers.serve --saved_model=serving/models/cluttered

It answers as TensorFlow Serving does: Predict and GetModelMetadata by gRPC, and
by REST `/v1/models/NAME`, `/v1/models/NAME/metadata` and
`/v1/models/NAME:predict`, with "instances" or "inputs". It has one model and
one version, no batching and no encryption; for more, use TensorFlow Serving
itself (docs/serving.md). It listens on the loopback address only, unless --host
says otherwise. Ctrl-C or SIGTERM ends it.
"""

import contextlib
import dataclasses
import pathlib
import tempfile
import threading
from collections.abc import Iterator

from ram_tf_runs import leaving
from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.options import (
    OTHER_FLAGS,
    ModelOptions,
    Name,
    Served,
)


@dataclasses.dataclass(frozen=True)
class Listening(Settings):
    """What is served, and where."""

    saved_model: str | None = setting(
        None,
        "Directory of a SavedModel, or of its versions, that `export` wrote. "
        "It is served instead of --pretrained or --workdir, with the "
        "--max_side and --invert that it was exported with.",
        path=True,
    )
    host: str = setting(
        "127.0.0.1",
        "Address to listen at. Whoever reaches it can ask: there is no "
        "password and no encryption.",
    )
    grpc_port: int = setting(
        8500, "Port of gRPC; 0 for any free one.", least=0, most=65535
    )
    rest_port: int = setting(
        8501, "Port of REST; 0 for any free one.", least=0, most=65535
    )


def main(
    options: ModelOptions, served: Served, naming: Name, listening: Listening
) -> None:
    # TensorFlow and gRPC come with what is imported now; --help does without.
    import ram_tf_runs.quiet  # noqa: F401  First.

    leaving.watch()
    with _directory(options, served, listening) as (path, name, version):
        from ram_tf_serving.served_model import ServedModel

        model = ServedModel(naming.name or name, path, version)
        with contextlib.suppress(KeyboardInterrupt, SystemExit):
            _serve(model, listening)
    print("stopped", flush=True)


@contextlib.contextmanager
def _directory(
    options: ModelOptions, served: Served, listening: Listening
) -> Iterator[tuple[pathlib.Path, str, int]]:
    """A SavedModel, its name and its version; of a run it is made here."""
    given = options.pretrained or options.place.workdir
    if listening.saved_model is not None:
        if given:
            raise UserError(
                "Only one of --saved_model, --pretrained and --workdir can "
                f"name the model. Received: {listening.saved_model}, {given}"
            )
        from ram_tf_serving import served_model

        yield served_model.find(listening.saved_model)
        return
    from ram_tf_runs import model_source, to_serve

    trained = model_source.load(options)
    trained.task.check_export()
    with tempfile.TemporaryDirectory(prefix="ram_serve_") as place:
        print(f"exporting {trained.name}", flush=True)
        to_serve.saved_model(trained, place, served)
        yield pathlib.Path(place), trained.name, 1


def _serve(model, listening: Listening) -> None:
    """Answers until the process is told to stop."""
    from ram_tf_serving import prediction_service, rest_service

    host = listening.host
    rest = rest_service.make_server(model, host, listening.rest_port)
    with rest:
        limit = rest_service.LIMIT
        calls, port = prediction_service.make_server(
            model, host, listening.grpc_port, limit
        )
        calls.start()
        thread = threading.Thread(target=rest.serve_forever, daemon=True)
        thread.start()
        try:
            at = f"{host}:{rest.server_address[1]}"
            print(f"gRPC: {host}:{port}, model {model.name}")
            print(f"REST: http://{at}/v1/models/{model.name}")
            print("for trying out only; Ctrl-C ends", flush=True)
            threading.Event().wait()
        finally:
            rest.shutdown()
            calls.stop(1).wait()


COMMAND = Command(
    main,
    (ModelOptions, Served, Name, Listening),
    others=OTHER_FLAGS,
)


if __name__ == "__main__":
    run(COMMAND)
