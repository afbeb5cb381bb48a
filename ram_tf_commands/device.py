"""Classifies image files with a .tflite file, as a small device does.

    python -m trainers.device --model=cluttered.tflite digit.png other.jpg

It needs ai-edge-litert, numpy and pillow; not TensorFlow. Images are read as
`trainers.predict` reads them; blank ones are refused. The time is the median of
several answers, after others that were not timed. The .json beside the file
says what the classes are called and whether images are standardised, and a file
that is not the one that it is about is refused. With it, a model that stops by
itself is stepped, and makes no more glimpses than it needs; without, it is
asked by `classify`, which makes them all.
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
        self.image_shape = tuple(
            self._run.get_input_details()["image"]["shape"][1:].tolist()
        )
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

    def __call__(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """The outputs of `classify` by name, for an image [H, W, C] uint8."""
        if self._step is None:
            return self._run(image=image[None])
        return self._look(image[None])

    def _look(self, frame: np.ndarray) -> dict[str, np.ndarray]:
        """What `classify` gives, up to the glimpse after which it stops."""
        state, probabilities, locations = self._start, [], []
        for _ in range(self._glimpses):
            outputs = self._step(frame=frame, **state)
            locations.append(state["location"])
            probabilities.append(outputs["probabilities"])
            state = {name: outputs[name] for name in state}
            if outputs["stop_probability"][0] > 0.5:
                break
        return {
            "class": probabilities[-1].argmax(axis=-1),
            "probabilities": probabilities[-1],
            "probabilities_by_glimpse": np.stack(probabilities, axis=1),
            "locations": np.stack(locations, axis=1),
            "glimpses_used": np.array([len(locations)]),
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
        answers = [_answer(model, path, gate) for path in options.images]
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


def _answer(model: DeviceModel, path: str, gate: Gate) -> dict[str, Any]:
    image = read_to_ask(path, gate)
    outputs = model(image)
    answered.check(path, {name: value[0] for name, value in outputs.items()})
    seconds = median_seconds(lambda: model(image))
    outputs = {name: value[0].tolist() for name, value in outputs.items()}
    label = model.labels[outputs["class"]]
    return {
        "image": path,
        "label": label,
        **outputs,
        "milliseconds": 1e3 * seconds,
    }


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
        help="Strokes are dark on white, or on what is transparent.",
    )
    parser.add_argument(
        "--find_ink",
        action="store_true",
        help="Find the digit of a drawing or photograph, dark or light, and "
        "lay it as MNIST's digits are.",
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
