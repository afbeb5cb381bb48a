"""Classifies image files with a .tflite file, as a small device does.

    python -m trainers.device --model=cluttered.tflite digit.png other.jpg

It needs ai-edge-litert, numpy and pillow; not TensorFlow. Images are read as
`trainers.predict` reads them. The labels come from the .json beside the file.
"""

import argparse
import json
import os
import pathlib
import sys
import time
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from data.files import read_image


class DeviceModel:
    """A .tflite file that classifies, loaded.

    Args:
        path: The file.
        threads: Threads to run on.

    Attributes:
        image_shape: (H, W, C) of the images that it takes.
        labels: Of the classes; their numbers where no .json says more.

    Raises:
        ValueError: If it is not a .tflite file with the signature `classify`,
            or the .json beside it cannot be read.
    """

    def __init__(self, path: str | os.PathLike, threads: int = 1):
        self._run = _classify(path, threads)
        self.image_shape = tuple(
            self._run.get_input_details()["image"]["shape"][1:].tolist()
        )
        outputs = self._run.get_output_details()
        classes = int(outputs["probabilities"]["shape"][-1])
        self.labels = _labels(pathlib.Path(path), classes)
        self(np.zeros(self.image_shape, np.uint8))  # The first is slower.

    def __call__(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """The outputs of `classify` by name, for an image [H, W, C] uint8."""
        return self._run(image=image[None])


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        model = DeviceModel(options.model, options.threads)
        answers = [
            _answer(model, path, options.invert) for path in options.images
        ]
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(answers, indent=2))
        return 0
    for answer in answers:
        print(
            "{image}: {label} ({percent:.1f}%), {milliseconds:.2f} ms".format(
                percent=100 * max(answer["probabilities"]), **answer
            )
        )
    return 0


def _answer(model: DeviceModel, path: str, invert: bool) -> dict[str, Any]:
    height, width, channels = model.image_shape
    if height != width:
        raise ValueError(
            "--model must take square images, as which files are read. "
            f"Received: {height}x{width}"
        )
    image = read_image(path, height, channels, invert=invert)
    started = time.perf_counter()
    outputs = model(image)
    seconds = time.perf_counter() - started
    outputs = {name: value[0].tolist() for name, value in outputs.items()}
    label = model.labels[outputs["class"]]
    return {
        "image": path,
        "label": label,
        **outputs,
        "milliseconds": 1e3 * seconds,
    }


def _classify(path, threads: int):
    """The signature `classify` of a file."""
    if not os.path.isfile(path):
        raise ValueError(
            f"--model must name a file. Received: {os.fspath(path)!r}"
        )
    try:
        interpreter = Interpreter(os.fspath(path), num_threads=threads)
    except (ValueError, RuntimeError) as error:
        raise ValueError(
            f"--model must name a .tflite file. Received: {os.fspath(path)!r}, "
            f"of which LiteRT says: {error}"
        ) from error
    signatures = list(interpreter.get_signature_list())
    if "classify" not in signatures:
        raise ValueError(
            "--model must have the signature `classify`. "
            f"Received: {os.fspath(path)!r} with {signatures}"
        )
    return interpreter.get_signature_runner("classify")


def _labels(path: pathlib.Path, classes: int) -> list[str]:
    about = path.with_suffix(".json")
    if not about.exists():
        return list(map(str, range(classes)))
    try:
        labels = json.loads(about.read_text())["labels"]
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(
            f"{about} must be the JSON written beside the model, with labels. "
            f"Received: {error!r}"
        ) from error
    if len(labels) != classes:
        raise ValueError(
            f"{about} must have {classes} labels. Received: {len(labels)}"
        )
    return labels


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m trainers.device",
        description="Classifies image files with a .tflite file.",
    )
    parser.add_argument("--model", required=True, help="The .tflite file.")
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    parser.add_argument(
        "--threads", type=_count, default=1, help="Threads to run on."
    )
    parser.add_argument(
        "--invert", action="store_true", help="Strokes are dark on white."
    )
    parser.add_argument(
        "--json", action="store_true", help="Print all outputs as JSON."
    )
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f"must be a positive integer. Received: {text!r}"
        )
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
