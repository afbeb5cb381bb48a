"""The policy over cells that knows in which direction each of them lies."""

import keras
import noise_glimpses
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from ram_tf import (
    CellPolicy,
    DirectedCellPolicy,
    RecurrentAttentionModel,
)
from ram_tf.export import flatbuffer, tflite

SIZE, SCALES, UNITS, GIVEN = 4, 3, 5, 9
# Of the centres of four columns, from the middle, in halves of the window.
OFF = (-0.75, -0.25, 0.25, 0.75)


def _built(policy):
    policy.build(
        (None, UNITS), (None, SIZE, SIZE, SCALES), (None, SCALES, SIZE, 2)
    )
    return policy


def _glimpse(rows=3):
    return noise_glimpses.make(SIZE, SCALES, rows)


def _features(rows=3):
    rng = np.random.default_rng(3)
    return tf.constant(rng.normal(size=[rows, UNITS]).astype("f"))


def _split(policy):
    """Weights of a CellPolicy, and those of the two directions, by name."""
    weights = {w.name: w.numpy() for w in policy.weights}
    at = slice(GIVEN, GIVEN + 2)
    directions = {
        name: weights[name][..., at] for name in ("common", "own", "query")
    }
    for name in directions:
        weights[name] = np.delete(weights[name], at, axis=-1)
    return list(weights.values()), directions


@pytest.mark.parametrize("filters", [0, 2])
def test_two_numbers_more_than_those_of_a_cell_policy(filters):
    policy = _built(DirectedCellPolicy(SCALES, filters))
    rng = np.random.default_rng(1)
    policy.set_weights(
        [rng.normal(0, 0.3, w.shape).astype("f") for w in policy.get_weights()]
    )
    weights, directions = _split(policy)
    plain = _built(CellPolicy(SCALES, filters))
    plain.set_weights(weights)
    glimpse, features = _glimpse(), _features()
    state = policy.next_state(policy.get_initial_state(3), glimpse)
    logits = plain(features, glimpse, state).numpy()
    logits = logits.reshape(3, SCALES, SIZE, SIZE).astype("f8")
    asked = features.numpy() @ directions["query"]
    for n, s, i, j in np.ndindex(logits.shape):
        weight = directions["common"] + directions["own"][s] + asked[n]
        logits[n, s, i, j] += 10 * (weight[0] * OFF[i] + weight[1] * OFF[j])
    np.testing.assert_allclose(
        policy(features, glimpse, state),
        logits.reshape(3, -1),
        rtol=1e-5,
        atol=1e-4,
    )


@pytest.mark.parametrize(
    ("direction", "cells"),
    [
        ((0, 1), [3, 7, 11, 15]),  # Right.
        ((0, -1), [0, 4, 8, 12]),
        ((1, 0), [12, 13, 14, 15]),  # Down.
    ],
)
def test_what_the_core_asks_for_lies_there(direction, cells):
    """On black, where no other number tells cells of a window apart."""
    policy = _built(DirectedCellPolicy(SCALES))
    names = [weight.name for weight in policy.weights]
    values = [np.zeros(w.shape, "f") for w in policy.get_weights()]
    values[names.index("query")][0, GIVEN : GIVEN + 2] = direction
    policy.set_weights(values)
    glimpse = _glimpse(rows=1)
    glimpse = glimpse._replace(windows=tf.zeros_like(glimpse.windows))
    state = policy.get_initial_state(1)
    logits = policy(tf.eye(1, UNITS), glimpse, state)
    best = np.flatnonzero(logits[0] == tf.reduce_max(logits)) % SIZE**2
    assert sorted(set(best.tolist())) == cells


def test_it_begins_as_a_cell_policy():
    """The directions weigh nothing at first, but for the query's small ones."""
    policy, plain = _built(DirectedCellPolicy(filters=2)), _built(CellPolicy())
    first = {weight.name: weight.numpy() for weight in policy.weights}
    assert first["common"][:GIVEN].tolist() == plain.common.numpy().tolist()
    assert first["common"][GIVEN:].tolist() == [0.0, 0.0, 0.0, 0.0]
    assert not first["own"].any()


def _model_and_images():
    """A model that has learnt to ask for directions, and two images."""
    keras.utils.set_random_seed(0)
    model = RecurrentAttentionModel(
        num_classes=3,
        glimpses=3,
        glimpse_size=6,
        scales=3,
        core_units=16,
        sensor="pyramid",
        location_policy="directed_cells",
        first_fixation="centre",
    )
    model.build((None, 40, 40, 1))
    policy = model.cell.location_policy
    query = np.random.default_rng(1).normal(0, 0.3, policy.query.shape)
    policy.query.assign(query.astype("f"))
    images = np.random.default_rng(0).integers(0, 256, [2, 40, 40, 1], "uint8")
    return model, images


def test_a_saved_model_is_the_same(tmp_path):
    model, images = _model_and_images()
    expected = model(images)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(again.cell.location_policy, DirectedCellPolicy)
    for name, values in again(images).items():
        np.testing.assert_array_equal(values, expected[name])


@pytest.mark.parametrize(("kind", "near"), [("float32", 1e-5), ("int8", 0.02)])
def test_tflite_looks_where_it_does(kind, near):
    model, images = _model_and_images()
    expected = model(images)
    flat = flatbuffer.write(tflite.convert(model, 40)[kind])
    classify = Interpreter(model_content=flat).get_signature_runner("classify")
    for number, image in enumerate(images):
        answer = classify(image=image[None])
        for found, name in [
            ("probabilities_by_glimpse", "probabilities"),
            ("locations", "locations"),
        ]:
            np.testing.assert_allclose(
                answer[found][0], expected[name][number], atol=near
            )
