"""Exports a trained model as a new version, whole or not at all.

    python -m trainers.export --pretrained=cluttered --out=serving/models

It writes the directory OUT/NAME/VERSION/, with a SavedModel that TensorFlow
Serving takes as it is. With --format=tflite it holds NAME.tflite and
NAME_int8.tflite instead; --format=saved_model,tflite writes both.
"""

import dataclasses
import pathlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.fields import Settings, group, setting
from ram_tf_runs.settings.options import (
    OTHER_FLAGS,
    ModelOptions,
    Name,
    Out,
    Served,
)
from ram_tf_serving import versions

if TYPE_CHECKING:
    from ram_tf_runs.model_source import Trained

# Each writes its files into the directory of the version.
FORMATS: dict[
    str, Callable[["Trained", str, pathlib.Path, "Version"], None]
] = {}


@dataclasses.dataclass(frozen=True)
class Version(Settings):
    """What is written."""

    served: Served = group(Served)
    version: int | None = setting(
        None,
        "Number of the version to write; by default the next one.",
        least=1,
    )
    format: tuple[str, ...] = setting(
        ("saved_model",),
        "What to write: saved_model, tflite, or both, separated by a comma.",
    )
    batch: int = setting(
        1,
        "Number of images that a .tflite file answers at once; it takes no "
        "other number. A SavedModel takes any number.",
        least=1,
    )

    def check(self):
        if not self.format or not set(self.format) <= set(FORMATS):
            raise UserError(
                f"--format must be one or more of {', '.join(FORMATS)}. "
                f"Received: --format={','.join(self.format)}"
            )
        if self.batch > 1 and "tflite" not in self.format:
            raise UserError(
                "--batch is for --format=tflite: a SavedModel takes any batch. "
                f"Received: --batch={self.batch} "
                f"--format={','.join(self.format)}"
            )


def _saved_model(
    trained: "Trained", name: str, directory: pathlib.Path, version: Version
) -> None:
    # The messages of warmup are TensorFlow Serving's, of an extra of its own.
    from ram_tf.export import warmup
    from ram_tf_runs import to_serve

    to_serve.saved_model(trained, directory, version.served)
    encoded = to_serve.pictures(trained, version.served) is not None
    side = trained.task.side
    warmup.write_warmup(trained.model, directory, name, side, encoded)


def _tflite(
    trained: "Trained", name: str, directory: pathlib.Path, version: Version
) -> None:
    from ram_tf.export import tflite

    tflite.save_tflite(
        trained.model,
        trained.task.side,
        directory,
        name,
        batch=version.batch,
        labels=trained.class_names,
        standardised=trained.task.standardised,
        record=trained.result,
    )


FORMATS |= {"saved_model": _saved_model, "tflite": _tflite}


def main(
    options: ModelOptions, version: Version, naming: Name, out: Out
) -> None:
    if out.out is None:
        raise UserError("--out must name a directory. Received: none")
    # TensorFlow comes with these; --help does without.
    from ram_tf_runs import model_source

    trained = model_source.load(options)
    trained.task.check_export()
    name = naming.name or trained.name
    _check_name(name)
    base = pathlib.Path(out.out, name)
    number = version.version or versions.next_version(base)
    with versions.new_version(base, number) as draft:
        for form in version.format:
            _write(form, trained, name, draft, version)
    place = base / str(number)
    print(f"exported: {place}")
    if trained.task.standardised:
        print(
            "images, but for encoded ones, must be standardised before they "
            "are put on a canvas, as ram_tf_data/contrast.py does; so do "
            "trainers.device, and trainers.serving_client with --standardise"
        )
    if "saved_model" in version.format and trained.model.num_classes:
        print(_how_to_try(place))


def _write(
    form: str,
    trained: "Trained",
    name: str,
    draft: pathlib.Path,
    version: Version,
) -> None:
    print(f"exporting {name} as {form}", flush=True)
    started = time.perf_counter()
    FORMATS[form](trained, name, draft, version)
    print(f"done in {time.perf_counter() - started:.0f} s", flush=True)


def _check_name(name: str) -> None:
    if not name or "/" in name or name.startswith("."):
        raise UserError(
            "--name must be the name of a directory, not a path. "
            f"Received: {name!r}"
        )


def _how_to_try(place: pathlib.Path) -> str:
    run = f"  saved_model_cli run --dir={place} --tag_set=serve"
    return (
        "try it, with images of shape [batch, height, width, channels] uint8 "
        f"in a file:\n{run} --signature_def=serving_default "
        "--inputs=image=images.npy\n"
        "or, if it knows still images, with PNG or JPEG files in an array of "
        f"bytes:\n{run} --signature_def=serving_encoded "
        "--inputs=image_bytes=files.npy\n"
        f"or by REST: ram serve --saved_model={place}"
    )


COMMAND = Command(
    main,
    (ModelOptions, Version, Name, Out),
    others=OTHER_FLAGS,
)


if __name__ == "__main__":
    run(COMMAND)
