"""Settings of runs that classify images: digits, or your own pictures."""

import dataclasses
from typing import ClassVar

from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.agent import (
    Answers,
    Reinforce,
    Rollouts,
    Teaching,
)
from ram_tf_runs.settings.data import Folders, Scene, Splits
from ram_tf_runs.settings.fields import group, setting
from ram_tf_runs.settings.model import Model, Network
from ram_tf_runs.settings.run import RunSettings
from ram_tf_runs.settings.training import PRETRAINED, SEED, Epochs, Optimizer

# By command; the first is what --source is there if it is not given.
SOURCES = {
    "mnist": ("mnist", "fashion_mnist", "digits"),
    "svhn": ("svhn_cropped", "svhn_small"),
    "signs": ("gtsrb",),
    "classify": ("folder",),
}


@dataclasses.dataclass(frozen=True)
class ClassifySettings(RunSettings):
    """One label an image, or a video."""

    kind: ClassVar[str] = "classify"

    source: str = setting(
        "mnist",
        "Where images come from. Each training command takes only its "
        "own sources.",
        choices=tuple(sorted({s for known in SOURCES.values() for s in known})),
    )
    folders: Folders = group(Folders)
    splits: Splits = group(Splits)
    standardise: bool = setting(
        False,
        "Whether each image is given the same brightness and contrast "
        "before it is put on the canvas. Photographs need this.",
    )
    grey: bool = setting(False, "Whether pictures in folders are made grey.")
    scene: Scene = group(Scene)
    network: Network = group(Network)
    model: Model = group(Model)
    stop: bool = setting(
        False,
        "Whether the model decides after each glimpse if it was the last. "
        "--glimpses is then the largest number of them.",
    )
    pretrained: str | None = setting(None, PRETRAINED, path=True)
    rollouts: Rollouts = group(Rollouts)
    answers: Answers = group(Answers)
    teaching: Teaching = group(Teaching)
    reinforce: Reinforce = group(Reinforce)
    glimpse_cost: float = setting(
        0.0,
        "With --stop: what each glimpse takes off the reward, in the "
        "units of --reward.",
        least=0.0,
    )
    train_only_stop: bool = setting(
        False,
        "With --stop and --pretrained: whether only the decision to "
        "stop is trained. Nothing is sampled then, and --rollouts and "
        "the flags of REINFORCE are ignored.",
    )
    optimizer: Optimizer = group(Optimizer)
    training: Epochs = group(Epochs)
    evaluation_cases: int = setting(
        0,
        "Number of canvases to measure on: the first ones of the "
        "validation set and of the test set. 0 takes all. Large "
        "canvases take time and memory.",
        least=0,
    )
    test_draws: int = setting(
        1,
        "Number of canvases for each test image. The headline is their "
        "mean; the other figures are those of the first.",
        least=1,
    )
    seed: int = setting(0, **SEED)

    @property
    def program(self):
        return next(
            f"trainers.{command}"
            for command, sources in SOURCES.items()
            if self.source in sources
        )

    @property
    def any_size(self) -> bool:
        """Whether the model takes still images of any size as they are."""
        looks = self.network.looks and not self.scene.frames
        return self.network.any_size or (looks and not self.model.scales)

    @property
    def streams(self) -> bool | None:
        """Whether pictures are streamed; None for: if they do not fit."""
        if self._kept_for:
            return False
        return self.folders.stream or None

    @property
    def _kept_for(self) -> str:
        """The flag that all pictures are kept in memory for; "" if none is."""
        scene = self.scene
        flags = {
            f"--clutter={scene.clutter}": scene.clutter,
            f"--mixed={','.join(scene.mixed)}": scene.mixed,
            f"--frames={scene.frames}": scene.frames,
        }
        return next((flag for flag, given in flags.items() if given), "")

    def check(self):
        self.teaching.check_rollouts(self.rollouts)
        self._check_folders()
        self._check_video()
        self._check_stop()
        network = self.network
        if self.scene.mixed and not (network.looks or network.any_size):
            raise UserError(
                "--mixed needs a --network of images of any size: ram, "
                f"conv_any or conv_128. Received: --network={network.network}"
            )

    def _check_folders(self) -> None:
        folders = self.folders
        if self.source != "folder" and (folders.train_dir or folders.test_dir):
            raise UserError(
                "--train_dir and --test_dir need --source=folder, that of "
                f"trainers.classify. Received: --source={self.source}"
            )
        if self.source != "folder" and folders.stream:
            raise UserError(
                "--stream needs --source=folder, that of trainers.classify. "
                f"Received: --source={self.source}"
            )
        if folders.stream and self._kept_for:
            raise UserError(
                "--stream shows pictures as they are, and goes with none of "
                f"--clutter, --mixed and --frames. Received: {self._kept_for}"
            )

    def _check_video(self) -> None:
        if self.scene.frames and not self.network.looks:
            raise UserError(
                "--frames needs --network=ram: the other networks look at one "
                f"image. Received: --network={self.network.network}"
            )

    def _check_stop(self) -> None:
        if self.stop and not self.network.looks:
            raise UserError(
                "--stop needs --network=ram, which alone looks more than once. "
                f"Received: --network={self.network.network}"
            )
        if self.glimpse_cost and not self.stop:
            raise UserError(
                "--glimpse_cost needs --stop: else all glimpses are made, "
                "whatever they cost. Received: "
                f"--glimpse_cost={self.glimpse_cost} --nostop"
            )
        if self.train_only_stop and (not self.stop or self.pretrained is None):
            raise UserError(
                "--train_only_stop needs --stop and --pretrained, the model "
                f"that stays. Received: --{'' if self.stop else 'no'}stop "
                f"--pretrained={self.pretrained or ''}"
            )
