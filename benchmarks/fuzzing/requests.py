"""Kinds of requests: of a SavedModel, a device, a client, and pictures."""

import functools
import pathlib
import tempfile
from typing import Any, NamedTuple

import numpy as np
import PIL.Image
import tensorflow as tf
from hypothesis import strategies as st

from benchmarks.fuzzing import library
from benchmarks.fuzzing.arrays import JUNK, Array, arrays, shapes
from benchmarks.fuzzing.outcome import (
    check_finite,
    check_shape,
    check_shares,
    expect,
    outcome,
)
from ram_tf.export.tflite import save_tflite
from ram_tf.served.saved_model import save_saved_model
from ram_tf_commands.device import DeviceModel
from ram_tf_data import answers
from ram_tf_data.gate import Gate

_SIDE, _MOST = 9, 12
# Asked from Python, TensorFlow says "input" of another dtype.
_NAMED = ("image", "batch", "input")
_CHANNELS = st.sampled_from((1, 1, 1, 1, 3))
_FOLDERS: list[tempfile.TemporaryDirectory] = []  # Until the process ends.


def _folder() -> pathlib.Path:
    _FOLDERS.append(tempfile.TemporaryDirectory())
    return pathlib.Path(_FOLDERS[-1].name)


@functools.cache
def _served():
    folder = _folder()
    save_saved_model(library.built("lstm"), folder, max_side=_MOST)
    return tf.saved_model.load(str(folder))


class Request(NamedTuple):
    """What a signature is asked."""

    signature: str
    images: Array
    state: Array
    changed: int


REQUESTS = st.builds(
    Request,
    st.sampled_from(("serving_default", "serving_float32", "step")),
    arrays(shapes(3, _MOST + 1, _CHANNELS)),
    arrays(
        st.sampled_from(((1, 4), (1, 2), (2, 4), (3, 2), (4,), (0, 4))),
        ("nan", "one_nan", "huge"),
        ("float32",),
    ),
    st.integers(-2, 2),
)


def saved_model(request: Request) -> str:
    """The signatures that a server answers by."""
    given = tf.constant(request.images.make())
    signature = _served().signatures[request.signature]
    if request.signature == "step":
        return _step(signature, given, request)
    # Graphs check what the glimpses see, and they may not see one pixel.
    may_be_unseen = request.images.values == "one_nan"

    def check(found):
        _check_answer(found, len(given))
        if may_be_unseen and given.dtype.is_floating:
            _check_unseen(signature, given, found)

    return outcome(
        lambda: signature(image=given),
        check,
        _NAMED,
        must_refuse=request.images.is_bad and not may_be_unseen,
    )


def _check_unseen(signature, images, found) -> None:
    """That the pixels that are NaN make no difference, whatever they are."""
    for value in (0.0, 1.0):
        known = tf.where(tf.math.is_nan(images), value, images)
        for name, right in signature(image=known).items():
            same = np.allclose(found[name], right, atol=1e-6)
            expect(same, f"a NaN was seen, and {name} was answered")


def _step(signature, frame, request: Request) -> str:
    rows = frame.shape[0] if frame.shape.rank else 1
    state = {
        "core": np.zeros([rows, 4], np.float32),
        "core_memory": np.zeros([rows, 4], np.float32),
        "location": np.zeros([rows, 2], np.float32),
    }
    bad = False
    if request.changed >= 0:
        name = list(state)[request.changed]
        state[name] = request.state.make()
        bad = request.state.values in ("nan", "one_nan") and rows > 0
    tensors = {name: tf.constant(value) for name, value in state.items()}

    def check(found):
        for name, value in found.items():
            check_finite(name, value)
            expect(len(value) == rows, f"rows of {name}")
        check_shares("probabilities", found["probabilities"])

    return outcome(
        lambda: signature(frame=frame, **tensors),
        check,
        (*_NAMED, "frame", *state),
        must_refuse=bad,
    )


def _check_answer(found, rows: int) -> None:
    shares = check_shares("probabilities", found["probabilities"])
    looks = library.built("lstm").glimpses
    check_shape("probabilities", shares, (rows, 3))
    check_shape("locations", found["locations"], (rows, looks, 2))
    check_finite("locations", found["locations"])
    best = np.asarray(found["class"])
    expect(bool((best == shares.argmax(-1)).all()), "class is not the best")


@functools.cache
def _on_device() -> DeviceModel:
    paths = save_tflite(library.built("rnn"), _SIDE, _folder(), "small")
    return DeviceModel(paths[0])


PICTURES = st.one_of(
    *[arrays(st.sampled_from(((_SIDE, _SIDE, 1), (_SIDE, _SIDE))))] * 3,
    arrays(shapes(1, _SIDE + 1, _CHANNELS)),
    st.sampled_from(JUNK),
)


def device(picture: Array | object) -> str:
    """What a device's model is given as an image."""
    is_array = isinstance(picture, Array)
    given = picture._replace(form="numpy").make() if is_array else picture
    return outcome(
        lambda: _on_device()(given),
        lambda found: _check_answer(found, 1),
        ("image",),
        must_refuse=not is_array or picture.is_bad,
    )


_ANY = st.dictionaries(
    st.sampled_from(("class", "probabilities", "locations", "words")),
    arrays(
        st.sampled_from(((), (3,), (2, 3), (0,), (3, 0))),
        ("nan", "one_nan", "negative", "huge"),
    )
    | st.sampled_from(JUNK),
)


@st.composite
def _sound(draw) -> dict[str, Any]:
    """What a model answers; and in half of the cases one thing of it is odd."""
    classes = draw(st.integers(1, 5))
    parts = draw(st.lists(st.integers(1, 9), min_size=classes))[:classes]
    answer = {
        "probabilities": [part / sum(parts) for part in parts],
        "class": parts.index(max(parts)),
        "locations": [[0.0, 0.5]],
    }
    if draw(st.booleans()):
        odd = st.sampled_from(JUNK) | st.just(classes)
        answer[draw(st.sampled_from(sorted(answer)))] = draw(odd)
    return answer


ANSWERS = _ANY | _sound()


def client(outputs: dict[str, Any]) -> str:
    """What a server, or a device, may answer to its client."""
    made = {
        name: np.asarray(value.make()) if isinstance(value, Array) else value
        for name, value in outputs.items()
    }

    def check(_):
        check_finite("probabilities", made["probabilities"])
        sums = np.asarray(made["probabilities"], float).sum(-1)
        expect(bool(np.abs(sums - 1).max() < 0.02), "no shares of 1")
        best = int(np.asarray(made.get("class", 0)))
        expect(best < np.shape(made["probabilities"])[-1], "no class")

    return outcome(
        lambda: answers.check("a.png", made), check, ("answer", "a.png")
    )


class Picture(NamedTuple):
    """A picture, and what it goes through."""

    mode: str
    size: tuple[int, int]
    seed: int
    gate: dict


GATED = st.builds(
    Picture,
    st.sampled_from(("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "F", "CMYK")),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.integers(0, 2**16),
    st.fixed_dictionaries(
        {
            "side": st.none() | st.integers(1, 30),
            "channels": st.sampled_from((1, 3)),
            "invert": st.booleans(),
            "standardised": st.booleans(),
            "find_ink": st.booleans(),
        }
    ),
)


def pictures(picture: Picture) -> str:
    """The gate between a file and a model."""
    image = _picture(picture)

    def check(seen):
        side, channels = picture.gate["side"], picture.gate["channels"]
        pixels = seen.pixels
        expect(pixels.dtype == np.uint8, f"pixels are {pixels.dtype}")
        expect(pixels.ndim == 3, f"shape {pixels.shape}")
        expect(pixels.shape[-1] == channels, f"shape {pixels.shape}")
        if side:
            check_shape("pixels", pixels, (side, side, channels))

    return outcome(
        lambda: Gate(**picture.gate).see(image, "a.png"),
        check,
        ("a.png", "--", *picture.gate),
    )


def _picture(picture: Picture) -> PIL.Image.Image:
    rng = np.random.default_rng(picture.seed)
    width, height = picture.size
    if picture.mode == "I;16":
        values = rng.integers(0, 2**16, (height, width), np.uint16)
        return PIL.Image.fromarray(values)
    values = rng.integers(0, 256, (height, width, 4), np.uint8)
    if rng.random() < 0.2:
        values[:] = values[0, 0]  # A blank one.
    whole = PIL.Image.fromarray(values, "RGBA")
    if picture.mode in ("P", "1", "F", "CMYK"):
        whole = whole.convert("RGB")
    return whole.convert(picture.mode)
