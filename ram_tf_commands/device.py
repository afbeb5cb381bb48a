"""Classifies image files with a .tflite file, as a small device does.

    python -m trainers.device --model=cluttered.tflite digit.png other.jpg

This command needs ai-edge-litert, numpy and pillow, but not TensorFlow. Images
are read as `trainers.predict` reads them; blank ones are refused. A file for a
batch (`trainers.export --batch=N`) takes N images, or a multiple of N. The time
for an image is the median of several answers, after a few that are not timed.

The .json file beside the model says what the classes are called and whether
images are standardised. A model that does not fit its .json file is refused.
With the .json file, a model that stops by itself is called step by step, and
makes no more glimpses than it needs. Without it, the model is called by
`classify`, which makes all glimpses.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from ram_tf_data import answers as answered
from ram_tf_data import regular, sidecar
from ram_tf_data.errors import UserError
from ram_tf_data.files import read_to_ask
from ram_tf_data.gate import Gate

# Answers before those that are timed, and those: the first are slower, by a
# hundred times while the processor wakes up.
_WARM_UP, _TIMED = 5, 15
_LONGEST = 0.5  # Seconds after which a slow model is not asked again.


class DeviceModel:
    """A .tflite file that classifies, loaded.

    Args:
        path: The file.
        threads: Threads to run on.

    Attributes:
        image_shape: (H, W, C) of the images that it takes.
        batch: N, how many it takes at once.
        labels: Of the classes; their numbers where no .json says more.
        standardised: Whether images must have equal brightness and contrast;
            no where no .json says more.
        doubt: Why it is not known whether the file is whole, if it is not.

    Raises:
        UserError: If it is not a .tflite file with the signature `classify`,
            or the .json beside it cannot be read, or is about another file.
    """

    def __init__(self, path: str | os.PathLike, threads: int = 1):
        path = pathlib.Path(path)
        content = _content(path)
        about = sidecar.read(path, content)
        interpreter = _load(path, content, threads)
        self._run = interpreter.get_signature_runner("classify")
        shape = self._run.get_input_details()["image"]["shape"].tolist()
        self.batch, *image_shape = shape
        self.image_shape = tuple(image_shape)
        outputs = self._run.get_output_details()
        classes = int(outputs["probabilities"]["shape"][-1])
        self.labels = about.labels or list(map(str, range(classes)))
        if len(self.labels) != classes:
            raise UserError(
                f"{path.with_suffix('.json')} must have {classes} labels. "
                f"Received: {len(self.labels)}"
            )
        self.standardised = about.standardised
        self.doubt = about.doubt
        self._glimpses = int(outputs["locations"]["shape"][1])
        self._step = self._start = None
        if "glimpses_used" in outputs and about.start is not None:
            self._step = interpreter.get_signature_runner("step")
            self._start = about.start
            _check_state(path, about.start, self._step.get_input_details())

    def __call__(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """The outputs of `classify` by name.

        Args:
            images: [N, H, W, C] uint8; or where N is one [H, W, C].

        Raises:
            UserError: If they are others than the file was made for.
        """
        if not isinstance(images, np.ndarray):
            raise UserError(
                "A device's model takes an array of images. "
                f"Received: {images!r}"
            )
        if images.ndim == 3:
            images = images[None]
        wanted = (self.batch, *self.image_shape)
        if images.shape != wanted or images.dtype != np.uint8:
            raise UserError(
                f"--model takes images {list(wanted)} uint8, no other number "
                "and no other size: it was exported so (--batch). Received: "
                f"{list(images.shape)} {images.dtype}"
            )
        if self._step is None:
            return self._run(image=images)
        return self._look(images)

    def _look(self, frames: np.ndarray) -> dict[str, np.ndarray]:
        """What `classify` gives, up to the glimpse after which all stop."""
        state, probabilities, locations = self._start, [], []
        used = np.zeros(self.batch, np.int32)
        for glimpse in range(1, self._glimpses + 1):
            outputs = self._step(frame=frames, **state)
            locations.append(state["location"])
            probabilities.append(outputs["probabilities"])
            state = {name: outputs[name] for name in state}
            last = outputs["stop_probability"] > 0.5
            used[(used == 0) & (last | (glimpse == self._glimpses))] = glimpse
            if used.all():
                break
        by_glimpse = np.stack(probabilities, axis=1)
        answers = by_glimpse[np.arange(self.batch), used - 1]
        return {
            "class": answers.argmax(axis=-1),
            "probabilities": answers,
            "probabilities_by_glimpse": by_glimpse,
            "locations": np.stack(locations, axis=1),
            "glimpses_used": used,
        }


def main(
    arguments: list[str] | None = None,
    program: str = "python -m trainers.device",
) -> int:
    """Runs the command; returns its exit code."""
    options = _parser(program).parse_args(arguments)
    try:
        model = DeviceModel(options.model, options.threads)
        gate = _gate(model, options)
        if model.doubt:
            print(f"note: {model.doubt}.", file=sys.stderr)
        answers = _answers(model, options.images, gate)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(answers, indent=2))
        return 0
    for answer in answers:
        line = (
            "{image}: {label} ({percent:.1f}%), {milliseconds:.2f} ms".format(
                percent=100 * max(answer["probabilities"]), **answer
            )
        )
        if "glimpses_used" in answer:
            line += f", {answer['glimpses_used']} glimpses"
        print(line)
    return 0


def _gate(model: DeviceModel, options: argparse.Namespace) -> Gate:
    height, width, channels = model.image_shape
    if height != width:
        raise UserError(
            "--model must take square images, as which files are read. "
            f"Received: {height}x{width}"
        )
    return Gate(
        height,
        channels,
        invert=options.invert,
        standardised=model.standardised,
        find_ink=options.find_ink,
    )


def _answers(
    model: DeviceModel, paths: list[str], gate: Gate
) -> list[dict[str, Any]]:
    """Of all files, as many at once as the model takes."""
    if len(paths) % model.batch:
        raise UserError(
            f"--model answers {model.batch} images at a time: name as many, or "
            f"a multiple. Received: {len(paths)}"
        )
    return [
        answer
        for first in range(0, len(paths), model.batch)
        for answer in _batch(model, paths[first : first + model.batch], gate)
    ]


def _batch(
    model: DeviceModel, paths: list[str], gate: Gate
) -> list[dict[str, Any]]:
    images = np.stack([read_to_ask(path, gate) for path in paths])
    outputs = model(images)
    rows = [
        {name: value[row] for name, value in outputs.items()}
        for row in range(len(paths))
    ]
    for path, row in zip(paths, rows, strict=True):
        answered.check(path, row)
    seconds = median_seconds(lambda: model(images)) / len(paths)
    return [
        {
            "image": path,
            "label": model.labels[int(row["class"])],
            **{name: value.tolist() for name, value in row.items()},
            "milliseconds": 1e3 * seconds,
        }
        for path, row in zip(paths, rows, strict=True)
    ]


def median_seconds(ask: Callable[[], Any]) -> float:
    """What a call takes, once it is warm: the median of several.

    Calls end early where they are slow; one at least is timed.
    """
    begun, taken = time.perf_counter(), []
    for call in range(_WARM_UP + _TIMED):
        started = time.perf_counter()
        if taken and started - begun > _LONGEST:
            break
        ask()
        if call >= _WARM_UP or started - begun > _LONGEST:
            taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def _content(path: pathlib.Path) -> bytes:
    regular.check(path)
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UserError(
            f"--model must name a file. Received: {str(path)!r}"
        ) from error
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror or error}"
        ) from error


def _load(path: pathlib.Path, content: bytes, threads: int) -> Interpreter:
    """A file with the signature `classify`."""
    try:
        interpreter = Interpreter(model_content=content, num_threads=threads)
    except (ValueError, RuntimeError) as error:
        raise UserError(
            f"--model must name a .tflite file. Received: {str(path)!r}, "
            f"of which LiteRT says: {error}"
        ) from error
    signatures = list(interpreter.get_signature_list())
    if "classify" not in signatures:
        raise UserError(
            "--model must have the signature `classify`. "
            f"Received: {str(path)!r} with {signatures}"
        )
    return interpreter


def _check_state(
    path: pathlib.Path,
    start: dict[str, np.ndarray],
    inputs: dict[str, dict[str, Any]],
) -> None:
    """Raises UserError unless a state is what `step` takes beside a frame."""
    needed = {
        name: tuple(inputs[name]["shape"].tolist())
        for name in inputs
        if name != "frame"
    }
    found = {name: value.shape for name, value in start.items()}
    if found != needed:
        raise UserError(
            f"{path.with_suffix('.json')} must have an initial_state of the "
            f"shapes {needed}. Received: {found}"
        )


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        program,
        description="Classifies image files with a .tflite file.",
    )
    parser.add_argument(
        "--model",
        required=True,
        type=os.path.expanduser,
        help="The .tflite file.",
    )
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    parser.add_argument(
        "--threads", type=_count, default=1, help="Threads to run on."
    )
    parser.add_argument(
        "--invert",
        action="store_true",
        help="Take strokes as dark on a white or transparent ground.",
    )
    parser.add_argument(
        "--find_ink",
        action="store_true",
        help="Find the digit in a drawing or photograph, dark or light, and "
        "place it as MNIST's digits are placed.",
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
