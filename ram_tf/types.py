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

from typing import Any, NamedTuple

import tensorflow as tf

Tensor = tf.Tensor


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


class PolicyStep(NamedTuple):
    """What a policy did at one step.

    Attributes:
        action: Chosen actions by name; "location" is [N, 2], and "action" [N]
            int32 what was done then, where the model acts, and "stop" [N] bool
            whether this look was the last, where the model decides that.
        state: The state after the step, a flat list of float32 tensors.
        log_prob: Sum of the log-probabilities of the sampled actions, [N].
        features: The core's output after looking, [N, units].
    """

    action: dict[str, Tensor]
    state: list[Tensor]
    log_prob: Tensor
    features: Tensor


class Trajectory(NamedTuple):
    """One unrolled batch of episodes; every field is [N, T, ...].

    Attributes:
        action: Actions by name; "location" [N, T, 2] is where step t looked,
            "action" [N, T] int32 what it did then, where the model acts, and
            "stop" [N, T] bool whether it then stopped, if it may.
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


class LossInfo(NamedTuple):
    """A loss and what it is made of.

    Attributes:
        loss: What was minimised, a float32 scalar.
        extra: Scalars by name, for the logs.
    """

    loss: Tensor
    extra: dict[str, Any]
