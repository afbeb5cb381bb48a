"""What is looked at: still images, videos, recorded episodes."""

import numpy as np
import pytest
import tensorflow as tf

from ram_tf.episodes.environments.still_image import StillImage
from ram_tf.episodes.environments.video import RecordedEpisode, Video

LABELS = np.int64([2, 0, 1, 1])


def _play(environment, actions=None):
    """All time steps of an episode."""
    state, first = environment.reset()
    steps = [first]
    for _ in range(environment.steps):
        state, step = environment.step(state, actions)
        steps.append(step)
    return steps


def test_a_still_image_never_changes(images):
    environment = StillImage(images, LABELS, steps=3, rollouts=2)
    assert (environment.rows, environment.steps) == (8, 3)
    steps = _play(environment)
    assert all(s.observation is steps[0].observation for s in steps)
    np.testing.assert_array_equal(steps[0].observation, images)
    assert [s.is_last.numpy().tolist() for s in steps] == (
        [[False] * 8] * 3 + [[True] * 8]
    )
    np.testing.assert_array_equal([s.reward for s in steps], np.zeros([4, 8]))


def test_each_row_has_the_label_of_its_image(images):
    environment = StillImage(images, LABELS, steps=2, rollouts=2)
    rows = [[2, 2], [2, 2], [0, 0], [0, 0], [1, 1], [1, 1], [1, 1], [1, 1]]
    np.testing.assert_array_equal(environment.label, rows)
    assert environment.label.dtype == tf.int32


@pytest.mark.parametrize("weight", [0.0, 0.25])
def test_label_weight(images, weight):
    environment = StillImage(
        images, LABELS, steps=3, intermediate_weight=weight
    )
    np.testing.assert_array_equal(
        environment.label_weight, [[weight, weight, 1]] * 4
    )


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [("accuracy", 1, 0), ("log_likelihood", np.log(0.75), np.log(0.25))],
)
def test_the_last_answer_is_paid(images, kind, right, wrong):
    environment = StillImage(images[:2], [1, 0], steps=2, reward=kind)
    # Both rows say 1 with probability 3/4; the second ends a step early.
    logits = tf.constant([[[0.0, np.log(3)]] * 2] * 2)
    valid = tf.constant([[1.0, 1], [1, 0]])
    np.testing.assert_allclose(
        environment.answer_reward(logits, valid),
        [[0, right], [wrong, 0]],
        rtol=1e-6,
    )


def test_intermediate_answers_are_paid_by_their_weight(images):
    environment = StillImage(
        images[:2], [1, 0], steps=3, intermediate_weight=0.25
    )
    # The second row is wrong at first, and ends a step early.
    logits = tf.constant([[[0.0, 1]] * 3, [[0.0, 1]] + [[1.0, 0]] * 2])
    valid = tf.constant([[1.0, 1, 1], [1, 1, 0]])
    np.testing.assert_array_equal(
        environment.answer_reward(logits, valid), [[0.25, 0.25, 1], [0, 1, 0]]
    )


def test_only_the_last_answer_is_paid_where_a_model_may_stop(
    make_model, images
):
    environment = make_model(stop=True).environment(
        images[:2], [1, 0], intermediate_weight=0.25
    )
    # Both rows are right all the time; the second stops a step early.
    logits = tf.constant([[[0.0, 1, 0]] * 3, [[1.0, 0, 0]] * 3])
    valid = tf.constant([[1.0, 1, 1], [1, 1, 0]])
    np.testing.assert_array_equal(
        environment.answer_reward(logits, valid), [[0, 0, 1], [0, 1, 0]]
    )
    np.testing.assert_array_equal(
        environment.answer_weight(valid), [[0.25, 0.25, 1], [0.25, 1, 0]]
    )


def test_without_labels_no_answer_is_paid(images):
    environment = StillImage(images, steps=2)
    assert environment.label is None
    assert environment.label_weight is None
    reward = environment.answer_reward(tf.ones([4, 2, 3]), tf.ones([4, 2]))
    np.testing.assert_array_equal(reward, np.zeros([4, 2]))


def test_a_video_shows_a_frame_a_step():
    video = np.random.default_rng(0).random([2, 3, 5, 5, 1], "f")
    environment = Video(video, [1, 0], rollouts=2)
    assert (environment.rows, environment.steps) == (4, 3)
    steps = _play(environment)
    for t, frame in enumerate([0, 1, 2, 2]):
        np.testing.assert_array_equal(steps[t].observation, video[:, frame])
    np.testing.assert_array_equal(environment.label[:, 0], [1, 1, 0, 0])


def test_a_recorded_episode_pays_what_was_recorded():
    rewards = tf.constant([[1.0, 2, 3], [4, 5, 6]])
    valid = tf.constant([[1.0, 1, 1], [1, 0, 0]])
    environment = RecordedEpisode(tf.zeros([2, 3, 4, 4, 1]), rewards, valid)
    steps = _play(environment)
    np.testing.assert_array_equal(
        [s.reward for s in steps], [[0, 0], [1, 4], [2, 5], [3, 6]]
    )
    assert [s.is_last.numpy().tolist() for s in steps] == [
        [False, False],
        [False, True],
        [False, True],
        [True, True],
    ]
    answer = environment.answer_reward(tf.ones([2, 3, 4]), valid)
    np.testing.assert_array_equal(answer, np.zeros([2, 3]))


IMAGES = np.zeros([2, 5, 5, 1], np.uint8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": IMAGES[0]}, r"must have rank 4.*\(5, 5, 1\)"),
        ({"images": IMAGES[None]}, r"must have rank 4.*\(1, 2, 5, 5, 1\)"),
        ({"images": IMAGES.astype("int32")}, "uint8.*float32.*dtype=int32"),
        ({"images": IMAGES * np.float32("nan")}, "must be finite.*NaN"),
        ({"labels": [1, 2, 0]}, "as many labels.*3 labels, 2 images"),
        ({"labels": [0.0, 1.0]}, "must be integers.*dtype=float32"),
        ({"labels": [[0], [1]]}, r"of shape \[B\].*shape=\(2, 1\)"),
        ({"steps": 0}, "`steps` must be a positive integer.*steps=0"),
        ({"rollouts": 0}, "`rollouts` must be a positive.*rollouts=0"),
        ({"reward": "bleu"}, "`reward` must be one of.*'bleu'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        StillImage(
            **{"images": IMAGES, "labels": [0, 1], "steps": 2, **arguments}
        )


def test_a_video_needs_frames():
    with pytest.raises(ValueError, match=r"must have rank 5.*\(2, 5, 5, 1\)"):
        Video(IMAGES)
