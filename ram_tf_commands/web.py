"""Builds the browser page of a trained model, and serves it on loopback.

    npm ci --prefix ram_tf_web/page
    python -m trainers.web --pretrained=cluttered --out=web/dist --serve

It writes to --out everything that the page needs: its own files, LiteRT.js with
its WASM, the model with weights as bytes, and cluttered images of
scikit-learn's digits. Any web server can serve these; the page loads nothing
from other hosts.

The page also has a large image of 1024x1024, with a model that finds digits on
it. --large names that model; by default it is the released one.

With --finder there is a photograph of 512x512, too, in which a model of
`trainers find` finds a traffic sign:

    python -m trainers.web --pretrained=cluttered --out=web/dist \\
        --finder=find --backgrounds=PHOTOGRAPHS \\
        --data_dir=FOLDER_OF_SIGNS

Signs and photographs are those of the test. The page that is written holds some
of both, and names the photographs with their licences; --backgrounds is a
folder such as `trainers.photographs` fills.
"""

import contextlib
import dataclasses
import pathlib

from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.options import OTHER_FLAGS, ModelOptions, Out
from ram_tf_web import web_server


@dataclasses.dataclass(frozen=True)
class Serving(Settings):
    """Whether and where the page is served."""

    serve: bool = setting(False, "Whether to serve the page as well.")
    port: int = setting(
        8000,
        "Port on this machine to serve the page at; 0 takes any free one.",
        least=0,
        most=65535,
    )


@dataclasses.dataclass(frozen=True)
class Large(Settings):
    """What looks at the page's large image."""

    large: str | None = setting(
        None,
        "The model of the large image, named as for --pretrained. It must "
        "take images of any size (--scales=0). By default it is the "
        "released `seek`. An empty name makes a page without a large "
        "image.",
        path=True,
    )


@dataclasses.dataclass(frozen=True)
class Photograph(Settings):
    """What looks for a sign in a photograph."""

    finder: str | None = setting(
        None,
        "The model of the photograph, named as for --pretrained: one of "
        "`trainers find` that takes images of any size (--scales=0). Without "
        "it the page has no photograph. Its signs are in --data_dir.",
        path=True,
    )
    backgrounds: str | None = setting(
        None,
        "Folder of the photographs, each of 512x512 pixels at least. Those of "
        "the test are shown.",
        path=True,
    )


def main(
    options: ModelOptions,
    large: Large,
    photograph: Photograph,
    serving: Serving,
    place: Out,
) -> None:
    if place.out is None:
        raise UserError("--out must name a directory. Received: none")
    # TensorFlow comes with these; --help does without.
    from ram_tf_runs import model_source
    from ram_tf_web import web_build, web_photograph

    out = pathlib.Path(place.out)
    litert = web_build.litert()
    data_dir = options.data.data_dir
    web_build.build(
        model_source.load(options),
        litert,
        out,
        web_build.large_model(large.large, data_dir),
        web_photograph.load(
            photograph.finder, photograph.backgrounds, data_dir
        ),
    )
    print(f"built: {out / 'index.html'}")
    if serving.serve:
        _serve(out, serving.port)


def _serve(out: pathlib.Path, port: int) -> None:
    with (
        web_server.make_server(out, port) as server,
        contextlib.suppress(KeyboardInterrupt),
    ):
        print(f"open: {web_server.url(server)} (Ctrl-C ends)", flush=True)
        server.serve_forever()


COMMAND = Command(
    main,
    (ModelOptions, Large, Photograph, Serving, Out),
    others=OTHER_FLAGS,
)


if __name__ == "__main__":
    run(COMMAND)
