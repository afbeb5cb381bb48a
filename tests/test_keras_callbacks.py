"""Keras' callbacks; what they do does not depend on the model."""

import csv
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from ram_tf import keras_compile
from tests.fitted import FIT, IMAGES, LABELS, assert_same, compiled

callbacks = keras.callbacks


def _fit(model, *given, epochs=3, **keywords):
    return model.fit(
        IMAGES,
        LABELS,
        epochs=epochs,
        validation_data=(IMAGES, LABELS),
        callbacks=list(given),
        **FIT | keywords,
    ).history


def _spoil(model, epoch):
    """A callback that makes the model worse from an epoch on."""

    def spoil(now, logs):
        if now >= epoch:
            model.set_weights([-10 * w for w in model.get_weights()])

    return callbacks.LambdaCallback(on_epoch_begin=spoil)


def test_the_best_weights_are_restored_and_more_accuracy_is_better():
    model = compiled()
    stop = callbacks.EarlyStopping(
        "val_accuracy", patience=9, restore_best_weights=True
    )
    found = _fit(model, stop, _spoil(model, 12), epochs=99)["val_accuracy"]
    assert len(found) < 40
    assert found[-1] < max(found)
    measured = model.evaluate(IMAGES, LABELS, verbose=0, return_dict=True)
    assert measured["accuracy"] == pytest.approx(max(found))


@pytest.mark.parametrize(
    ("monitor", "mode"),
    [("val_loss", "min"), ("return", "max"), ("val_top_2", "max")],
)
def test_which_way_is_better(monitor, mode):
    top = keras.metrics.SparseTopKCategoricalAccuracy(2, name="top_2")
    known = callbacks.ModelCheckpoint("unused.keras", monitor)
    directions = keras_compile.directions(["loss", "return"], [top])
    keras_compile.direct([known], directions)
    assert known.mode == mode


def test_checkpoints(tmp_path):
    model = compiled()
    whole = tmp_path / "best.keras"
    weights = tmp_path / "{epoch}.weights.h5"
    found = _fit(
        model,
        callbacks.ModelCheckpoint(whole, "val_accuracy", save_best_only=True),
        callbacks.ModelCheckpoint(weights, save_weights_only=True),
        _spoil(model, 2),
    )["val_accuracy"]
    best = keras.saving.load_model(whole)
    measured = best.evaluate(IMAGES, LABELS, verbose=0, return_dict=True)
    assert measured["accuracy"] == pytest.approx(max(found))
    other = compiled()
    other.optimizer.build(other.trainable_variables)
    other.load_weights(tmp_path / "3.weights.h5")
    assert_same(other, model)
    assert (tmp_path / "1.weights.h5").exists()


def test_rates_logs_and_histograms(tmp_path):
    model = compiled()
    _fit(
        model,
        callbacks.ReduceLROnPlateau(
            "val_accuracy", factor=0.5, patience=1, min_delta=9.0
        ),
        callbacks.CSVLogger(tmp_path / "log.csv"),
        callbacks.TensorBoard(tmp_path / "logs", histogram_freq=1),
    )
    assert float(model.optimizer.learning_rate) == pytest.approx(0.0025)
    lines = (tmp_path / "log.csv").read_text().splitlines()
    rows = list(csv.DictReader(lines))
    assert len(rows) == 3
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(rows[0])
    assert len(list((tmp_path / "logs").rglob("events*"))) == 2


def test_not_a_number_ends_it():
    model = compiled()
    model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])
    batches = []
    count = callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: batches.append(batch)
    )
    _fit(model, callbacks.TerminateOnNaN(), count)
    assert batches == [0]


def test_averaged_weights_are_what_is_validated():
    sgd = keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.5)
    model, plain = compiled(sgd), compiled(keras.optimizers.SGD(0.5))
    found = _fit(model, callbacks.SwapEMAWeights())["val_loss"]
    assert found[0] != pytest.approx(_fit(plain)["val_loss"][0], rel=1e-3)
    # At the end of `fit` Keras puts the average in the place of the weights.
    measured = model.evaluate(IMAGES, LABELS, verbose=0, return_dict=True)
    assert measured["loss"] == pytest.approx(found[-1], rel=1e-5)


_KILLED = """
import os, signal, sys
import keras
from tests.fitted import FIT, IMAGES, LABELS, compiled

def kill(batch, logs):
    if model.optimizer.iterations.numpy() == 3:
        os.kill(os.getpid(), signal.SIGKILL)

model = compiled()
model.fit(IMAGES, LABELS, epochs=3, callbacks=[
    keras.callbacks.BackupAndRestore(sys.argv[1]),
    keras.callbacks.LambdaCallback(on_train_batch_end=kill),
], **FIT)
"""


@pytest.mark.slow
def test_a_process_that_was_killed_goes_on_from_its_last_epoch(tmp_path):
    command = [sys.executable, "-c", _KILLED, str(tmp_path)]
    killed = subprocess.run(command, env=os.environ, check=False)
    assert killed.returncode == -9
    metadata = json.loads((tmp_path / "training_metadata.json").read_text())
    assert metadata["epoch"] == 1
    resumed, whole = compiled(), compiled()
    backup = callbacks.BackupAndRestore(tmp_path)
    assert len(_fit(resumed, backup)["loss"]) == 2
    _fit(whole)
    assert_same(resumed, whole)
