"""Classifies image files and draws the path of each, if the model looks.

    python -m trainers.predict --pretrained=translated digit.png other.jpg

Images are read as the model's canvas: larger ones are scaled down, smaller ones
stand in the middle of a black canvas. Light strokes on black are expected;
--invert turns dark strokes on white into that. The picture is predictions.png
in --workdir, unless --picture says otherwise. A model of videos (--frames)
reads files of as many frames: TIFF, or animated GIF or PNG (Pillow writes equal
frames of these two as one).
"""

import pathlib

import numpy as np
from absl import flags

from trainers.command import run
from data.files import read_image, read_video
from ram_tf import viz
from trainers import glimpse_picture, model_source
from trainers.output_flags import PICTURE

flags.adopt_module_key_flags(model_source)
flags.declare_key_flag("picture")
_INVERT = flags.DEFINE_bool(
    "invert", False, "Whether strokes are dark on white."
)


def main(paths: list[str]) -> None:
    if not paths:
        raise ValueError("Name at least one image file.")
    settings, model, directory = model_source.load_classifier()
    images = np.stack([_read(path, settings, model) for path in paths])
    outputs = {name: value.numpy() for name, value in model(images).items()}
    for path, probabilities in zip(
        paths, outputs["probabilities"], strict=True
    ):
        best = probabilities[-1].argmax()
        print(f"{path}: {best} ({100 * probabilities[-1, best]:.1f}%)")
    if "locations" in outputs:  # A comparator looks nowhere.
        _draw(model, images, outputs, directory)


def _read(path: str, settings, model) -> np.ndarray:
    size, invert = (settings.canvas, model.channels), _INVERT.value
    if settings.frames:
        return read_video(path, settings.frames, *size, invert=invert)
    return read_image(path, *size, invert=invert)


def _draw(model, images, outputs, directory: pathlib.Path) -> None:
    figure = glimpse_picture.draw(model, images, outputs)
    out = pathlib.Path(PICTURE.value or directory / "predictions.png")
    viz.save(figure, out)
    print(f"picture: {out}")


if __name__ == "__main__":
    run(main, positional=True)
