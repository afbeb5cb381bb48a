"""Kinds of inputs of the library's API: constructors, images, states."""

import functools
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from hypothesis import strategies as st

from benchmarks.fuzzing import arguments, oracle
from benchmarks.fuzzing.arrays import JUNK, Array, arrays, shapes
from benchmarks.fuzzing.outcome import (
    check_finite,
    check_shape,
    check_shares,
    expect,
    outcome,
)
from ram_tf import GlimpseSensor, RAMCell, RecurrentAttentionModel
from ram_tf.layers.action_policy import ActionPolicy
from ram_tf.layers.cell_policy import CellPolicy
from ram_tf.layers.location_policy import LocationPolicy
from ram_tf.layers.stop_policy import StopPolicy

IMAGES = ("images", "frames")
_CHANNELS = st.sampled_from((1, 1, 1, 3, 2))
_ONE_CHANNEL = st.sampled_from((1, 1, 1, 1, 1, 3))
_PLACES = ("random", "zeros", "most", "negative", "nan", "one_nan", "huge")
_FLOATS = ("float32",)
_PYRAMIDS = ("pyramid", "plain_pyramid")


class Look(NamedTuple):
    """A sensor, images and locations."""

    sensor: dict
    images: Array
    locations: Array


def _places(count, width):
    """[N, width], most of them locations; few of another rank."""
    usual = st.tuples(st.integers(1, count), st.just(width))
    return st.one_of(usual, usual, usual, st.tuples(st.integers(0, 3)))


LOOKS = st.builds(
    Look,
    arguments.arguments(arguments.SENSOR, {"size": 3}),
    arrays(shapes(2, 9, _CHANNELS)),
    arrays(_places(4, 2), _PLACES, _FLOATS),
)


def sensor(look: Look) -> str:
    """The retina, against the same in NumPy."""
    images, locations = look.images.make(), look.locations.make()

    def ask():
        made = GlimpseSensor(**look.sensor)
        return made, made(images, locations)

    def check(answer):
        made, glimpses = answer
        size, scales = made.size, made.scales_of(np.shape(images))
        glimpses = check_finite("a glimpse", glimpses)
        depth = scales * np.shape(images)[-1]
        rows = len(np.asarray(locations))
        check_shape("glimpses", glimpses, (rows, size, size, depth))
        within = glimpses.min() >= -1e-4 and glimpses.max() <= 1 + 1e-4
        expect(bool(within), "glimpses are not in [0, 1]")
        if made.implementation in _PYRAMIDS:
            return  # Wide windows begin at the edge of a block.
        right = oracle.glimpses(
            np.asarray(images),
            np.asarray(locations),
            size,
            scales,
            made.pooling,
        )
        expect(np.allclose(glimpses, right, atol=1e-5), "other pixels")

    named = (*look.sensor, *IMAGES, "locations", "windows")
    return outcome(ask, check, named)


class Made(NamedTuple):
    """A model's arguments, and images that it is given."""

    arguments: dict
    images: Array


MODELS = st.builds(
    Made,
    arguments.arguments(arguments.MODEL, arguments.SMALL),
    st.builds(
        Array,
        st.sampled_from(("uint8", "float32")),
        st.tuples(
            st.integers(1, 2), st.integers(1, 9), st.integers(1, 9), st.just(1)
        ),
        st.sampled_from(("random", "zeros", "most")),
        st.integers(0, 99),
    ),
)


def model(made: Made) -> str:
    """A model of any arguments, which looks at images."""
    images = made.images.make()

    def ask():
        looker = RecurrentAttentionModel(**made.arguments)
        return looker, looker(images)

    named = (*made.arguments, *arguments.MODEL)
    return outcome(ask, lambda a: _check_outputs(*a, images), named)


def _check_outputs(looker, outputs, images) -> None:
    """What the docstring of a model says of its outputs."""
    rows = len(images)
    is_video = np.ndim(images) == 5
    looks = np.shape(images)[1] if is_video else looker.glimpses
    for name, values in outputs.items():
        check_finite(name, values)
    check_shape("locations", outputs["locations"], (rows, looks, 2))
    check_shape("baseline", outputs["baseline"], (rows, looks))
    if looker.num_classes:
        shape = (rows, looks, looker.num_classes)
        check_shape("logits", outputs["logits"], shape)
        shares = check_shares("probabilities", outputs["probabilities"])
        check_shape("probabilities", shares, shape)
    if looker.stop:
        used = np.asarray(outputs["glimpses_used"])
        check_shape("glimpses_used", used, (rows,))
        expect(bool((used >= 1).all() and (used <= looks).all()), "looks")
        if looker.num_classes:
            at_stop = shares[np.arange(rows), used - 1]
            same = np.allclose(outputs["answer"], at_stop, atol=1e-6)
            expect(same, "the answer is not the one at the stop")


_POOL = {
    "rnn": {"scales": 2, "sensor": "gather"},
    "lstm": {"core": "lstm", "stop": True},
    "player": {"num_classes": None, "num_actions": 3, "pooling": "max"},
    "cells": {
        "scales": None,
        "encoder_scales": 2,
        "sensor": "pyramid",
        "location_policy": "cells",
        "first_fixation": "centre",
    },
}


@functools.cache
def built(name: str) -> RecurrentAttentionModel:
    """A model that is used again and again."""
    keras.utils.set_random_seed(0)
    made = RecurrentAttentionModel(**arguments.SMALL | _POOL[name])
    made.build((None, None, None, 1) if name == "cells" else (None, 9, 9, 1))
    return made


class Asked(NamedTuple):
    """A model, and what it is given as images."""

    model: str
    images: Array | object


ASKED = st.builds(
    Asked,
    st.sampled_from(tuple(_POOL)),
    st.one_of(
        *[arrays(shapes(3, 9, _ONE_CHANNEL))] * 4,
        arrays(shapes(2, 6, _ONE_CHANNEL, frames=3)),
        st.sampled_from(JUNK),
    ),
)


def images(asked: Asked) -> str:
    """A model that is given whatever there is as images."""
    looker = built(asked.model)
    is_array = isinstance(asked.images, Array)
    given = asked.images.make() if is_array else asked.images

    def check(outputs):
        _check_outputs(looker, outputs, np.asarray(given))
        alone = looker(given[:1])
        same = np.allclose(alone["baseline"], outputs["baseline"][:1], 1e-4)
        expect(same, "an image alone is answered in another way")

    return outcome(
        lambda: looker(given),
        check,
        (*IMAGES, "input", "argument"),
        must_refuse=not is_array or asked.images.is_bad,
    )


class Step(NamedTuple):
    """A cell, a frame, its states, and what is done to one of them."""

    model: str
    frame: Array
    rows: int
    changed: int
    state: Array | object


STEPS = st.builds(
    Step,
    st.sampled_from(tuple(_POOL)),
    arrays(shapes(2, 9, _ONE_CHANNEL), ("random",)),
    st.integers(1, 4),
    st.integers(-4, 4),
    st.one_of(
        *[arrays(_places(4, width), _PLACES, _FLOATS) for width in (2, 4)],
        st.sampled_from(JUNK),
    ),
)


def states(step: Step) -> str:
    """A cell that is given foreign states."""
    cell = built(step.model).cell
    given = [np.asarray(s) for s in cell.get_initial_state(step.rows)]
    is_array = isinstance(step.state, Array)
    is_changed = 0 <= step.changed < len(given)
    if is_changed:
        given[step.changed] = step.state.make() if is_array else step.state
    elif step.changed == 4:
        given.append(given[-1])

    def ask():
        return cell(step.frame.make(), given)

    def check(answer):
        output, after = answer
        check_finite("output", output)
        check_shape("output", output, (len(given[0]), cell.output_size))
        for name, state, size in zip(
            cell.state_names, after, cell.state_size, strict=True
        ):
            check_shape(name, state, (len(given[0]), size))
            check_finite(name, state)
        cell.split(output)

    bad_state = is_changed and (
        not is_array or step.state.values in ("nan", "one_nan")
    )
    return outcome(
        ask,
        check,
        # Keras says "argument" of a state that is no tensor.
        (*IMAGES, "state", "locations", "argument"),
        must_refuse=step.frame.is_bad or bad_state or step.changed == 4,
    )


class Part(NamedTuple):
    """A policy, its arguments, and features."""

    name: str
    arguments: dict
    features: Array


PARTS = st.sampled_from(tuple(arguments.POLICIES)).flatmap(
    lambda name: st.builds(
        Part,
        st.just(name),
        arguments.arguments(arguments.POLICIES[name]),
        st.builds(
            Array,
            st.just("float32"),
            st.tuples(st.integers(1, 3), st.just(4)),
            st.sampled_from(("random", "zeros", "negative")),
            st.integers(0, 99),
        ),
    )
)
_POLICIES = {
    "LocationPolicy": LocationPolicy,
    "CellPolicy": CellPolicy,
    "StopPolicy": StopPolicy,
    "ActionPolicy": ActionPolicy,
}


def policies(part: Part) -> str:
    """Policies of any arguments, on features; and in a cell."""
    kind, features = _POLICIES[part.name], part.features.make()
    given = {"num_actions": 2} if kind is ActionPolicy else {}

    def ask():
        policy = kind(**given | part.arguments)
        if kind in (CellPolicy, LocationPolicy):
            cell = RAMCell(
                GlimpseSensor(3, 2, "gather"),
                built("rnn").cell.glimpse_net.from_config(
                    built("rnn").cell.glimpse_net.get_config()
                ),
                keras.layers.SimpleRNNCell(4),
                policy,
                first_fixation="centre",
            )
            frame = tf.zeros([len(features), 5, 5, 1], tf.uint8)
            states = cell.get_initial_state(len(features))
            return cell(frame, states)[0]
        return policy(features)

    def check(answer):
        check_finite(part.name, answer)
        expect(len(answer) == len(features), "rows are missing")

    return outcome(ask, check, tuple(arguments.POLICIES[part.name]))
