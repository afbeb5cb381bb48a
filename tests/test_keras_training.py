"""Keras' own ways: compile, fit, evaluate, callbacks, save and load."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ram_tf import RecurrentAttentionModel, ReinforceAgent
from ram_tf.comparators import make_comparator
from ram_tf.evaluation.images import Evaluator
from ram_tf.noise import step_seed

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, [8, 12, 12, 1], np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2, 2, 0], np.int32)
FIT = {"batch_size": 4, "shuffle": False, "verbose": 0}
LEARNING = {"rollouts": 2, "policy_weight": 0.5, "intermediate_weight": 0.1}


def _model(policy="gaussian", **changes):
    keras.utils.set_random_seed(1)
    cells = policy == "cells"
    sizes = dict.fromkeys(("core_units", "units", "glimpse_units"), 8)
    settings = {
        "glimpse_size": 4,
        "scales": 3 if cells else 1,
        "location_units": 8,
        "sensor": "gather",
        "location_policy": policy,
        "first_fixation": "centre" if cells else "learned",
    }
    return RecurrentAttentionModel(3, 3, **sizes | settings | changes)


def _compiled(policy="gaussian", optimizer=None, **changes):
    model = _model(policy)
    optimizer = optimizer or keras.optimizers.Adam(0.01)
    model.compile(optimizer, **LEARNING | changes)
    return model


def _assert_same(model, other, exact=True):
    for one, expected in zip(
        model.get_weights(), other.get_weights(), strict=True
    ):
        if exact:
            np.testing.assert_array_equal(one, expected)
        else:
            np.testing.assert_allclose(one, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("policy", ["gaussian", "cells"])
def test_a_step_of_fit_is_a_step_of_the_agent(policy):
    # Adam would make much of the last bits of small gradients.
    fitted = _compiled(policy, keras.optimizers.SGD(0.01), seed=7)
    fitted.fit(IMAGES, LABELS, epochs=2, **FIT)
    model = _model(policy)
    model.build((None, 12, 12, 1))
    agent = ReinforceAgent(
        model,
        keras.optimizers.SGD(0.01),
        rollouts=2,
        baseline="leave_one_out",
        policy_weight=0.5,
    )
    for step in range(4):
        rows = slice(0, 4) if step % 2 == 0 else slice(4, 8)
        environment = model.environment(
            IMAGES[rows],
            LABELS[rows],
            rollouts=2,
            reward="log_likelihood",
            intermediate_weight=0.1,
        )
        agent.train(environment, step_seed(7, tf.constant(step)))
    _assert_same(fitted, model, exact=False)


@pytest.mark.slow
def test_saved_in_the_middle_it_goes_on_as_if_it_had_not_been(tmp_path):
    whole, first = _compiled(), _compiled()
    whole.fit(IMAGES, LABELS, epochs=3, **FIT)
    first.fit(IMAGES, LABELS, epochs=1, **FIT)
    first.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    loaded.fit(IMAGES, LABELS, epochs=2, **FIT)
    _assert_same(loaded, whole)


@pytest.mark.slow
def test_a_measurement_is_of_one_deterministic_rollout():
    model = _compiled()
    model.fit(IMAGES, LABELS, **FIT)
    found = model.evaluate(
        IMAGES, LABELS, batch_size=4, verbose=0, return_dict=True
    )
    probabilities = model(IMAGES)["probabilities"][:, -1].numpy()
    right = probabilities.argmax(-1) == LABELS
    likelihood = probabilities[np.arange(8), LABELS]
    assert found["accuracy"] == pytest.approx(right.mean())
    assert found["loss"] == pytest.approx(-np.log(likelihood).mean(), rel=1e-4)
    assert set(found) == {"loss", "accuracy"}


@pytest.mark.slow
def test_a_model_that_stops_is_measured_at_its_stop():
    model = _model(stop=True)
    model.compile("adam", **LEARNING)
    model.fit(IMAGES, LABELS, **FIT)
    found = model.evaluate(IMAGES, LABELS, verbose=0, return_dict=True)
    right = model(IMAGES)["answer"].numpy().argmax(-1) == LABELS
    assert found["accuracy"] == pytest.approx(right.mean())


@pytest.mark.slow
def test_callbacks(tmp_path):
    model = _compiled()
    rates = []
    callbacks = [
        keras.callbacks.EarlyStopping("val_loss", patience=0, min_delta=9.0),
        keras.callbacks.ModelCheckpoint(
            tmp_path / "best.keras",
            "val_accuracy",
            mode="max",
            save_best_only=True,
        ),
        keras.callbacks.TensorBoard(tmp_path / "logs"),
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)),
        keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: rates.append(
                float(model.optimizer.learning_rate)
            )
        ),
    ]
    history = model.fit(
        IMAGES,
        LABELS,
        epochs=5,
        validation_data=(IMAGES, LABELS),
        callbacks=callbacks,
        **FIT,
    )
    assert len(history.history["val_loss"]) == 2  # It is stopped early.
    assert rates == pytest.approx([0.1, 0.05])
    assert list((tmp_path / "logs").rglob("events*"))
    best = keras.saving.load_model(tmp_path / "best.keras")
    found = best.evaluate(IMAGES, LABELS, verbose=0, return_dict=True)
    kept = max(history.history["val_accuracy"])
    assert found["accuracy"] == pytest.approx(kept)


@pytest.mark.slow
def test_an_interrupted_fit_is_taken_up_again(tmp_path):
    def fit(model, *callbacks):
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
        callbacks = [backup, *callbacks]
        model.fit(IMAGES, LABELS, epochs=3, callbacks=callbacks, **FIT)

    def interrupt(epoch, logs):
        if epoch == 1:
            raise KeyboardInterrupt

    interruption = keras.callbacks.LambdaCallback(on_epoch_begin=interrupt)
    with pytest.raises(KeyboardInterrupt):
        fit(_compiled(), interruption)
    resumed, whole = _compiled(), _compiled()
    fit(resumed)
    whole.fit(IMAGES, LABELS, epochs=3, **FIT)
    _assert_same(resumed, whole)


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [2, 3, 50])
def test_datasets_and_many_steps_at_once(at_once):
    """In one program, the last of which has fewer steps, or a smaller batch."""
    plain, other = _compiled(), _compiled(steps_per_execution=at_once)
    some = (IMAGES[:-1], LABELS[:-1])
    data = tf.data.Dataset.from_tensor_slices(some).batch(4)
    told = [
        plain.fit(*some, epochs=2, **FIT).history,
        other.fit(data, epochs=2, shuffle=False, verbose=0).history,
    ]
    _assert_same(other, plain)
    assert told[0].keys() == told[1].keys()
    for name, values in told[0].items():
        np.testing.assert_allclose(told[1][name], values, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_steps_at_once_are_one_program():
    model, calls = _compiled(steps_per_execution=3), []
    model.build((None, *IMAGES.shape[1:]))
    model.make_train_function()
    train = model.train_function
    model.train_function = lambda data: calls.append(1) or train(data)
    weights = np.ones(len(LABELS), np.float32)
    model.fit(IMAGES, LABELS, sample_weight=weights, **FIT)
    steps = -(-len(LABELS) // FIT["batch_size"])
    assert int(model.optimizer.iterations) == steps
    assert len(calls) == -(-steps // 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fc_64", "conv"])
def test_networks_on_whole_images_are_fitted_too(name):
    keras.utils.set_random_seed(0)
    model = make_comparator(name, 12, num_classes=3)
    model.compile(keras.optimizers.Adam(0.01))
    history = model.fit(IMAGES, LABELS, epochs=40, **FIT).history
    assert history["accuracy"][-1] == 1.0


@pytest.mark.slow
def test_mixed_precision():
    model = _model(dtype="mixed_bfloat16")
    model.compile("adam", **LEARNING)
    history = model.fit(IMAGES, LABELS, **FIT).history
    assert np.isfinite(history["loss"]).all()


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["gaussian", "cells"])
def test_the_eye_learns(policy):
    """Bright squares far from the centre, which one class in three has not."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, [600]).astype(np.int32)
    images = np.zeros([600, 12, 12, 1], np.uint8)
    corners = [(0, 0), (0, 9), (9, 0)]
    for image, label in zip(images, labels, strict=True):
        y, x = corners[rng.integers(3)]
        image[y : y + 3, x : x + 3] = 85 * (label + 1)
    sizes = dict.fromkeys(("core_units", "units", "glimpse_units"), 32)
    model = _model(policy, **sizes, scales=3 if policy == "cells" else 2)
    model.compile(keras.optimizers.Adam(0.003), intermediate_weight=0.3)
    model.fit(images, labels, epochs=40, batch_size=30, verbose=0)
    evaluator = Evaluator(model, {"image": images, "label": labels})
    learnt, random = (
        evaluator.error(evaluator.rollouts(name).probabilities)[-1]
        for name in ("deterministic", "random")
    )
    found = model.evaluate(images, labels, verbose=0, return_dict=True)
    assert found["accuracy"] == pytest.approx(1 - learnt / 100, abs=1e-3)
    assert learnt < 10
    assert random > 2 * learnt


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"loss": "mse"}, "The loss is the agent's.*'mse'"),
        ({"loss_weights": [1]}, "`loss_weights`: the agent's loss has weights"),
        ({"metrics": {"answer": "acc"}}, "must be a list of Keras' metrics"),
        ({"rolouts": 3}, "`rolouts`: there is no such argument.*'rollouts'"),
    ],
)
def test_what_compile_does_not_take(change, words):
    with pytest.raises(ValueError, match=words):
        _model().compile("adam", **change)
