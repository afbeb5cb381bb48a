"""RAMCell keeps Keras' contract of an RNN cell."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ram_tf.episodes.environments.video import Video
from ram_tf.episodes.policies import Policy
from ram_tf.episodes.unroll import unroll

CORES = ["rnn", "lstm"]


def _video(dtype):
    rng = np.random.default_rng(0)
    video = rng.integers(0, 256, [2, 5, 9, 11, 1], np.uint8)
    return video if dtype == "uint8" else (video / 255).astype("f")


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("core", CORES)
def test_in_a_keras_rnn_it_is_the_deterministic_unroll(make_model, core, dtype):
    cell, video = make_model(core=core).cell, _video(dtype)
    rnn = keras.layers.RNN(cell, return_sequences=True, return_state=True)
    outputs, *states = rnn(video)
    output = cell.split(outputs)
    trajectory = unroll(Policy(cell), Video(video))
    looked = trajectory.action["location"]
    close = {"rtol": 1e-5, "atol": 1e-6}
    np.testing.assert_allclose(output.logits, trajectory.logits, **close)
    # The unroll tells what was known before each glimpse, the cell after it.
    before = output.location[:, :-1], output.baseline[:, :-1]
    np.testing.assert_allclose(before[0], looked[:, 1:], **close)
    np.testing.assert_allclose(before[1], trajectory.baseline[:, 1:], **close)
    np.testing.assert_allclose(states[-1], output.location[:, -1], **close)


def test_the_rnn_looks_at_every_frame(make_model):
    cell, video = make_model().cell, _video("uint8")
    rnn = keras.layers.RNN(cell, return_sequences=True)
    changed = video.copy()
    changed[:, 3] = 255 - changed[:, 3]
    same = np.all(rnn(video).numpy() == rnn(changed).numpy(), axis=(0, 2))
    assert same.tolist() == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("core", "sizes", "names"),
    [
        ("rnn", [6, 2], ["core", "location"]),
        ("lstm", [6, 6, 2], ["core", "core_memory", "location"]),
    ],
)
def test_state(make_model, core, sizes, names):
    cell = make_model(core=core).cell
    assert cell.state_size == sizes
    assert cell.state_names == names
    states = cell.get_initial_state(batch_size=4)
    assert [tuple(state.shape) for state in states] == [(4, n) for n in sizes]
    assert all(state.dtype == tf.float32 for state in states)


@pytest.mark.parametrize(
    ("first", "location"),
    [
        ("learned", np.tanh([0.3, -0.2])),
        ("centre", [0, 0]),
        ("random", [0, 0]),
    ],
)
def test_initial_state(make_model, first, location):
    cell = make_model(first_fixation=first).cell
    core, where = cell.get_initial_state(batch_size=2)
    np.testing.assert_array_equal(core, np.zeros([2, 6]))
    np.testing.assert_allclose(where, [location, location], rtol=1e-6)


def test_call_and_split(make_model, images):
    cell = make_model(core="lstm").cell
    states = cell.get_initial_state(batch_size=4)
    output, next_states = cell(images, states)
    assert cell.output_size == 3 + 1 + 2
    assert output.shape == (4, cell.output_size)
    parts = cell.split(output)
    features = next_states[0]
    np.testing.assert_array_equal(parts.logits, cell.classifier(features))
    np.testing.assert_array_equal(parts.baseline, cell.baseline(features))
    np.testing.assert_array_equal(parts.location, next_states[-1])
    np.testing.assert_array_equal(
        parts.location, cell.location_policy(features)
    )
    assert [s.shape for s in next_states] == [s.shape for s in states]


def test_without_classes(make_model, images):
    cell = make_model(num_classes=None).cell
    output, _ = cell(images, cell.get_initial_state(batch_size=4))
    parts = cell.split(output)
    assert cell.output_size == output.shape[-1] == 3
    assert parts.logits.shape == (4, 0)
    assert parts.baseline.shape == (4,)
    assert parts.location.shape == (4, 2)


def test_split_by_hand(make_model):
    cell = make_model().cell
    parts = cell.split(tf.constant([[[1.0, 2, 3, 4, 5, 6]]]))
    np.testing.assert_array_equal(parts.logits, [[[1, 2, 3]]])
    np.testing.assert_array_equal(parts.baseline, [[4]])
    np.testing.assert_array_equal(parts.location, [[[5, 6]]])


def test_rollouts_read_their_own_image(make_model, images):
    cell = make_model().cell
    states = cell.get_initial_state(batch_size=8)
    tiled, _ = cell(np.repeat(images, 2, axis=0), states)
    shared, _ = cell(images, states)
    np.testing.assert_array_equal(shared, tiled)


@pytest.mark.parametrize("core", CORES)
def test_mixed_precision_keeps_states_in_float32(make_model, images, core):
    cell = make_model(core=core, dtype="mixed_bfloat16").cell
    assert cell.core.compute_dtype == "bfloat16"
    assert cell.glimpse_net.compute_dtype == "bfloat16"
    output, states = cell(images, cell.get_initial_state(batch_size=4))
    assert output.dtype == tf.float32
    assert [state.dtype for state in states] == [tf.float32] * len(states)
    location = states[-1]
    rounded = tf.cast(tf.cast(location, tf.bfloat16), tf.float32)
    assert tf.reduce_any(rounded != location)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_mixed_precision_model_takes_images(make_model, images, dtype):
    model = make_model(dtype="mixed_bfloat16")
    if dtype == "float32":
        images = (images / 255).astype("f")
    outputs = model(images)
    expected = make_model()(images)
    assert outputs["locations"].dtype == tf.float32
    np.testing.assert_allclose(outputs["logits"], expected["logits"], atol=0.05)


def test_a_unit_in_pixels_moves_the_same_pixels(make_model):
    """On a canvas with a wide border a model in pixels sees the same."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, [2, 40, 44, 1], np.uint8)
    wide = np.pad(image, [(0, 0), (8, 8), (10, 10), (0, 0)])
    pixels, halves = make_model(location_unit=3.0), make_model()
    np.testing.assert_allclose(
        pixels(wide)["logits"], pixels(image)["logits"], rtol=1e-5
    )
    assert not np.allclose(
        halves(wide)["logits"], halves(image)["logits"], rtol=1e-2
    )
