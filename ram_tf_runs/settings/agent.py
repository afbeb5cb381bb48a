"""What is rewarded, and how the model learns from it."""

import dataclasses

from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.fields import Settings, setting


@dataclasses.dataclass(frozen=True)
class Rollouts(Settings):
    """Episodes of the same image or game."""

    rollouts: int = setting(4, "Episodes an image, or a game.", least=1)
    baseline: str = setting(
        "leave_one_out",
        "Subtracted from the return: learned, or the image's other rollouts.",
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
        True, "Whether REINFORCE trains the core too."
    )


@dataclasses.dataclass(frozen=True)
class Teaching(Settings):
    """How rollouts of an image learn from each other."""

    teaching_weight: float = setting(
        0.0,
        "Weight of the cross-entropy of each rollout's answers to the mean "
        "answer of all --rollouts of the image, beside the label's.",
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
class Answers(Settings):
    """What answers earn."""

    reward: str = setting(
        "log_likelihood",
        "What the last answer earns: 1 or 0, or the log-likelihood of the "
        "class.",
        choices=("accuracy", "log_likelihood"),
    )
    intermediate_weight: float = setting(
        0.0,
        "Weight of the answer after each glimpse but the last (which has 1), "
        "in the cross-entropy and, where the model does not stop by itself, "
        "the reward.",
        least=0.0,
    )


@dataclasses.dataclass(frozen=True)
class Acting(Settings):
    """Settings of models that act, whatever they play."""

    fixations: str = setting(
        "learned",
        "How the model looks: as it learns to, or as a control.",
        choices=("learned", "random", "centre"),
    )
    entropy_weight: float = setting(
        0.01, "Weight of the entropy of the actions.", least=0.0
    )
    location_weight: float = setting(
        1.0,
        "Weight of REINFORCE of locations beside that of actions.",
        least=0.0,
    )
    trace_decay: float = setting(
        1.0,
        "1 credits the whole return to every step; less trusts the learned "
        "baseline of later steps (GAE's lambda).",
        least=0.0,
        most=1.0,
    )
    baseline_into_core: bool = setting(
        False, "Whether the baseline's error trains the core too."
    )
