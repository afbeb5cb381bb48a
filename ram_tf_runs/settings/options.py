"""Flags of commands that are not settings of a run, by subject."""

import dataclasses

from ram_tf_runs.settings.fields import Settings, group, setting

# What commands that read a trained model say of flags that they lack.
OTHER_FLAGS = (
    "The settings of a trained model are in its record, and its flags must not "
    "be given again; --help lists those of this command."
)


@dataclasses.dataclass(frozen=True)
class Place(Settings):
    """Where a run is."""

    workdir: str | None = setting(
        None,
        "Directory of the run. By default it is runs/NAME, where NAME "
        "is that of the flagfile, or of the training command if there "
        "is no flagfile.",
        path=True,
    )


@dataclasses.dataclass(frozen=True)
class Data(Settings):
    """Where data are."""

    data_dir: str | None = setting(
        None,
        "TFDS's data directory; by default TFDS_DATA_DIR or TFDS's own. It "
        "matters only where the command reads a data set of TFDS.",
        path=True,
    )


@dataclasses.dataclass(frozen=True)
class RunOptions(Settings):
    """Options of commands that train."""

    place: Place = group(Place)
    data: Data = group(Data)


@dataclasses.dataclass(frozen=True)
class Workers(Settings):
    """Processes that train one model together."""

    workers: int = setting(
        1,
        "Number of processes that train together. Each has an equal share of "
        "every batch and of the cores. On several machines TF_CONFIG takes the "
        "place of this flag.",
        least=1,
    )
    worker_timeout: float = setting(
        600.0,
        "Seconds after which a worker that does not answer ends the run, of "
        "--workers or TF_CONFIG. The others wait while the first evaluates and "
        "saves, which must take less.",
        least=1.0,
    )


@dataclasses.dataclass(frozen=True)
class TrainOptions(RunOptions):
    """Options of commands that train one run."""

    workers: Workers = group(Workers)


@dataclasses.dataclass(frozen=True)
class ModelOptions(Settings):
    """Options of commands that read a model: a run's, or a released one."""

    place: Place = group(Place)
    pretrained: str | None = setting(
        None,
        "The model: the name of a released one, or a file such as "
        "runs/large/model.keras.",
        path=True,
    )
    data: Data = group(Data)


@dataclasses.dataclass(frozen=True)
class Backgrounds(Settings):
    """What a trained model that finds signs is measured in."""

    backgrounds: str | None = setting(
        None,
        "For a model that finds signs: the folder of photographs, by default "
        "that of the training. They have the same names as those, and may be "
        "larger.",
        path=True,
    )


@dataclasses.dataclass(frozen=True)
class Jobs(Settings):
    """What runs at a time."""

    jobs: int = setting(
        1,
        "Number of processes side by side. Each is pinned to an equal "
        "share of the cores; a single one has all of them.",
        least=1,
    )


@dataclasses.dataclass(frozen=True)
class Out(Settings):
    """A file or directory that is written."""

    out: str | None = setting(
        None, "File or directory to write the result to.", path=True
    )


@dataclasses.dataclass(frozen=True)
class Name(Settings):
    """What a model is called."""

    name: str | None = setting(
        None,
        "Name of the model; by default that of --pretrained or of the "
        "directory --workdir.",
    )


@dataclasses.dataclass(frozen=True)
class Served(Settings):
    """What a server is asked."""

    max_side: int = setting(
        4096,  # As in ram_tf.served.saved_model; a test holds the two together.
        "Longest side of an image that is answered, in pixels.",
        least=1,
        most=2**31 - 1,
    )
    invert: bool = setting(
        False,
        "Whether the strokes of encoded pictures are dark on white. "
        "Transparent parts are then white; otherwise they are black.",
    )


@dataclasses.dataclass(frozen=True)
class Picture(Settings):
    """A picture that is drawn."""

    picture: str | None = setting(None, "PNG file for the picture.", path=True)


@dataclasses.dataclass(frozen=True)
class ComparedRuns(Settings):
    """Options of commands that measure finished runs side by side."""

    workdirs: tuple[str, ...] = setting(
        (), "Directories of finished runs on the same task.", path=True
    )
    data: Data = group(Data)
    out: Out = group(Out)
    picture: Picture = group(Picture)
