"""The sensor where XLA compiles, where Keras trains, and where cells are."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ram_tf import GlimpseSensor, RAMCell, ReinforceAgent, geometry, xla
from ram_tf.episodes.environments.still_image import StillImage
from ram_tf.evaluation.images import Evaluator, evaluate
from ram_tf.layers.glimpse_sensor import IMPLEMENTATIONS
from ram_tf.training.step import compile_steps

LABELS = np.array([0, 1, 2, 0])
OTHERS = ["extract_glimpse", "crop_and_resize"]
QUICK = ["extract_glimpse", "pyramid"]


def _seen(function, jit_compile):
    """What `xla.compiles` says in a program, in its loop, in a function."""
    seen = {}

    def body(i, x):
        seen["loop"] = xla.compiles()
        return i + 1, x

    @tf.function(autograph=False)
    def inner(x):
        seen["function"] = xla.compiles()
        return x

    def program(x):
        seen["program"] = xla.compiles()
        _, x = tf.while_loop(lambda i, x: i < 2, body, (0, x))
        return inner(x)

    function(program, jit_compile=jit_compile)(tf.constant(1.0))
    return seen


@pytest.mark.parametrize("jit_compile", [True, False])
def test_whether_xla_compiles(jit_compile):
    seen = _seen(tf.function, jit_compile)
    names = ("program", "loop", "function")
    assert seen == dict.fromkeys(names, jit_compile)
    assert not xla.compiles()


@pytest.mark.parametrize("implementation", OTHERS)
def test_compiled_it_reads_the_same_bits(images, implementation):
    sensor = GlimpseSensor(4, 3, implementation)
    locations = tf.random.stateless_uniform([8, 2], [1, 2], -1.5, 1.5)
    compiled = tf.function(sensor, jit_compile=True)
    np.testing.assert_array_equal(
        compiled(tf.constant(images), locations), sensor(images, locations)
    )
    graph = tf.function(sensor).get_concrete_function(images, locations).graph
    ops = {op.type for op in graph.get_operations()}
    assert ops & {"ExtractGlimpse", "ExtractGlimpseV2", "CropAndResize"}


@pytest.mark.slow
@pytest.mark.parametrize("implementation", OTHERS)
@pytest.mark.parametrize("pooling", ["average", "max"])
def test_training_and_evaluation_take_any_sensor(
    make_model, images, implementation, pooling
):
    found = []
    for sensor in (implementation, "gather"):
        model = make_model(sensor=sensor, pooling=pooling)
        agent = ReinforceAgent(model, keras.optimizers.SGD(0.1))
        steps = compile_steps(
            agent,
            lambda indices, step: {"image": tf.constant(images)},
            lambda batch: StillImage(batch["image"], LABELS, steps=3),
            seed=0,
        )
        steps(tf.zeros([2, 4], tf.int32), tf.constant(0), tf.constant(2))
        data = {"image": images, "label": LABELS}
        found.append((model.get_weights(), evaluate(Evaluator(model, data))))
    keras.tree.map_structure(np.testing.assert_array_equal, *found)


@pytest.mark.slow
def test_without_xla_the_plain_op_trains_alike(make_model, images):
    weights = []
    for jit_compile in (False, True):
        model = make_model(sensor="extract_glimpse")
        agent = ReinforceAgent(model, keras.optimizers.SGD(0.1))
        steps = compile_steps(
            agent,
            lambda indices, step: {"image": tf.constant(images)},
            lambda batch: StillImage(batch["image"], LABELS, steps=3),
            seed=0,
            jit_compile=jit_compile,
        )
        steps(tf.zeros([2, 4], tf.int32), tf.constant(0), tf.constant(2))
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("implementation", ["extract_glimpse", "gather"])
@pytest.mark.parametrize("jit_compile", [True, False])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_keras_fits_an_rnn_over_videos(
    make_model, implementation, jit_compile, dtype
):
    """Videos of one brightness are told apart."""
    template = make_model(first_fixation="centre").cell
    cell = RAMCell.from_config(
        {
            **template.get_config(),
            "sensor": keras.saving.serialize_keras_object(
                GlimpseSensor(4, 2, implementation)
            ),
        }
    )
    videos = np.zeros([30, 3, 9, 11, 1], dtype)
    labels = np.arange(30) % 3
    videos += (labels * (120 if dtype == "uint8" else 0.47)).astype(dtype)[
        :, None, None, None, None
    ]
    inputs = keras.Input(videos.shape[1:], dtype=dtype)
    # The first columns of a cell's output are the logits.
    logits = keras.layers.RNN(cell)(inputs)[:, :3]
    model = keras.Model(inputs, logits)
    model.compile(
        keras.optimizers.Adam(0.02),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=jit_compile,
    )
    history = model.fit(videos, labels, batch_size=30, epochs=40, verbose=0)
    losses = history.history["loss"]
    assert losses[-1] < 0.6 * losses[0]
    # The weights of the first layer are trained too.
    before = template.glimpse_net.see.kernel
    assert np.any(cell.glimpse_net.see.kernel != before)


ALL = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
    for name in IMPLEMENTATIONS
    if name != "slices"  # It reads one image.
]


@pytest.mark.parametrize("implementation", ALL)
def test_layers_before_the_rnn_get_no_gradient(make_model, implementation):
    """Ops that have none are not asked for theirs; the cell learns."""
    cell = make_model(sensor=implementation).cell
    inputs = keras.Input([3, 9, 11, 1])
    before = keras.layers.Dense(1, activation="sigmoid")
    logits = keras.layers.RNN(cell)(before(inputs))[:, :3]
    model = keras.Model(inputs, logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, jit_compile=False)
    weights = [weight.numpy() for weight in model.trainable_weights]
    videos = np.random.default_rng(0).random([4, 3, 9, 11, 1], np.float32)
    assert np.isfinite(model.train_on_batch(videos, LABELS))
    changed = {
        weight.path: bool((weight.numpy() != old).any())
        for weight, old in zip(model.trainable_weights, weights, strict=True)
    }
    assert not changed[before.kernel.path]
    assert changed[cell.glimpse_net.see.kernel.path]


@pytest.mark.parametrize(("height", "width"), [(9, 11), (40, 31)])
def test_places_are_where_the_pixels_are(height, width):
    """A ramp of pixel numbers, seen: a cell's mean is its centre."""
    rows, columns = np.mgrid[:height, :width].astype("f")
    ramp = np.stack([rows, columns], axis=-1)[None] / 100
    sensor = GlimpseSensor(3, 3)
    locations = tf.random.stateless_uniform([50, 2], [1, 2], -1.2, 1.2)
    seen = sensor(ramp, locations).numpy().reshape(50, 3, 3, 3, 2)
    places = sensor.places(ramp, locations).numpy()
    assert places.shape == (50, 3, 3, 2)
    whole = 0
    for scale in range(3):
        y = np.repeat(places[:, scale, :, None, 0], 3, axis=2)
        x = np.repeat(places[:, scale, None, :, 1], 3, axis=1)
        reach = 2**scale / 2
        inside = (y >= reach) & (y <= height - reach)
        inside &= (x >= reach) & (x <= width - reach)
        # Pixel p covers p to p + 1.
        centres = 100 * seen[:, :, :, scale] + 0.5
        np.testing.assert_allclose(centres[..., 0][inside], y[inside], 1e-4)
        np.testing.assert_allclose(centres[..., 1][inside], x[inside], 1e-4)
        whole += inside.sum()
    assert whole > 200


@pytest.mark.parametrize("unit", [None, 4.0])
def test_pixels_become_locations_again(unit):
    images = np.zeros([1, 20, 30, 1], np.uint8)
    pixels = tf.constant([[0.0, 0.0], [10, 15], [20, 30], [5, 27.5]])
    locations = geometry.to_locations(
        pixels,
        geometry.sides(images),
        geometry.unit_in_pixels(images, unit),
    )
    by_hand = {
        None: [[-1, -1], [0, 0], [1, 1], [-0.5, 25 / 30]],
        4.0: [[-2.5, -3.75], [0, 0], [2.5, 3.75], [-1.25, 3.125]],
    }
    np.testing.assert_allclose(locations, by_hand[unit], rtol=1e-6)
    again = geometry.to_pixels(locations, images, unit)
    np.testing.assert_allclose(again, pixels, atol=1e-5)
