"""The evaluation protocol, against rollouts played one by one."""

import numpy as np
import pytest
import tensorflow as tf

from ram_tf.evaluation.images import DRAWS, Evaluator, evaluate


@pytest.fixture
def data():
    rng = np.random.default_rng(5)
    return {
        "image": rng.integers(0, 256, [7, 9, 11, 1], np.uint8),
        "label": np.array([0, 1, 2, 0, 1, 2, 2], np.int32),
    }


def test_deterministic_rollouts_are_the_models_own(make_model, data):
    model = make_model()
    rollouts = Evaluator(model, data).rollouts()
    outputs = model(data["image"])
    np.testing.assert_allclose(
        rollouts.probabilities, outputs["probabilities"], atol=1e-6
    )
    np.testing.assert_allclose(
        rollouts.locations, outputs["locations"], atol=1e-6
    )


# Of images of 99 pixels: three at once.
@pytest.mark.parametrize("limit", [{"_BATCH_SIZE": 3}, {"_BATCH_PIXELS": 300}])
def test_batches_of_one_shape_cover_every_image(
    make_model, data, monkeypatch, limit
):
    whole = Evaluator(make_model(), data).rollouts()
    for name, value in limit.items():
        monkeypatch.setattr(f"ram_tf.evaluation.images.{name}", value)
    parts = Evaluator(make_model(), data).rollouts()
    np.testing.assert_allclose(
        parts.probabilities, whole.probabilities, atol=1e-6
    )


def test_other_data_is_not_compiled_for_again(make_model, data):
    model = make_model()
    evaluator = Evaluator(model, data)
    before = evaluator.rollouts().probabilities
    other = {
        "image": 255 - data["image"],
        "label": (data["label"] + 1) % 3,
    }
    elsewhere = evaluator.on(other)
    probabilities = elsewhere.rollouts().probabilities
    assert elsewhere._compiled.experimental_get_tracing_count() == 1
    np.testing.assert_allclose(
        probabilities, model(other["image"])["probabilities"], atol=1e-6
    )
    wrong = probabilities[:, -1].argmax(-1) != other["label"]
    assert elsewhere.error(probabilities)[-1] == round(100 * wrong.mean(), 4)
    # The first is as it was.
    np.testing.assert_array_equal(evaluator.rollouts().probabilities, before)
    with pytest.raises(ValueError, match=r"\[0, 3\).*from 1 to 3"):
        evaluator.on({**data, "label": data["label"] + 1})


def test_controls_look_where_they_should(make_model, data):
    evaluator = Evaluator(make_model(location_range=0.5), data)
    assert not evaluator.rollouts("centre").locations.any()
    random = evaluator.rollouts("random").locations
    assert 0.4 < np.abs(random).max() <= 0.5
    again = evaluator.rollouts("random").locations
    np.testing.assert_array_equal(random, again)
    other = evaluator.rollouts("random", draw=1).locations
    assert (random != other).all()


def test_error_by_glimpse_by_hand(make_model, data):
    evaluator = Evaluator(make_model(), data)
    # Class 0 always leads at glimpse 1, class 2 at glimpse 2.
    probabilities = np.tile([[0.6, 0.2, 0.2], [0.1, 0.2, 0.7]], (7, 1, 1))
    assert evaluator.error(probabilities) == [
        round(500 / 7, 4),
        round(400 / 7, 4),
    ]


def test_protocol_names_every_error(make_model, data):
    evaluator = Evaluator(make_model(), data)
    errors = evaluate(evaluator)
    for name in (
        "error",
        "error_mc10",
        "error_random_fixations",
        "error_centre_only",
    ):
        assert errors[name] == errors[f"{name}_by_glimpse"][-1]
        assert len(errors[f"{name}_by_glimpse"]) == 3
    assert "error_first_frame_only" not in errors  # These are no videos.
    assert DRAWS == 10  # As RESULTS.md says, and the names of the figures.
    draws = [
        evaluator.rollouts("stochastic", draw).probabilities
        for draw in range(DRAWS)
    ]
    assert errors["error_mc10_by_glimpse"] == evaluator.error(
        np.mean(draws, axis=0)
    )
    random = [
        evaluator.error(evaluator.rollouts("random", draw).probabilities)[-1]
        for draw in range(DRAWS)
    ]
    assert errors["error_random_fixations"] == pytest.approx(
        np.mean(random), abs=1e-3
    )


def test_the_headline_is_the_mean_over_canvases(make_model, data):
    evaluator = Evaluator(make_model(), data)
    others = [{**data, "image": data["image"] // n} for n in (2, 3)]
    alone, errors = evaluate(evaluator), evaluate(evaluator, others)
    every = [data, *others]
    expected = np.mean(
        [
            evaluator.on(d).error(evaluator.on(d).rollouts().probabilities)
            for d in every
        ],
        axis=0,
    )
    np.testing.assert_allclose(
        errors.pop("error_by_glimpse"), expected, atol=1e-3
    )
    assert errors.pop("error") == pytest.approx(expected[-1], abs=1e-3)
    assert errors.pop("draws") == 3
    cases = errors.pop("effective_cases_by_glimpse")
    assert errors.pop("effective_cases") == cases[-1]
    assert all(7 <= count <= 21 for count in cases)
    # All else is of the first.
    assert errors.items() <= alone.items()


@pytest.mark.slow
def test_videos_are_also_measured_on_their_first_frame(make_model, data):
    still = data["image"]
    rng = np.random.default_rng(8)
    later = rng.integers(0, 256, [7, 4, 9, 11, 1], np.uint8)
    data["image"] = np.concatenate([still[:, None], later], axis=1)
    model = make_model()
    evaluator = Evaluator(model, data)
    errors = evaluate(evaluator)
    # The model looks at a still image as often as it has glimpses.
    longer = make_model(glimpses=5)
    expected = Evaluator(longer, {**data, "image": still})
    answers = expected.rollouts().probabilities
    np.testing.assert_allclose(
        evaluator.on_first_frame().rollouts().probabilities, answers, atol=1e-6
    )
    by_glimpse = errors["error_first_frame_only_by_glimpse"]
    assert by_glimpse == expected.error(answers)
    assert errors["error_first_frame_only"] == by_glimpse[-1]
    np.testing.assert_allclose(
        evaluator.rollouts().probabilities,
        model(data["image"])["probabilities"],
        atol=1e-6,
    )


def test_an_image_that_is_not_finite_in_a_later_batch(
    make_model, data, monkeypatch
):
    monkeypatch.setattr("ram_tf.evaluation.images._BATCH_SIZE", 3)
    data["image"] = data["image"].astype(np.float32) / 255
    data["image"][6, 3, 3] = np.nan
    with pytest.raises(ValueError, match=r"must be finite"):
        Evaluator(make_model(), data)


def test_labels_outside_the_classes(make_model, data):
    data["label"][0] = 3
    with pytest.raises(ValueError, match=r"\[0, 3\).*from 0 to 3"):
        Evaluator(make_model(), data)


def test_images_of_another_dtype(make_model, data):
    data["image"] = tf.cast(data["image"], tf.int32)
    with pytest.raises(ValueError, match=r"uint8.*int32"):
        Evaluator(make_model(), data)


def test_an_image_that_is_not_finite(make_model, data):
    data["image"] = data["image"].astype(np.float32) / 255
    data["image"][4, 3, 3] = np.nan
    with pytest.raises(ValueError, match=r"must be finite"):
        Evaluator(make_model(), data)


def test_a_model_without_classes(make_model, data):
    with pytest.raises(ValueError, match=r"num_classes.*None"):
        Evaluator(make_model(num_classes=None), data)
