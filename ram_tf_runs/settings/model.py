"""What a model is."""

import dataclasses

from ram_tf_runs import plugins
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.fields import Settings, setting

# The smallest number that a flag of a positive number takes.
_TINY = 1e-9
# Of an image of any size (ram_tf.layers.glimpse_sensor).
_LEAST_SCALES = 3
# Policies over the cells of the windows.
_OF_CELLS = ("cells", "colour_cells", "directed_cells")
# Networks on whole images of any size (ram_tf.comparators).
_ANY_SIZE = ("conv_any", "conv_128")
# Parts of a model that no plugin brings, by the settings that name them.
OWN_PARTS = {
    "glimpse_encoder": ("conv", "dense"),
    "location_policy": (*_OF_CELLS, "gaussian"),
}


@dataclasses.dataclass(frozen=True)
class Network(Settings):
    """Which model is trained, and how often it looks."""

    network: str = setting(
        "ram",
        "The model: ram, or a network without attention to compare it "
        "with, which uses each image once. With such a network all "
        "flags of the model and of the agent, --rollouts and "
        "--pretrained among them, are ignored. fc_64, fc_256 and conv "
        "are the paper's; conv_any takes the maximum over an image of "
        "any size, and conv_128 is the same on images scaled to "
        "128x128.",
        choices=("ram", "fc_64", "fc_256", "conv", *_ANY_SIZE),
    )
    conv_units: int | None = setting(
        None,
        "Hidden units of --network=conv. By default there are as many "
        "as keep the number of weights near the paper's 250,000, which "
        "are few on a large canvas.",
        least=1,
    )
    glimpses: int = setting(
        6,
        "Number of looks at an image. A video has one look at each frame.",
        least=1,
    )

    @property
    def looks(self) -> bool:
        """Whether it is RAM; the others use whole images."""
        return self.network == "ram"

    @property
    def any_size(self) -> bool:
        """Whether it uses whole images, and those of any size."""
        return self.network in _ANY_SIZE


@dataclasses.dataclass(frozen=True)
class Model(Settings):
    """Arguments of a RecurrentAttentionModel, by their names."""

    glimpse_size: int = setting(8, "Side of a glimpse in pixels.", least=1)
    scales: int = setting(
        1,
        "Number of windows of the retina; each is twice as wide as the "
        "one before. 0 gives as many as it takes to see the edges of an "
        "image of any size, for --location_policy=cells.",
        least=0,
    )
    pooling: str = setting(
        "average",
        "How pixels of a wide window are pooled to a pixel of the glimpse.",
        choices=("average", "max"),
    )
    sensor: str = setting(
        "gather",
        "How the retina reads. integral is faster than gather for wide "
        "windows. pyramid is by far the fastest on large images; its "
        "wide windows are half a cell off at most.",
        choices=("gather", "integral", "pyramid"),
    )
    scale_gain: float = setting(
        1.0,
        "Factor by which each window after the first is made brighter "
        "than the one before. Averages over wide windows of a large, "
        "sparse canvas are faint.",
        least=_TINY,
    )
    core: str = setting("rnn", "The recurrent core.", choices=("rnn", "lstm"))
    core_units: int = setting(256, "Size of the core.", least=1)
    glimpse_units: int = setting(
        128, "Size of the encoding of what was seen.", least=1
    )
    location_units: int = setting(
        128, "Size of the encoding of where it was seen.", least=1
    )
    units: int = setting(256, "Size of the joint encoding.", least=1)
    location_std: float = setting(
        0.1,
        "Standard deviation of a sampled location, in units of location.",
        least=_TINY,
    )
    location_range: float = setting(
        1.0,
        "Largest mean location in each direction, in units of location.",
        least=_TINY,
    )
    location_gain: float = setting(
        1.0,
        "Size of the location network's first weights, relative to "
        "Glorot's. With small weights all paths begin near the centre.",
        least=_TINY,
    )
    location_unit: float | None = setting(
        None,
        "Pixels in a unit of location; by default half the canvas.",
        least=_TINY,
    )
    first_fixation: str = setting(
        "learned",
        "Where the first glimpse is: where the model has learned to "
        "begin, at the centre, or at random.",
        choices=("learned", "centre", "random"),
    )
    glimpse_encoder: str = setting(
        "dense",
        "What makes a vector of the windows and their place: dense is "
        "the paper's network; conv applies the same convolutions to all "
        "windows.",
        choices=lambda: plugins.part_names(
            "GLIMPSE_ENCODERS", OWN_PARTS["glimpse_encoder"]
        ),
    )
    location_policy: str = setting(
        "gaussian",
        "What chooses where to look next: gaussian, the paper's, "
        "samples about a mean on the canvas; cells chooses one of the "
        "cells of the windows just seen; directed_cells also knows in which "
        "direction each lies, for what is read in an order; colour_cells "
        "chooses in photographs, where it sees what --policy_filters tell it.",
        choices=lambda: plugins.part_names(
            "LOCATION_POLICIES", OWN_PARTS["location_policy"]
        ),
    )
    encoder_scales: int | None = setting(
        None,
        "Number of windows, the finest ones, that the glimpse encoder "
        "reads; by default all. --location_policy=cells always sees "
        "all.",
        least=1,
    )
    encoder_size: int | None = setting(
        None,
        "Side of what the glimpse encoder reads of each window, from the "
        "middle, in pixels of the glimpse; by default all. With it, "
        "--location_policy=cells sees more than is read.",
        least=1,
    )
    policy_scales: int = setting(
        7,
        "With --location_policy=cells: number of windows that have "
        "weights of their own. Wider windows share those of the last.",
        least=1,
    )
    policy_filters: int = setting(
        0,
        "With --location_policy=cells: number of features of a cell that "
        "are learned, beside those that are given. With colour_cells "
        "there are no other features of what is seen in a cell.",
        least=0,
    )

    def check(self):
        less = self.glimpse_size - (self.encoder_size or self.glimpse_size)
        if less < 0 or less % 2:
            raise UserError(
                f"--encoder_size must be --glimpse_size, {self.glimpse_size}, "
                "or an even number less. Received: "
                f"--encoder_size={self.encoder_size}"
            )
        if self.location_policy == "gaussian":
            if not self.scales:
                raise UserError(
                    "--scales=0 needs --location_policy=cells: the paper's "
                    "policy knows one number of windows. Received: "
                    "--location_policy=gaussian"
                )
            return
        if self.location_policy in _OF_CELLS:
            self._check_cells()

    def _check_cells(self) -> None:
        policy = self.location_policy
        if policy == "colour_cells":
            self._check_colour_cells()
        if self.first_fixation == "learned":
            raise UserError(
                f"--location_policy={policy} has no cells to choose the first "
                "fixation from: --first_fixation must be centre or random. "
                "Received: --first_fixation=learned"
            )
        if self.location_unit is not None:
            raise UserError(
                f"--location_policy={policy} moves by pixels in any unit: "
                "--location_unit must not be given. Received: "
                f"--location_unit={self.location_unit}"
            )
        if not self.scales and not self.encoder_scales:
            raise UserError(
                "--scales=0 needs --encoder_scales: the model reads a fixed "
                "number of windows. Received: --scales=0"
            )
        if (self.encoder_scales or 0) > (self.scales or _LEAST_SCALES):
            raise UserError(
                "--encoder_scales must be at most the number of windows, "
                f"{self.scales or _LEAST_SCALES}. Received: "
                f"--encoder_scales={self.encoder_scales}"
            )

    def _check_colour_cells(self) -> None:
        if not self.policy_filters:
            raise UserError(
                "--location_policy=colour_cells needs --policy_filters, which "
                "are all that it sees of a picture. Received: "
                "--policy_filters=0"
            )
        if 0 < self.scales < _LEAST_SCALES:
            raise UserError(
                "--location_policy=colour_cells chooses from all windows but "
                "the two finest: --scales must be 0 or at least "
                f"{_LEAST_SCALES}. Received: --scales={self.scales}"
            )
        if self.sensor != "pyramid":
            raise UserError(
                "--location_policy=colour_cells reads the contrast within "
                "cells, which only --sensor=pyramid has. Received: "
                f"--sensor={self.sensor}"
            )
        if self.glimpse_size % 2:
            raise UserError(
                "--location_policy=colour_cells chooses among squares of 2x2 "
                "cells: --glimpse_size must be even. Received: "
                f"--glimpse_size={self.glimpse_size}"
            )
