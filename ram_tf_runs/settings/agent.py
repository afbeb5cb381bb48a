"""What is rewarded, and how the model learns from it."""

import dataclasses

from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.fields import Settings, setting


@dataclasses.dataclass(frozen=True)
class Rollouts(Settings):
    """Episodes of the same image or game."""

    rollouts: int = setting(
        4, "Episodes that are sampled for each image or game.", least=1
    )
    baseline: str = setting(
        "leave_one_out",
        "What is subtracted from the return: a learned value, or the "
        "mean return of the image's other rollouts.",
        choices=("learned", "leave_one_out"),
    )

    def check(self):
        if self.baseline == "leave_one_out" and self.rollouts < 2:
            raise UserError(
                "--baseline=leave_one_out needs --rollouts of at least 2. "
                f"Received: --rollouts={self.rollouts}"
            )


@dataclasses.dataclass(frozen=True)
class Reinforce(Settings):
    """Weights of the parts of the loss."""

    policy_weight: float = setting(0.14, "Weight of REINFORCE.", least=0.0)
    baseline_weight: float = setting(
        1.0, "Weight of the baseline's error.", least=0.0
    )
    reinforce_into_core: bool = setting(
        True, "Whether REINFORCE also trains the core."
    )


@dataclasses.dataclass(frozen=True)
class Teaching(Settings):
    """How rollouts of an image learn from each other."""

    teaching_weight: float = setting(
        0.0,
        "Weight of a further cross-entropy, which pulls each rollout's "
        "answers to the mean answer of all --rollouts of the image.",
        least=0.0,
    )

    def check_rollouts(self, rollouts: Rollouts) -> None:
        """Raises UserError where there is nobody to learn from."""
        if self.teaching_weight and rollouts.rollouts < 2:
            raise UserError(
                "--teaching_weight needs --rollouts of at least 2. Received: "
                f"--rollouts={rollouts.rollouts}"
            )


@dataclasses.dataclass(frozen=True)
class Guidance(Settings):
    """Whether the eye is told in training where to look."""

    guidance_weight: float = setting(
        0.0,
        "Weight of a further cross-entropy, which pulls the choice of each "
        "fixation to cells on what is hidden; training data know where it is. "
        "With 0 the eye learns from its answers alone. It needs a "
        "--location_policy that chooses among cells.",
        least=0.0,
    )


@dataclasses.dataclass(frozen=True)
class Answers(Settings):
    """What answers earn."""

    reward: str = setting(
        "log_likelihood",
        "What the last answer earns: 1 if it is right and 0 if not "
        "(accuracy), or the log-likelihood of the right class.",
        choices=("accuracy", "log_likelihood"),
    )
    intermediate_weight: float = setting(
        0.0,
        "Weight of each answer before the last one, relative to the last, "
        "in the cross-entropy and, unless the model stops by itself, in "
        "the reward.",
        least=0.0,
    )


@dataclasses.dataclass(frozen=True)
class Acting(Settings):
    """Settings of models that act, whatever they play."""

    fixations: str = setting(
        "learned",
        "How the model looks: as it learns to, or, as a control, at "
        "random or always at the centre.",
        choices=("learned", "random", "centre"),
    )
    entropy_weight: float = setting(
        0.01, "Weight of the entropy of the actions.", least=0.0
    )
    location_weight: float = setting(
        1.0,
        "Weight of the REINFORCE loss of locations, beside that of actions.",
        least=0.0,
    )
    trace_decay: float = setting(
        1.0,
        "How far a reward is credited to earlier steps (GAE's lambda): "
        "1 credits the whole return to every step; less relies on the "
        "learned baseline of later steps.",
        least=0.0,
        most=1.0,
    )
    baseline_into_core: bool = setting(
        False, "Whether the baseline's error also trains the core."
    )
