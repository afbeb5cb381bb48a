"""Classifies image files and draws the path of each, if the model looks.

    python -m trainers.predict --pretrained=translated digit.png other.jpg

Images are put on a canvas of the model's size: larger ones are scaled down, and
smaller ones stand in the middle, on black. A model of any size (--scales=0)
takes them as they are, unless --find_ink is given. The model expects light
strokes on black. --invert turns dark strokes on white into that, and --find_ink
finds a drawn or photographed digit, whatever its ground, size and place. A
blank file is refused. The picture is predictions.png in --workdir, unless
--picture says otherwise.

A model of videos (--frames) reads files with as many frames: TIFF, or animated
GIF or PNG (where Pillow writes equal frames as one). A model of numbers names
all digits, with the probability that they and the end are right.
"""

import dataclasses
import pathlib
from typing import TYPE_CHECKING, Any

from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.options import OTHER_FLAGS, ModelOptions, Picture

if TYPE_CHECKING:
    from ram_tf_runs.model_source import Trained


@dataclasses.dataclass(frozen=True)
class Reading(Settings):
    """How files are read."""

    invert: bool = setting(
        False,
        "Whether the pictures show dark strokes on white. Transparent "
        "parts are then white; otherwise they are black.",
    )
    find_ink: bool = setting(
        False,
        "Whether the pictures are drawings or photographs of one digit, "
        "dark or light. The digit is then found, scaled and centred as "
        "MNIST's digits are, on a canvas of the model's size (--canvas), "
        "also if the model takes images of any size.",
    )
    film: str | None = setting(
        None,
        "GIF file for a film of the eye as it crosses the first image. "
        "The model must take images of any size.",
        path=True,
    )


def main(
    options: ModelOptions, reading: Reading, picture: Picture, files: list[str]
) -> None:
    if not files:
        raise UserError("Name at least one image file.")
    # TensorFlow comes with these; --help does without.
    import ram_tf_runs.quiet  # noqa: F401  First.

    import numpy as np

    from ram_tf.pictures import glimpses as glimpse_picture
    from ram_tf.pictures import paths, searches
    from ram_tf_data import answers as answered
    from ram_tf_data.files import read_to_ask
    from ram_tf_runs import model_source

    trained = model_source.load(options)
    if reading.film and not _searches(trained.settings):
        raise UserError(
            "--film needs a model of any size that looks (--scales=0). "
            f"Received: --film={reading.film} with {trained.name}"
        )
    task, model = trained.task, trained.model
    gate = task.gate(model.channels, reading.invert, reading.find_ink)
    images = [read_to_ask(path, gate) for path in files]
    # Of several sizes only where the model takes them as they are.
    one_size = len({image.shape for image in images}) == 1
    images = np.stack(images) if one_size else images
    batches = [images] if one_size else [image[None] for image in images]
    answers = [model(batch) for batch in batches]
    outputs = {
        name: np.concatenate([answer[name] for answer in answers])
        for name in answers[0]
    }
    names = task.class_names(trained.class_names)
    for row, path in enumerate(files):
        one = {name: value[row] for name, value in outputs.items()}
        answered.check(path, one)
        print(f"{path}: {_said(trained, one, names)}")
    if "locations" in outputs:  # A comparator looks nowhere.
        out = pathlib.Path(
            picture.picture or trained.directory / "predictions.png"
        )
        figure = glimpse_picture.draw(model, images, outputs, class_names=names)
        paths.save(figure, out)
        print(f"picture: {out}")
    if reading.film:
        one = {name: value[0] for name, value in outputs.items()}
        searches.save_film(
            searches.film(images[0], one, model.cell.sensor, class_names=names),
            reading.film,
        )
        print(f"film: {reading.film}")


def _searches(settings) -> bool:
    """Whether it looks for things on images of any size."""
    return getattr(settings, "any_size", False) and settings.network.looks


def _said(
    trained: "Trained",
    outputs: dict[str, Any],
    names: list[str] | None,
) -> str:
    """What the model says of one image, with its probability."""
    used = outputs.get("glimpses_used")
    if used is not None:
        until = outputs["probabilities"][:used]
        outputs = outputs | {"probabilities": until}
    said, certainty = trained.task.say(outputs, names)
    glimpses = "" if used is None else f", {used} glimpses"
    return f"{said} ({100 * certainty:.1f}%){glimpses}"


COMMAND = Command(
    main,
    (ModelOptions, Reading, Picture),
    positional=True,
    others=OTHER_FLAGS,
)


if __name__ == "__main__":
    run(COMMAND)
