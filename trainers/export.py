"""Exports a trained model as a new version, whole or not at all.

    python -m trainers.export --pretrained=cluttered --out=serving/models

It leaves OUT/NAME/VERSION/ with a SavedModel, which TensorFlow Serving takes as
it is, or with --format=tflite NAME.tflite and NAME_int8.tflite, or both.
"""

import pathlib
import time
from collections.abc import Callable

from absl import flags

from trainers.command import run
from ram_tf.export import saved_model, tflite, warmup
from trainers.configs import settings
from trainers.configs.output_flags import NAME, OUT
from trainers.runs import model_source
from trainers.runs.model_source import Trained
from trainers.serving import versions

flags.adopt_module_key_flags(model_source)
flags.declare_key_flag("out")
flags.declare_key_flag("name")
_VERSION = flags.DEFINE_integer(
    "version",
    None,
    "Number of the version; by default the next one.",
    lower_bound=1,
)
_MAX_SIDE = flags.DEFINE_integer(
    "max_side",
    saved_model.MAX_SIDE,
    "Longest side of an image that is answered, in pixels.",
    lower_bound=1,
)


def _saved_model(trained: Trained, name: str, directory: pathlib.Path) -> None:
    saved_model.save_saved_model(trained.model, directory, _MAX_SIDE.value)
    warmup.write_warmup(trained.model, directory, name, _side(trained))


def _tflite(trained: Trained, name: str, directory: pathlib.Path) -> None:
    tflite.save_tflite(
        trained.model,
        _side(trained),
        directory,
        name,
        labels=trained.class_names,
        standardised=trained.standardised,
        record=trained.result,
    )


def _side(trained: Trained) -> int:
    """Pixels along a side of the images that the model is for."""
    if settings.plays_catch(trained.config):
        return trained.config.screen
    return trained.config.canvas


# Each writes its files into the directory of the version.
FORMATS: dict[str, Callable[[Trained, str, pathlib.Path], None]] = {
    "saved_model": _saved_model,
    "tflite": _tflite,
}
_FORMAT = flags.DEFINE_list(
    "format", ["saved_model"], f"What to write, of: {', '.join(FORMATS)}."
)


@flags.validator("format", f"must be one or more of {', '.join(FORMATS)}")
def _are_known(formats):
    return bool(formats) and set(formats) <= set(FORMATS)


def main() -> None:
    if OUT.value is None:
        raise ValueError("--out must name a directory. Received: none")
    trained = model_source.load()
    _check(trained)
    name = NAME.value or trained.name
    _check_name(name)
    base = pathlib.Path(OUT.value, name)
    version = _VERSION.value or versions.next_version(base)
    with versions.new_version(base, version) as draft:
        for form in _FORMAT.value:
            print(f"exporting {name} as {form}", flush=True)
            started = time.perf_counter()
            FORMATS[form](trained, name, draft)
            print(f"done in {time.perf_counter() - started:.0f} s", flush=True)
    place = base / str(version)
    print(f"exported: {place}")
    if trained.standardised:
        print(
            "images must be standardised before they are put on a canvas, as "
            "data/contrast.py does; so do trainers.device, and "
            "trainers.serving_client with --standardise"
        )
    if "saved_model" in _FORMAT.value and trained.model.num_classes:
        print(_how_to_try(place))


def _check(trained: Trained) -> None:
    if getattr(trained.config, "max_digits", 0):
        raise ValueError(
            "Models of numbers cannot be exported: `classify` has one answer. "
            f"Received: one of --max_digits={trained.config.max_digits}"
        )


def _check_name(name: str) -> None:
    if not name or "/" in name or name.startswith("."):
        raise ValueError(
            "--name must be the name of a directory, not a path. "
            f"Received: {name!r}"
        )


def _how_to_try(place: pathlib.Path) -> str:
    return (
        "try it, with images of shape [batch, height, width, channels] uint8 "
        f"in a file:\n  saved_model_cli run --dir={place} --tag_set=serve "
        "--signature_def=serving_default --inputs=image=images.npy"
    )


if __name__ == "__main__":
    run(main)
