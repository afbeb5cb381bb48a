"""What `fit` and `evaluate` take: data in all forms, labels in one."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ram_tf import Comparator
from ram_tf.keras_data import checked
from tests.fitted import FIT, IMAGES, LABELS, assert_same, compiled

HALVES = (slice(0, 4), slice(4, 8))


class _Batches(keras.utils.PyDataset):
    def __init__(self, labels=LABELS):
        super().__init__()
        self._labels = labels

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return IMAGES[HALVES[index]], self._labels[HALVES[index]]


def _dataset(labels=LABELS):
    return tf.data.Dataset.from_tensor_slices((IMAGES, labels)).batch(4)


def _generator(labels=LABELS):
    return ((IMAGES[rows], labels[rows]) for rows in HALVES * 2)


def _forms():
    pandas = pytest.importorskip("pandas")
    endless = {"steps_per_epoch": 2}
    return {
        "dataset": (_dataset(), None, {}),
        "endless": (_dataset().repeat(), None, endless),
        "PyDataset": (_Batches(), None, {}),
        "generator": (_generator(), None, endless),
        "tensors": (tf.constant(IMAGES), tf.constant(LABELS), {}),
        "list": (IMAGES, LABELS.tolist(), {}),
        "pandas": (IMAGES, pandas.Series(LABELS), {}),
        "float64": (IMAGES / 255, LABELS.astype(np.uint8), {}),
    }


@pytest.fixture(scope="module")
def plain():
    model = compiled()
    model.fit(IMAGES, LABELS, epochs=2, **FIT)
    return model


@pytest.mark.parametrize("form", list(_forms()))
def test_forms_of_data(form, plain):
    x, y, keywords = _forms()[form]
    model = compiled()
    keywords = FIT | ({"batch_size": None} if y is None else {}) | keywords
    model.fit(x=x, y=y, epochs=2, **keywords)
    assert_same(model, plain, exact=form != "float64")


def test_a_model_is_built_for_the_first_images_of_a_generator():
    model = Comparator([8], num_classes=3)
    model.compile("adam")
    model.fit(_generator(), steps_per_epoch=1, verbose=0, shuffle=False)
    assert model.image_shape == (6, 6, 1)


def test_parts_of_an_epoch(plain):
    """Smaller last batches, a part that validates, the batch of one call."""
    eager, other = compiled(run_eagerly=True), compiled()
    for model in (eager, other):
        history = model.fit(
            np.tile(IMAGES, (2, 1, 1, 1))[:14],
            np.tile(LABELS, 2)[:14],
            validation_split=0.5,
            **FIT,
        ).history
    assert_same(other, eager, exact=False)
    measured = other.evaluate(
        np.tile(IMAGES, (2, 1, 1, 1))[7:14],
        np.tile(LABELS, 2)[7:14],
        batch_size=4,
        verbose=0,
    )
    assert history["val_loss"] == pytest.approx(measured[:1], rel=1e-4)
    by_call = compiled()
    for rows in HALVES * 2:
        found = by_call.train_on_batch(
            IMAGES[rows], LABELS[rows], return_dict=True
        )
    assert_same(by_call, plain)
    assert set(found) == {"loss", "accuracy", "cross_entropy"}
    tested = by_call.test_on_batch(IMAGES, LABELS, return_dict=True)
    right = by_call.predict_on_batch(IMAGES)["probabilities"][:, 0].argmax(-1)
    assert tested["accuracy"] == pytest.approx((right == LABELS).mean())


def test_epochs_in_two_calls_and_another_compilation(plain):
    model = compiled()
    model.fit(IMAGES, LABELS, **FIT)
    model.fit(IMAGES, LABELS, initial_epoch=1, epochs=2, **FIT)
    assert_same(model, plain)
    model.compile(keras.optimizers.SGD(0.0))
    model.fit(IMAGES, LABELS, **FIT)
    assert_same(model, plain)


def test_weights_of_samples_and_of_classes():
    def fitted(x, y, rate=0.1, **keywords):
        model = compiled(keras.optimizers.SGD(rate))
        model.fit(x, y, **FIT | {"batch_size": 8}, **keywords)
        return model

    half = fitted(IMAGES[:4], LABELS[:4])
    weights = np.array([2.0] * 4 + [0.0] * 4)
    assert_same(
        fitted(IMAGES, LABELS, sample_weight=weights), half, exact=False
    )
    by_class = {0: 1.0, 1: 3.0, 2: 0.5}
    weights = np.array([by_class[label] for label in LABELS])
    model = fitted(IMAGES, LABELS, class_weight=by_class)
    assert_same(model, fitted(IMAGES, LABELS, sample_weight=weights))
    found = model.evaluate(
        IMAGES, LABELS, sample_weight=weights, verbose=0, return_dict=True
    )
    likelihood = model.predict(IMAGES, verbose=0)["probabilities"][:, 0]
    loss = -np.log(likelihood[np.arange(8), LABELS])
    assert found["loss"] == pytest.approx((weights * loss).mean(), rel=1e-4)


def test_metrics_that_are_asked_for():
    top = keras.metrics.SparseTopKCategoricalAccuracy(2, name="top_2")
    model = compiled(
        loss="sparse_categorical_crossentropy", metrics=["accuracy", "acc", top]
    )
    found = model.fit(
        IMAGES, LABELS, validation_data=(IMAGES, LABELS), **FIT
    ).history
    probabilities = model.predict(IMAGES, verbose=0)["probabilities"][:, 0]
    best = np.argsort(-probabilities)[:, :2]
    within = (best == LABELS[:, None]).any(-1)
    assert found["val_top_2"] == pytest.approx([within.mean()])
    assert found["val_acc"] == found["val_accuracy"]
    assert "top_2" not in found  # In training the agent measures.


@pytest.mark.parametrize(
    ("labels", "received"),
    [
        (np.eye(3, dtype=np.int32)[LABELS], r"shape=\(8, 3\)"),
        (LABELS[:, None], r"shape=\(8, 1\)"),
        (LABELS.astype(np.float32), "dtype=float32"),
        ([*LABELS.tolist()[:7], 3], "from 0 to 3"),
    ],
)
def test_labels_that_are_not_plain_integers(labels, received):
    model = compiled()
    with pytest.raises(ValueError, match=received):
        model.fit(IMAGES, labels)
    with pytest.raises(ValueError, match=received):
        model.evaluate(IMAGES, labels)
    with pytest.raises(ValueError, match=received):
        model.train_on_batch(IMAGES, labels)
    with pytest.raises(ValueError, match=received):
        model.fit(IMAGES, LABELS, validation_data=(IMAGES, labels))
    labels = np.asarray(labels)
    received = "plain integers|from 1 to 3"  # Of a batch.
    with pytest.raises(ValueError, match=received):
        list(checked(_Batches(labels), None, 3).x)
    with pytest.raises(ValueError, match=received):
        list(checked(_generator(labels), None, 3).x)


def test_labels_of_a_dataset():
    with pytest.raises(ValueError, match=r"shape=\(None, 1\)"):
        checked(_dataset(LABELS[:, None]), None, 3)
    with pytest.raises(ValueError, match="call its `batch` first"):
        checked(_dataset().unbatch(), None, 3)
    with pytest.raises(ValueError, match="images alone"):
        checked(_dataset().map(lambda x, y: x), None, 3)
    model = compiled()
    before = model.get_weights()
    with pytest.raises(tf.errors.InvalidArgumentError, match="labels from"):
        model.fit(_dataset(LABELS + 1), shuffle=False, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((IMAGES, None), "Labels must come with the images"),
        ((IMAGES.tolist(), LABELS), r"numpy\.stack.*Received: list"),
        ((iter([(IMAGES, LABELS)]), None), "Received: list_iterator"),
        (((part for part in [(IMAGES,)]), None), "Received: images alone"),
        ((IMAGES * 2.0, LABELS), r"\[0, 1\]"),
    ],
)
def test_images_that_are_not_taken(given, words):
    with pytest.raises(ValueError, match=words):
        compiled().fit(*given)
