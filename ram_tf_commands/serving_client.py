"""Asks a TensorFlow Serving server what images show.

    python -m trainers.serving_client --target=localhost:8500 \\
        --model=cluttered --canvas=60 digit.png other.jpg

Images are read as `trainers.predict` reads them; blank ones are refused. The
command does not need TensorFlow.
"""

import argparse
import sys

import numpy as np

from ram_tf_data import answers
from ram_tf_data.errors import UserError
from ram_tf_data.files import read_to_ask
from ram_tf_data.gate import Gate
from ram_tf_serving.serving_connection import Connection

# Signatures, and what turns bytes into their images.
_SIGNATURES = {
    "serving_default": lambda image: image,
    "serving_float32": lambda image: image.astype(np.float32) / 255,
}


def main(
    arguments: list[str] | None = None,
    program: str = "python -m trainers.serving_client",
) -> int:
    """Runs the command; returns its exit code."""
    options = _parser(program).parse_args(arguments)
    try:
        gate = Gate(
            options.canvas,
            options.channels,
            invert=options.invert,
            standardised=options.standardise,
            find_ink=options.find_ink,
        )
        with Connection(options.target, options.deadline) as connection:
            for path in options.image:
                outputs = _ask(connection, path, gate, options)
                print(_answer(path, outputs, options.verbose), flush=True)
    except (UserError, ConnectionError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        program,
        description="Asks a TensorFlow Serving server what images show.",
    )
    add = parser.add_argument
    add("--target", required=True, help="host:port of the server's gRPC port")
    add("--model", default="cluttered", help="name (default: %(default)s)")
    add(
        "--signature",
        choices=list(_SIGNATURES),
        default="serving_default",
        help="images as bytes (default) or as float32 in [0, 1]",
    )
    add(
        "--deadline",
        type=_seconds,
        default=10.0,
        help="seconds an answer may take (default: %(default)s)",
    )
    add(
        "--canvas",
        type=_pixels,
        help="side of the black canvas that images are put on (default: none)",
    )
    add("--channels", type=int, choices=[1, 3], default=1)
    add(
        "--invert",
        action="store_true",
        help="take strokes as dark on a white or transparent ground",
    )
    add(
        "--find_ink",
        action="store_true",
        help="find the digit in a drawing or photograph, dark or light, and "
        "place it as MNIST's digits are placed",
    )
    add(
        "--standardise",
        action="store_true",
        help="give images the brightness and contrast of the training",
    )
    add("--verbose", action="store_true", help="answer after every glimpse")
    add("image", nargs="+", help="image file")
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(
            f"must be a positive number of seconds. Received: {text}"
        )
    return seconds


def _pixels(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(
            f"must be at least one pixel. Received: {text}"
        )
    return int(text)


def _ask(connection, path, gate, options) -> dict[str, np.ndarray]:
    image = read_to_ask(path, gate)
    image = _SIGNATURES[options.signature](image)
    outputs = connection.predict(
        options.model, options.signature, {"image": image[None]}
    )
    looks = ("locations", "probabilities_by_glimpse")
    needed = ("class", "probabilities", *(looks if options.verbose else ()))
    return answers.of_one(path, outputs, needed)


def _answer(path: str, outputs: dict[str, np.ndarray], verbose: bool) -> str:
    best = outputs["class"]
    lines = [f"{path}: {_share(best, outputs['probabilities'])}"]
    if verbose:
        looks = zip(
            outputs["locations"],
            outputs["probabilities_by_glimpse"],
            strict=True,
        )
        for t, ((y, x), probabilities) in enumerate(looks, start=1):
            share = _share(probabilities.argmax(), probabilities)
            lines.append(f"  glimpse {t} at ({y:+.2f}, {x:+.2f}): {share}")
    return "\n".join(lines)


def _share(label: int, probabilities: np.ndarray) -> str:
    return f"{label} ({100 * probabilities[label]:.1f}%)"


if __name__ == "__main__":
    sys.exit(main())
