"""Kinds of models, and what Keras does with models, about fit."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ram_tf import RecurrentAttentionModel, ReinforceAgent
from ram_tf.comparators import make_comparator
from ram_tf.episodes.environments.weighted import Weighted
from ram_tf.noise import step_seed
from tests.fitted import FIT

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, [8, 12, 12, 1], np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2, 2, 0], np.int32)


def _model(**changes):
    keras.utils.set_random_seed(1)
    sizes = dict.fromkeys(("core_units", "units", "glimpse_units"), 8)
    settings = {"location_units": 8, "glimpse_size": 4, "sensor": "gather"}
    model = RecurrentAttentionModel(3, 2, **sizes | settings | changes)
    model.build((None, 12, 12, 1))
    return model


def _eager(model, optimizer=None, **changes):
    optimizer = optimizer or keras.optimizers.SGD(0.1)
    model.compile(optimizer, rollouts=2, run_eagerly=True, **changes)
    return model


def test_gathered_gradients_are_of_different_rollouts():
    gathering = keras.optimizers.SGD(0.1, gradient_accumulation_steps=2)
    fitted = _eager(_model(), gathering, seed=7)
    fitted.fit(IMAGES, LABELS, **FIT)
    model = _model()
    agent = ReinforceAgent(
        model,
        keras.optimizers.SGD(0.1),
        rollouts=2,
        baseline="leave_one_out",
        policy_weight=0.14,
    )
    gradients = [
        agent.gradients(
            model.environment(
                IMAGES[rows],
                LABELS[rows],
                rollouts=2,
                reward="log_likelihood",
            ),
            step_seed(7, tf.constant(step)),
        )[0]
        for step, rows in enumerate((slice(0, 4), slice(4, 8)))
    ]
    agent.update([(a + b) / 2 for a, b in zip(*gradients, strict=True)])
    for one, other in zip(
        fitted.get_weights(), model.get_weights(), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_weighted_images_are_learned_from_so_much_more():
    model = _model()
    agent = ReinforceAgent(
        model, keras.optimizers.SGD(0.1), rollouts=2, baseline="leave_one_out"
    )

    def gradients(images, labels, weights):
        environment = model.environment(
            images, labels, rollouts=2, reward="log_likelihood"
        )
        weighted = Weighted(environment, tf.constant(weights))
        return agent.gradients(weighted, tf.constant([3, 4]))[0]

    ours = gradients(IMAGES, LABELS, [2.0] * 4 + [0.0] * 4)
    half = gradients(IMAGES[:4], LABELS[:4], [1.0] * 4)
    for one, other in zip(ours, half, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_frozen_layers_stay_as_they_are():
    model = _model()
    model.cell.glimpse_net.trainable = False
    _eager(model)
    before = model.cell.glimpse_net.get_weights()
    core = model.cell.core.get_weights()
    model.fit(IMAGES, LABELS, **FIT)
    for one, other in zip(
        model.cell.glimpse_net.get_weights(), before, strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(model.cell.core.get_weights()[0], core[0])
    model.trainable = False
    _eager(model)
    with pytest.raises(ValueError, match="trainable=False"):
        model.fit(IMAGES, LABELS, **FIT)
    assert len(model.evaluate(IMAGES, LABELS, verbose=0)) == 2


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_global_policy_leaves_the_eye_in_float32(policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = _model()
    finally:
        keras.config.set_dtype_policy("float32")
    reads = []
    sensor = model.cell.sensor
    call = sensor.call

    def seen(*given, **named):
        reads.append(call(*given, **named))
        return reads[-1]

    sensor.call = seen
    outputs = model(IMAGES)
    assert {tensor.dtype for tensor in reads} == {tf.float32}
    assert {v.dtype for v in outputs.values()} == {tf.float32}
    assert {v.dtype for v in model.weights} == {"float32"}
    assert model.cell.core.compute_dtype == policy.removeprefix("mixed_")
    plain = _model()
    np.testing.assert_array_equal(
        outputs["locations"][:, 0], plain(IMAGES)["locations"][:, 0]
    )


def test_the_loss_of_float16_is_scaled():
    model = _eager(_model(dtype="mixed_float16"), keras.optimizers.SGD(0.1))
    plain = _eager(_model())
    for one in (model, plain):
        before = one.get_weights()
        one.fit(IMAGES, LABELS, epochs=2, **FIT)
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    for name, one, other, start in zip(
        [v.path for v in model.weights],
        model.get_weights(),
        plain.get_weights(),
        before,
        strict=True,
    ):
        moved = np.abs(other - start).max()
        np.testing.assert_allclose(
            one, other, atol=0.2 * moved + 1e-4, err_msg=name
        )


def test_clones_and_configurations():
    model = _eager(_model())
    copies = (
        keras.models.clone_model(model),
        RecurrentAttentionModel.from_config(model.get_config()),
    )
    expected = model(IMAGES)["probabilities"]
    for copy in copies:
        copy.build((None, 12, 12, 1))
        copy.set_weights(model.get_weights())
        np.testing.assert_array_equal(copy(IMAGES)["probabilities"], expected)
    copies[0].compile("sgd", rollouts=2, run_eagerly=True)
    copies[0].fit(IMAGES, LABELS, **FIT)


def _recompiled(outer):
    outer.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    return outer


def test_in_a_functional_model_the_eye_does_not_learn():
    model = _model()
    inputs = keras.Input((12, 12, 1), dtype="uint8")
    last = model(inputs)["probabilities"][:, -1]
    outer = keras.Model(inputs, keras.layers.Dense(3, "softmax")(last))
    answers = keras.Model(inputs, last).predict(IMAGES, verbose=0)
    np.testing.assert_allclose(
        answers, model(IMAGES)["probabilities"][:, -1], rtol=1e-5
    )
    eye = model.cell.location_policy.get_weights()
    _recompiled(outer)
    with (
        pytest.warns(UserWarning, match="where to look"),
        pytest.warns(UserWarning, match="Gradients do not exist"),
    ):
        outer.fit(IMAGES, LABELS, **FIT)
    for one, other in zip(
        model.cell.location_policy.get_weights(), eye, strict=True
    ):
        np.testing.assert_array_equal(one, other)
    model.trainable = False
    _recompiled(outer).fit(IMAGES, LABELS, **FIT)


def test_videos():
    model = _eager(_model(), seed=1)
    videos = RNG.integers(0, 256, [4, 3, 12, 12, 1], np.uint8)
    model.fit(videos, LABELS[:4], **FIT)
    found = model.evaluate(videos, LABELS[:4], verbose=0, return_dict=True)
    right = model(videos)["probabilities"][:, -1].numpy().argmax(-1)
    assert found["accuracy"] == pytest.approx((right == LABELS[:4]).mean())


@pytest.mark.parametrize(
    "model",
    [
        lambda: _model(num_actions=3),
        lambda: RecurrentAttentionModel(None, 2, num_actions=2),
        lambda: make_comparator("fc_64", 12, num_classes=3, answers=2),
    ],
)
def test_models_that_do_more_than_to_name_an_image(model):
    model = model()
    model.compile("adam")
    for method in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match="one answer to an image"):
            method(IMAGES, LABELS)
