"""The networks that RAM is compared with, and how they are trained."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ram_tf import Comparator, SupervisedAgent
from ram_tf.comparators import conv_units, make_comparator
from ram_tf.episodes.environments.still_image import StillImage
from ram_tf.evaluation.images import ClassifierEvaluator, evaluate
from ram_tf.layers.shrink import Shrink
from ram_tf.layers.windows import Windows
from ram_tf.training.optimizers import make_optimizer
from ram_tf.training.step import compile_steps

RNG = np.random.default_rng(2)
IMAGES = RNG.integers(0, 256, [4, 15, 15, 1], np.uint8)
LABELS = np.array([0, 1, 2, 0], np.int32)
SEED = tf.constant([0, 0])


def _network(name="fc_64"):
    keras.utils.set_random_seed(1)
    return make_comparator(name, 15, num_classes=3)


@pytest.mark.parametrize("name", ["fc_64", "conv", "conv_any", "conv_128"])
def test_every_layer_computes_as_the_network_is_told_to(name):
    keras.config.set_dtype_policy("float64")
    try:
        network = _network(name)
    finally:
        keras.config.set_dtype_policy("float32")
    again = Comparator.from_config(network.get_config())
    # The answer itself is float32 always.
    policies = [stage.dtype_policy.name for stage in again.stages]
    assert set(policies[:-1]) == {"float64"}


def _agent(name="fc_64", optimizer=None):
    return SupervisedAgent(_network(name), optimizer or keras.optimizers.SGD())


def _relu(x):
    return np.maximum(x, 0)


def _dense(x, layer):
    kernel, bias = (np.float64(weight) for weight in layer.get_weights())
    return x @ kernel + bias


def test_a_fully_connected_network_by_numpy():
    model = _network()
    _, first, second, last = model.stages
    x = IMAGES.reshape(4, -1) / 255
    logits = _dense(_relu(_dense(_relu(_dense(x, first)), second)), last)
    outputs = model(IMAGES)
    assert outputs["logits"].shape == (4, 1, 3)
    np.testing.assert_allclose(outputs["logits"][:, 0], logits, atol=1e-5)
    odds = np.exp(logits)
    np.testing.assert_allclose(
        outputs["probabilities"][:, 0],
        odds / odds.sum(axis=-1, keepdims=True),
        atol=1e-5,
    )


def test_bytes_and_fractions_mean_the_same():
    model = _network("conv")
    np.testing.assert_allclose(
        model(IMAGES)["logits"],
        model((IMAGES / 255).astype("f"))["logits"],
        atol=1e-6,
    )


@pytest.mark.parametrize(("size", "stride"), [(10, 5), (4, 2), (6, 2), (3, 3)])
def test_windows_are_those_of_tensorflow(size, stride):
    images = RNG.normal(size=[2, 16, 21, 3]).astype("f")
    expected = tf.image.extract_patches(
        images, [1, size, size, 1], [1, stride, stride, 1], [1] * 4, "VALID"
    )
    cut = Windows(size, stride)(images)
    blocks, shape = size // stride, cut.shape[:3]
    cut = tf.reshape(cut, [*shape, blocks, blocks, stride, stride, 3])
    cut = tf.transpose(cut, [0, 1, 2, 3, 5, 4, 6, 7])
    np.testing.assert_array_equal(tf.reshape(cut, [*shape, -1]), expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((5, 2), r"multiple of `stride`.*size=5, stride=2"),
        ((0, 1), "size=0"),
        ((2, -1), "stride=-1"),
    ],
)
def test_windows_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        Windows(*arguments)


@pytest.mark.parametrize(
    ("side", "units"), [(10, 256), (28, 256), (60, 256), (100, 86), (9999, 1)]
)
def test_the_conv_net_keeps_its_size(side, units):
    assert conv_units(side) == units


def test_the_conv_net_of_a_size_that_is_asked_for():
    net = make_comparator("conv", 100, units=7)
    # 19 x 19 places of 8 filters.
    assert net.stages[-2].kernel.shape == (19 * 19 * 8, 7)


@pytest.mark.parametrize("side", [15, 40, 128])
def test_convolutions_and_their_maximum_by_tensorflow(side):
    """As Conv2D has them; Windows goes through a window block by block."""
    model = make_comparator("conv_any", 30, num_classes=3)
    images = RNG.integers(0, 256, [2, side, side + 9, 1], np.uint8)
    x = np.pad(images / 255, [(0, 0), (12, 12), (12, 12), (0, 0)]).astype("f")
    dense = [stage for stage in model.stages if hasattr(stage, "kernel")]
    for layer, stride in zip(dense[:-1], (2, 2, 2, 1, 1), strict=True):
        kernel, bias = layer.get_weights()
        depth, size = x.shape[-1], 2 * stride
        kernel = kernel.reshape(2, 2, stride, stride, depth, -1)
        kernel = kernel.transpose(0, 2, 1, 3, 4, 5)
        kernel = kernel.reshape(size, size, depth, -1)
        x = tf.nn.relu(tf.nn.conv2d(x, kernel, stride, "VALID") + bias)
    logits = _dense(np.asarray(x).max(axis=(1, 2)), dense[-1])
    np.testing.assert_allclose(
        model(images)["logits"][:, 0], logits, rtol=1e-3, atol=1e-4
    )


def test_images_are_scaled_by_the_mean_of_blocks():
    images = RNG.normal(size=[2, 12, 12, 3]).astype("f")
    expected = tf.nn.avg_pool2d(images, 3, 3, "VALID")
    np.testing.assert_allclose(Shrink(4)(images), expected, atol=1e-6)
    small, large = (
        make_comparator(name, 128, num_classes=3)
        for name in ("conv_any", "conv_128")
    )
    large.set_weights(small.get_weights())
    image = RNG.integers(0, 256, [2, 128, 128, 1], np.uint8)
    twice = image.repeat(2, axis=1).repeat(2, axis=2)
    for seen in (image, twice):
        np.testing.assert_allclose(
            large(seen)["logits"], small(image)["logits"], atol=1e-5
        )


def test_images_too_small_for_convolutions():
    with pytest.raises(ValueError, match=r"at least 14x14.*20x13"):
        make_comparator("conv_any", 20)(np.zeros([1, 20, 13, 1], "f"))


@pytest.mark.parametrize("shape", [(1, 12, 8, 1), (1, 10, 10, 1)])
def test_images_that_cannot_be_scaled(shape):
    with pytest.raises(ValueError, match=r"square.*multiple of 4.*Received"):
        Shrink(4)(np.zeros(shape, "f"))


@pytest.mark.parametrize("name", ["fc_64", "fc_256", "conv", "conv_any"])
def test_a_network_is_saved_and_loaded(name, tmp_path):
    model = _network(name)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(
        loaded(IMAGES)["logits"], model(IMAGES)["logits"]
    )
    assert (loaded.channels, loaded.num_classes) == (1, 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fc_64", "conv", "conv_any"])
def test_compiled_steps_learn_the_images(name):
    agent = _agent(name, make_optimizer("adam", 1e-2, 1000))
    images = tf.constant(IMAGES)
    steps = compile_steps(
        agent,
        lambda indices, step: {"image": images, "label": LABELS[:4]},
        lambda batch: agent.model.environment(batch["image"], batch["label"]),
        seed=0,
    )
    info = steps(tf.zeros([60, 4], tf.int32), tf.constant(0), tf.constant(60))
    assert info.loss[0] > 0.3
    assert info.loss[-1] < 0.05
    evaluator = ClassifierEvaluator(
        agent.model, {"image": IMAGES, "label": LABELS}
    )
    assert evaluator.rollouts().locations is None
    assert evaluate(evaluator) == {"error": 0.0, "error_by_glimpse": [0.0]}


def test_a_step_by_hand():
    agent = _agent(optimizer=keras.optimizers.SGD(0.5))
    last = agent.model.stages[-1]
    before = last.bias.numpy()
    probabilities = agent.model(IMAGES)["probabilities"].numpy()[:, 0]
    info = agent.train(agent.model.environment(IMAGES, LABELS), SEED)
    likelihood = probabilities[np.arange(4), LABELS]
    assert float(info.loss) == pytest.approx(
        -np.log(likelihood).mean(), rel=1e-5
    )
    right = probabilities.argmax(axis=-1) == LABELS
    assert float(info.extra["accuracy"]) == pytest.approx(right.mean())
    assert tuple(info.extra) == agent.metric_names
    gradient = (probabilities - np.eye(3)[LABELS]).mean(axis=0)
    np.testing.assert_allclose(last.bias, before - 0.5 * gradient, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 2}, "steps=2, rollouts=1, labels"),
        ({"steps": 1, "rollouts": 3}, "steps=1, rollouts=3, labels"),
        ({"steps": 1, "labels": None}, "steps=1, rollouts=1, no labels"),
        ({"steps": 1, "labels": LABELS + 1}, r"in \[0, 3\).*from 1 to 3"),
    ],
)
def test_environments_that_do_not_fit(settings, message):
    environment = StillImage(IMAGES, **{"labels": LABELS, **settings})
    with pytest.raises(ValueError, match=message):
        _agent().train(environment, SEED)


def test_a_model_without_weights():
    with pytest.raises(ValueError, match="must be built"):
        SupervisedAgent(Comparator([4]), keras.optimizers.SGD())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mlp", 60), r"`network` must be one of.*'fc_64'.*network='mlp'"),
        (("conv", 9), "at least 10x10.*side=9"),
        (("conv_any", 13), "at least 14x14.*13x13"),
        (("fc_64", 0), "side=0"),
        (("fc_64", 15, 1, 0), "num_classes=0"),
    ],
)
def test_networks_that_cannot_be_made(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_comparator(*arguments)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": [3, 0]}, "hidden=0"),
        ({"hidden": [3], "filters": -1}, "filters=-1"),
    ],
)
def test_sizes_out_of_range(settings, message):
    with pytest.raises(ValueError, match=message):
        Comparator(**settings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x[:, 1:], r"shape \[None, 15, 15, 1\].*\(4, 14, 15, 1\)"),
        (lambda x: np.tile(x, 3), r"\(4, 15, 15, 3\)"),
        (lambda x: x[0], r"must have rank 4.*\(15, 15, 1\)"),
        (lambda x: x.astype("int32"), "uint8.*float32.*dtype=int32"),
        (lambda x: x * np.float32("nan"), "must be finite"),
    ],
)
def test_bad_images(change, message):
    with pytest.raises(ValueError, match=message):
        _network()(change(IMAGES))
