"""The words of the library, and the letters of its shapes.

The letters, used in every docstring:

    B  images in a batch                H, W, C  height, width, channels
    M  rollouts (episodes) an image     T  glimpses, that is time steps
    N  rows, N = M * B                  S  scales of the retina
    K  classes                          g  side of a glimpse in pixels
    A  actions, beside looking

Row r of N belongs to image r // M. Locations are (y, x) everywhere, like the
offsets of `tf.image.extract_glimpse`: (0, 0) is the centre of the canvas.

The vocabulary is that of TF-Agents (time step, policy step, trajectory, loss
info). A policy step *looks, then acts*: the location of step t is chosen from
the state before step t, the frame is seen there, and only then come the answer
and whatever else is done at step t.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

import tensorflow as tf

Tensor: TypeAlias = tf.Tensor


class TimeStep(NamedTuple):
    """What an environment shows at one step.

    Attributes:
        observation: The frame, [B, H, W, C] or [N, H, W, C], uint8 or float32.
        reward: Reward for the previous action, [N] float32.
        is_last: Whether the episode of a row has ended, [N] bool.
    """

    observation: Tensor
    reward: Tensor
    is_last: Tensor


class Glimpse(NamedTuple):
    """What one look shows, and where it was.

    All but `windows` is None where the policy over locations reads no glimpses.
    Pixels are counted from the top left corner of the canvas, (y, x).

    Attributes:
        windows: The retina's S windows, finest first, [N, g, g, S * C] float32
            in [0, 1].
        places: [N, S, g, 2] float32; places[:, s, i] is the exact centre, in
            pixels, (y of the cells of row i, x of those of column i) of window
            s, which begins at a whole pixel.
        fixation: What the windows are centred on, in pixels, [N, 2].
        sides: (H, W) of the canvas in pixels, [2] float32.
        unit: Pixels in a unit of location, along y and x, [2] float32.
        contrast: Within the cells, [N, g, g, S * C]; None unless the policy
            over locations reads it.
    """

    windows: Tensor
    places: Tensor | None = None
    fixation: Tensor | None = None
    sides: Tensor | None = None
    unit: Tensor | None = None
    contrast: Tensor | None = None

    def map(self, function: Callable[[Tensor], Tensor]) -> "Glimpse":
        """Changes what has a row for each of N; the canvas stays."""
        return self.with_rows(map(function, self.rows))

    @property
    def rows(self) -> list[Tensor]:
        """What has a row for each of N, and is not None."""
        return [getattr(self, name) for name in self._names]

    def with_rows(self, rows: Iterable[Tensor]) -> "Glimpse":
        """Another whose `rows` are these."""
        return self._replace(**dict(zip(self._names, rows, strict=True)))

    @property
    def _names(self) -> list[str]:
        names = ("windows", "places", "fixation", "contrast")
        return [name for name in names if getattr(self, name) is not None]


class PolicyState(NamedTuple):
    """What is known before a step, and what its location is chosen from.

    Attributes:
        cell: The cell's state, a flat list of float32 tensors, the location
            that a deterministic policy looks at last.
        parameters: Of the distribution over that location; None before a first
            fixation that is not learned.
        glimpse: The last; None before the first, and where the policy over
            locations reads none.
    """

    cell: list[Tensor]
    parameters: Tensor | None
    glimpse: Glimpse | None


class Looks(NamedTuple):
    """All that was known in an episode of T looks.

    Attributes:
        features: The core's before the first look and after each, [N, T + 1,
            D].
        glimpse: Of each look, [N, T, ...]; None where the policy over locations
            reads none.
        memory: What that policy remembered after each look, [N, T, size] each.
        parameters: Of the distribution over the next location, as computed
            after each look but the last, [N, T - 1, P]; None where they are
            not kept.
    """

    features: Tensor
    glimpse: Glimpse | None = None
    memory: tuple[Tensor, ...] = ()
    parameters: Tensor | None = None


class PolicyStep(NamedTuple):
    """What a policy did at one step.

    Attributes:
        action: Chosen actions by name; "location" is [N, 2]; "choice" [N, ...]
            what the policy over locations chose, where that is not the location
            itself; "action" [N] int32 what was done then, where the model acts;
            and "stop" [N] bool whether this look was the last, where the model
            decides that.
        state: The state after the step.
        log_prob: Sum of the log-probabilities of the sampled actions, [N],
            without gradient: that of training enters with a Trajectory.
        features: The core's output after looking, [N, units].
    """

    action: dict[str, Tensor]
    state: PolicyState
    log_prob: Tensor
    features: Tensor


class Trajectory(NamedTuple):
    """One unrolled batch of episodes; every field is [N, T, ...].

    Attributes:
        action: Actions by name; "location" [N, T, 2] is where step t looked,
            "choice" [N, T, ...] what was chosen, where that is not the location
            itself, "action" [N, T] int32 what it did then, where the model
            acts, and "stop" [N, T] bool whether it then stopped, if it may.
        log_prob: Log-probability of the actions of step t, [N, T]; 0 where
            nothing was sampled.
        reward: Reward that followed step t, [N, T].
        logits: Class scores after glimpse t, [N, T, K]; None without classes.
        baseline: Value expected before glimpse t, [N, T]; it does not depend
            on the actions of step t, so that it leaves the gradient unbiased.
        label: Right class at step t, [N, T] int32; None without labels.
        label_weight: Weight of step t in the cross-entropy, [N, T]; or None.
        valid: 1 where the episode was still running, else 0, [N, T] float32.
        action_log_prob: The part of `log_prob` that is not the location's, of
            "action" and "stop", [N, T].
        entropy: Of the distribution of "action" at step t, in nats, [N, T]; 0
            where the model does not act.
        answer_due: 1 at the answers that must be right, else 0, [N, T] float32.
        target_log_prob: Log-probability that step t looks at the target of the
            environment, [N, T]; 0 where its location is not chosen, and without
            targets.
    """

    action: dict[str, Tensor]
    log_prob: Tensor
    reward: Tensor
    logits: Tensor | None
    baseline: Tensor
    label: Tensor | None
    label_weight: Tensor | None
    valid: Tensor
    action_log_prob: Tensor
    entropy: Tensor
    answer_due: Tensor
    target_log_prob: Tensor


class LossInfo(NamedTuple):
    """A loss and what it is made of.

    Attributes:
        loss: What was minimised, a float32 scalar.
        extra: Scalars by name, for the logs.
    """

    loss: Tensor
    extra: dict[str, Any]
