"""Settings of runs that find a sign in a photograph."""

import dataclasses
from typing import ClassVar

from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.agent import (
    Answers,
    Guidance,
    Reinforce,
    Rollouts,
    Teaching,
)
from ram_tf_runs.settings.data import Hidden, Splits
from ram_tf_runs.settings.fields import group, setting
from ram_tf_runs.settings.model import Model, Network
from ram_tf_runs.settings.run import RunSettings
from ram_tf_runs.settings.training import PRETRAINED, SEED, Epochs, Optimizer


@dataclasses.dataclass(frozen=True)
class FindSettings(RunSettings):
    """Which sign is hidden in a photograph."""

    kind: ClassVar[str] = "find"

    source: str = setting(
        "gtsrb", "Where the signs come from.", choices=("gtsrb",)
    )
    hidden: Hidden = group(Hidden)
    splits: Splits = group(Splits)
    network: Network = group(Network)
    model: Model = group(Model)
    pretrained: str | None = setting(None, PRETRAINED, path=True)
    rollouts: Rollouts = group(Rollouts)
    answers: Answers = group(Answers)
    teaching: Teaching = group(Teaching)
    guidance: Guidance = group(Guidance)
    reinforce: Reinforce = group(Reinforce)
    optimizer: Optimizer = group(Optimizer)
    training: Epochs = group(Epochs)
    evaluation_cases: int = setting(
        1000,
        "Number of photographs to measure on, in validation and in the test. "
        "There are at most as many as there are signs.",
        least=1,
    )
    seed: int = setting(0, **SEED)

    @property
    def any_size(self) -> bool:
        """Whether the model takes photographs of any size as they are."""
        looks = self.network.looks and not self.model.scales
        return self.network.any_size or looks

    def check(self):
        self.teaching.check_rollouts(self.rollouts)
        self._check_guidance()
        if self.pretrained and not self.network.looks:
            raise UserError(
                "--pretrained needs --network=ram. "
                f"Received: --network={self.network.network}"
            )

    def _check_guidance(self):
        weight, policy = (
            self.guidance.guidance_weight,
            self.model.location_policy,
        )
        if weight and policy == "gaussian":
            raise UserError(
                "--guidance_weight needs a --location_policy that chooses "
                f"among cells. Received: --guidance_weight={weight:g}, "
                f"--location_policy={policy}"
            )
