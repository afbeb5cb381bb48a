"""All kinds of inputs by name: what draws them, and what is held of them."""

from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis.strategies import SearchStrategy

from benchmarks.fuzzing import library, requests


class Kind(NamedTuple):
    """A kind of input.

    Attributes:
        inputs: Draws one.
        ask: Says whether it was "answered" or "refused"; raises whatever an
            input must not raise, a Fault where the answer is not right.
        share: Of all inputs, beside those of the other kinds.
    """

    inputs: SearchStrategy
    ask: Callable[[Any], str]
    share: int


KINDS = {
    "sensor": Kind(library.LOOKS, library.sensor, 4),
    "model": Kind(library.MODELS, library.model, 2),
    "images": Kind(library.ASKED, library.images, 4),
    "states": Kind(library.STEPS, library.states, 4),
    "policies": Kind(library.PARTS, library.policies, 2),
    "saved_model": Kind(requests.REQUESTS, requests.saved_model, 4),
    "device": Kind(requests.PICTURES, requests.device, 4),
    "client": Kind(requests.ANSWERS, requests.client, 4),
    "pictures": Kind(requests.GATED, requests.pictures, 4),
}
