"""The evaluation protocol: one home for what a test error means.

The headline is the error of one deterministic rollout. Beside it stand the same
weights averaged over ten stochastic rollouts (ten times the glimpses), with
random fixations, and with every fixation at the centre: a policy that is worth
anything beats the last two. For videos there is a fourth: every frame replaced
by the first one, which is what motion tells. Where a model stops by itself, the
headline is the error of the answers at the stop, beside the mean number of
glimpses made; all other errors are those after a fixed number of glimpses.
Where images are put on canvases, the headline may be the mean over several
canvases of each image, and says how many independent cases that is worth.
"""

import copy
import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Self, cast

import numpy as np
import tensorflow as tf

from ram_tf import losses
from ram_tf.comparators import Comparator
from ram_tf.episodes.policies import (
    CentreFixations,
    Policy,
    RandomChoices,
    RandomFixations,
    SamplingPolicy,
)
from ram_tf.episodes.unroll import unroll
from ram_tf.evaluation import sequences
from ram_tf.evaluation.clusters import effective_cases
from ram_tf.model import RecurrentAttentionModel
from ram_tf.noise import uniform_noise
from ram_tf.validation import (
    check_at_least,
    check_frames,
    check_labels,
    check_positive_int,
    check_values,
)

DRAWS = 10
# Images at once: so many, or fewer large ones, for the sake of memory.
_BATCH_SIZE = 500
_BATCH_PIXELS = 2**25


class Measure(NamedTuple):
    """How a measurement is called where it is told.

    Attributes:
        name: A word.
        unit: What stands behind the number.
        sign: 1 where less is better, -1 where more is.
    """

    name: str
    unit: str = ""
    sign: int = 1

    def told(self, error: float) -> float:
        """The number that is told of an error; 0 is never -0."""
        return self.sign * error + 0.0


ERROR = Measure("error", "%")
RETURN = Measure("return", sign=-1)


class Validated(NamedTuple):
    """A measurement that chooses weights.

    Attributes:
        error: The smaller the better; of a classifier in %. Where glimpses
            cost, with their price: as if a wrong answer cost 1.
        metrics: What is logged of it beside that, by name.
        rollouts: What was measured, which has `locations` [n, T, 2] or None;
            None if that was not kept.
        measure: What it is told as.
    """

    error: float
    metrics: dict[str, Any]
    rollouts: Any = None
    measure: Measure = ERROR


class Rollouts(NamedTuple):
    """One rollout for each image.

    Attributes:
        probabilities: After each glimpse, [n, T, K].
        locations: Looked at, [n, T, 2]; None where the model looks nowhere.
        glimpses_used: Until the model stopped, [n] int32; None where it does
            not decide that. The other two go on to T nevertheless.
    """

    probabilities: np.ndarray
    locations: np.ndarray | None = None
    glimpses_used: np.ndarray | None = None

    @property
    def answers(self) -> np.ndarray:
        """Probabilities at the stop, or after the last glimpse, [n, K]."""
        if self.glimpses_used is None:
            return self.probabilities[:, -1]
        rows = np.arange(len(self.probabilities))
        return self.probabilities[rows, self.glimpses_used - 1]


def _random(cell, seed, environment):
    shape = [environment.rows, environment.steps, 2]
    return RandomFixations(cell, uniform_noise(seed, shape))


def _stochastic(cell, seed, environment):
    noise = cell.noise(seed, environment.rows, environment.steps)
    return SamplingPolicy(cell, noise)


def _random_choices(cell, seed, environment):
    noise = cell.noise(seed, environment.rows, environment.steps)
    return RandomChoices(cell, noise.location)


POLICIES: dict[str, Callable[..., Policy]] = {
    "deterministic": lambda cell, seed, environment: Policy(cell),
    "stochastic": _stochastic,
    "random": _random,
    "random_choices": _random_choices,
    "centre": lambda cell, seed, environment: CentreFixations(cell),
}


class ClassifierEvaluator:
    """Runs a classifier over a set of images, compiled, in batches.

    Args:
        model: A built model with classes.
        data: {"image": [n, H, W, C] (or video), "label": [n]}, or sequences
            of symbols "label" [n, L], which the last class ends. Images may be
            what stands for an array and is read when a part of it is made one:
            it has a shape, a dtype and slices.
        glimpse_cost: Price of a glimpse where weights are chosen; an error
            has 1.

    Attributes:
        model: The same.

    Raises:
        UserError: On bad images, or labels outside the classes.
    """

    def __init__(
        self,
        model: RecurrentAttentionModel | Comparator,
        data: dict[str, np.ndarray],
        glimpse_cost: float = 0.0,
    ):
        check_at_least("glimpse_cost", glimpse_cost, 0)
        check_positive_int("num_classes", model.num_classes)
        self.model = model
        self._glimpse_cost = glimpse_cost
        self._take(data)
        self._compiled = tf.function(
            self._answer, jit_compile=True, autograph=False
        )

    def on(self, data: dict[str, np.ndarray]) -> Self:
        """The same for other data; not compiled again if n, H, W, C are."""
        other = copy.copy(self)
        other._take(data)
        return other

    def on_first_frame(self) -> Self:
        """The same for videos that stand still in their first frame."""
        other = copy.copy(self)
        first = self._images[:, :1]
        # A view: the set takes no more room.
        other._images = np.broadcast_to(first, self._images.shape)
        return other

    @property
    def is_video(self) -> bool:
        """Whether there is an image for each glimpse."""
        return len(self._images.shape) == 5

    @property
    def count(self) -> int:
        """Number of images, n."""
        return len(self._images)

    def rollouts(self) -> Rollouts:
        """Classifies every image once."""
        return self._run()

    def validate(self) -> Validated:
        """The error of the answers, for the training loop."""
        rollouts = self.rollouts()
        errors = self.error(rollouts.probabilities)
        metrics: dict[str, Any] = {"validation_error_by_glimpse": errors}
        error = self.answer_error(rollouts)
        if rollouts.glimpses_used is not None:
            mean = float(rollouts.glimpses_used.mean())
            metrics["validation_error_at_stop"] = error
            metrics["validation_mean_glimpses"] = mean
            error += 100 * self._glimpse_cost * mean
        return Validated(error, metrics, rollouts)

    def answer_error(self, rollouts: Rollouts) -> float:
        """Error in % at the stop, or after the last glimpse."""
        if rollouts.glimpses_used is None:
            return self.error(rollouts.probabilities)[-1]
        return self.error(rollouts.answers[:, None])[0]

    def error(self, probabilities: np.ndarray) -> list[float]:
        """Error in % after each glimpse, of probabilities [n, T, K].

        Of sequences it is that of whole ones, after the last glimpse: a list
        of one element.
        """
        wrong = self._wrong(probabilities)
        return [round(float(100 * w), 4) for w in wrong.mean(axis=0)]

    @property
    def of_sequences(self) -> bool:
        """Whether a label is a sequence of symbols."""
        return self._labels.ndim == 2

    def by_length(self, probabilities: np.ndarray) -> dict[str, list]:
        """Of sequences with 1, 2, ... symbols before the end.

        Returns:
            "error_by_length", in %, None where there are none of a length; and
            "cases_by_length".
        """
        wrong = self._wrong(probabilities)[:, 0]
        end = self._num_classes - 1
        groups = sequences.by_length(wrong, self._labels, end)
        errors = [
            round(float(100 * group.mean()), 4) if len(group) else None
            for group in groups
        ]
        return {
            "error_by_length": errors,
            "cases_by_length": list(map(len, groups)),
        }

    def wrong(self, rollouts: Rollouts) -> np.ndarray:
        """Where answers are wrong after each glimpse, and in the end.

        Returns:
            [n, T + 1]; the last column is of the answers at the stop, or after
            the last glimpse.
        """
        columns = [rollouts.probabilities, rollouts.answers[:, None]]
        return np.concatenate([self._wrong(c) for c in columns], axis=1)

    def _wrong(self, probabilities: np.ndarray) -> np.ndarray:
        """Where answers are wrong, [n, T]; of whole sequences [n, 1]."""
        answers = probabilities.argmax(-1)
        if not self.of_sequences:
            return answers != self._labels[:, None]
        end = self._num_classes - 1
        return sequences.wrong(answers, self._labels, end)[:, None]

    @property
    def _num_classes(self) -> int:
        return cast(int, self.model.num_classes)  # As was checked at first.

    def _take(self, data: dict[str, np.ndarray]) -> None:
        images = data["image"]
        size = _batch_size(images.shape)
        # In batches: TensorFlow would copy the whole set, and videos are large.
        # Bytes have no wrong values: some of them tell all that is to be known.
        checked = size if images.dtype == np.uint8 else len(images)
        for start in range(0, max(checked, 1), size):
            batch = tf.convert_to_tensor(
                np.asarray(images[start : start + size])
            )
            check_frames(batch, (4, 5))
            check_values(batch)
        check_labels(tf.convert_to_tensor(data["label"]), self._num_classes)
        self._images = data["image"]
        self._labels = data["label"]

    def _run(self, draw: int = 0, *how) -> Rollouts:
        count = len(self._images)
        size = min(_batch_size(self._images.shape), count)
        parts = []
        for start in range(0, count, size):
            batch = np.asarray(self._images[start : start + size])
            # One shape, one compilation: the last batch is filled up.
            missing = size - len(batch)
            batch = np.concatenate([batch, self._images[:missing]])
            seed = tf.constant([draw, start], tf.int32)
            parts.append(self._compiled(tf.constant(batch), seed, *how))
        joined = {
            name: np.concatenate([part[name] for part in parts])[:count]
            for name in parts[0]
        }
        return Rollouts(**joined)

    def _answer(self, images, seed) -> dict[str, tf.Tensor]:
        """The fields of Rollouts, for one batch."""
        del seed
        return {"probabilities": self.model(images)["probabilities"]}


def _batch_size(shape: tuple[int, ...]) -> int:
    """How many images [n, ..., H, W, C] are evaluated at once."""
    pixels = math.prod(shape[-3:-1])
    return max(1, min(_BATCH_SIZE, _BATCH_PIXELS // max(pixels, 1)))


class Evaluator(ClassifierEvaluator):
    """Plays a RecurrentAttentionModel, with any sensor."""

    def rollouts(
        self, policy: str = "deterministic", draw: int = 0
    ) -> Rollouts:
        """Plays every image once.

        Args:
            policy: "deterministic", "stochastic", "random" or "centre".
            draw: Number of the seeded draw of a policy with randomness.
        """
        return self._run(draw, policy)

    def _answer(  # type: ignore[override]  # `_run` is told how it looks.
        self, images, seed, policy
    ):
        environment = self.model.environment(images)
        policy = POLICIES[policy](self.model.cell, seed, environment)
        trajectory = unroll(policy, environment)
        outputs = {
            "probabilities": tf.nn.softmax(trajectory.logits),
            "locations": trajectory.action["location"],
        }
        if "stop" in trajectory.action:
            outputs["glimpses_used"] = losses.length(trajectory.valid)
        return outputs


def evaluate(
    evaluator: ClassifierEvaluator,
    further: Iterable[dict[str, np.ndarray]] = (),
) -> dict[str, Any]:
    """All of the protocol's errors, in %, last glimpse and by glimpse.

    A model that looks nowhere has "error" only, and only videos have
    "error_first_frame_only". One that stops by itself has "mean_glimpses", and
    its "error" is that at the stop.

    Args:
        evaluator: Has the model and the data.
        further: Other canvases of the same images, in the same order, not of
            sequences. "error" is then the mean over all of them; "draws" says
            how many canvases of an image there were, and "effective_cases" how
            many independent cases they are worth (`clusters`). All else is
            measured on the evaluator's own.
    """
    rollouts = evaluator.rollouts()
    by_glimpse = {"error": evaluator.error(rollouts.probabilities)}
    if rollouts.locations is not None:
        by_glimpse |= _other_errors(cast(Evaluator, evaluator))
    if evaluator.is_video:
        still = evaluator.on_first_frame()
        errors = still.error(still.rollouts().probabilities)
        by_glimpse["error_first_frame_only"] = errors
    last = {name: errors[-1] for name, errors in by_glimpse.items()}
    if rollouts.glimpses_used is not None:
        last["error"] = evaluator.answer_error(rollouts)
        last["mean_glimpses"] = float(rollouts.glimpses_used.mean())
    found = last | {
        f"{n}_by_glimpse": errors for n, errors in by_glimpse.items()
    }
    if evaluator.of_sequences:
        found |= evaluator.by_length(rollouts.probabilities)
    others = [e.wrong(e.rollouts()) for e in map(evaluator.on, further)]
    if others:
        found |= _over_draws(np.stack([evaluator.wrong(rollouts), *others]))
    return found


def _over_draws(wrong: np.ndarray) -> dict[str, Any]:
    """Of [D, n, T + 1], as `ClassifierEvaluator.wrong` has them."""
    errors = [round(100 * float(w), 4) for w in wrong.mean(axis=(0, 1))]
    cases = [effective_cases(w) for w in np.moveaxis(wrong, -1, 0)]
    return {
        "error": errors[-1],
        "error_by_glimpse": errors[:-1],
        "effective_cases": cases[-1],
        "effective_cases_by_glimpse": cases[:-1],
        "draws": len(wrong),
    }


def _other_errors(evaluator: Evaluator) -> dict[str, list[float]]:
    return {
        "error_mc10": evaluator.error(
            np.mean(_draws(evaluator, "stochastic"), axis=0)
        ),
        "error_random_fixations": np.mean(
            [evaluator.error(draw) for draw in _draws(evaluator, "random")],
            axis=0,
        )
        .round(4)
        .tolist(),
        "error_centre_only": evaluator.error(
            evaluator.rollouts("centre").probabilities
        ),
    }


def _draws(evaluator: Evaluator, policy: str) -> list[np.ndarray]:
    return [
        evaluator.rollouts(policy, draw).probabilities for draw in range(DRAWS)
    ]
