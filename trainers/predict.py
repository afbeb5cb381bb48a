"""Classifies image files and draws the path of each, if the model looks.

    python -m trainers.predict --pretrained=translated digit.png other.jpg

Images are read as the model's canvas: larger ones are scaled down, smaller ones
stand in the middle of a black canvas. Light strokes on black are expected;
--invert turns dark strokes on white into that. The picture is predictions.png
in --workdir, unless --picture says otherwise. A model of videos (--frames)
reads files of as many frames: TIFF, or animated GIF or PNG (Pillow writes equal
frames of these two as one).
Of a number all digits are named, with the probability that they and the end are
right.
"""

import pathlib

import numpy as np
from absl import flags

from trainers.command import run
from data.files import read_image, read_video
from ram_tf import sequences, viz
from trainers.configs.output_flags import PICTURE
from trainers.runs import data_setup, glimpse_picture, model_source

flags.adopt_module_key_flags(model_source)
flags.declare_key_flag("picture")
_INVERT = flags.DEFINE_bool(
    "invert", False, "Whether strokes are dark on white."
)


def main(paths: list[str]) -> None:
    if not paths:
        raise ValueError("Name at least one image file.")
    trained = model_source.load_classifier()
    settings = trained.config
    images = np.stack([_read(path, trained) for path in paths])
    model, names = trained.model, _class_names(trained)
    outputs = {name: value.numpy() for name, value in model(images).items()}
    for row, path in enumerate(paths):
        probabilities, used = outputs["probabilities"][row], ""
        if "glimpses_used" in outputs:
            count = outputs["glimpses_used"][row]
            probabilities, used = probabilities[:count], f", {count} glimpses"
        said, certainty = _said(probabilities, settings.max_digits, names)
        print(f"{path}: {said} ({100 * certainty:.1f}%){used}")
    if "locations" in outputs:  # A comparator looks nowhere.
        _draw(trained, images, outputs)


def _read(path: str, trained: model_source.Trained) -> np.ndarray:
    settings, invert = trained.config, _INVERT.value
    size = settings.canvas, trained.model.channels
    if settings.frames:
        return read_video(path, settings.frames, *size, invert=invert)
    return read_image(
        path, *size, invert=invert, standardised=settings.standardise
    )


def _class_names(trained: model_source.Trained) -> list[str] | None:
    return data_setup.class_names(trained.config, trained.class_names)


def _said(
    probabilities: np.ndarray, max_digits: int, names: list[str] | None
) -> tuple[str, float]:
    """The class or the number, and its probability, of [T, K]."""
    if not max_digits:
        best = probabilities[-1].argmax()
        said = str(best) if names is None else names[best]
        return said, float(probabilities[-1, best])
    end = probabilities.shape[-1] - 1
    answers = probabilities.argmax(-1)[None]
    digits = sequences.read(answers, max_digits + 1)
    certain = sequences.read(probabilities.max(-1)[None], max_digits + 1)
    length = sequences.lengths(digits, end)[0]
    said = "".join(map(str, digits[0, :length]))
    return said, float(certain[0, : length + 1].prod())


def _draw(trained: model_source.Trained, images, outputs) -> None:
    figure = glimpse_picture.draw(
        trained.model, images, outputs, class_names=_class_names(trained)
    )
    out = pathlib.Path(PICTURE.value or trained.directory / "predictions.png")
    viz.save(figure, out)
    print(f"picture: {out}")


if __name__ == "__main__":
    run(main, positional=True)
