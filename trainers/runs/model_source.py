"""The trained model that a command reads: a run's, or a released one."""

import pathlib
from typing import Any, NamedTuple

import keras
from absl import flags

from ram_tf import pretrained, widening
from trainers.configs import config, settings
from trainers.configs.config import Config
from trainers.runs import workdir

flags.adopt_module_key_flags(workdir)
flags.declare_key_flag("pretrained")

# What the weights' shapes and meaning depend on; the rest may change.
_ARCHITECTURE = (
    "network",
    "full_screen",
    "max_digits",
    "glimpse_size",
    "pooling",
    "core",
    "core_units",
    "glimpse_units",
    "location_units",
    "units",
)
# With --train_only_stop these, too: the model must look as it did.
_WAY_OF_LOOKING = ("location_range", "location_unit", "first_fixation")


class Trained(NamedTuple):
    """A trained model and where it is from.

    Attributes:
        name: Of the released model, or of the run's directory.
        config: Of the run that trained it.
        model: The model.
        directory: Where a command leaves what it makes of it.
        result: Of the run; None if there is none.
        class_names: Of its classes; None if they are just numbers.
    """

    name: str
    config: Config
    model: keras.Model
    directory: pathlib.Path
    result: dict[str, Any] | None = None
    class_names: list[str] | None = None

    @property
    def standardised(self) -> bool:
        """Whether its images must have equal brightness and contrast."""
        return getattr(self.config, "standardise", False)  # Catch has no such.


def load(may_play_environment: bool = False) -> Trained:
    """What --workdir or --pretrained names.

    Args:
        may_play_environment: Whether a model of `trainers.play` will do.

    Raises:
        ValueError: On both, on neither a run nor a released model there, on
            flags that belong to the run, or on a model that will not do.
    """
    _check_flags()
    name = flags.FLAGS.pretrained
    trained = _of_run(flags.FLAGS.workdir) if name is None else _named(name)
    if settings.plays_environment(trained.config) and not may_play_environment:
        raise ValueError(
            "This command does not know models of trainers.play. "
            f"Received: one that plays {trained.config.env}"
        )
    return trained


def copy_pretrained(wanted: Config, model: keras.Model) -> None:
    """Gives a new model the weights of the trained one that settings name.

    Args:
        wanted: Of the run that is to start; `pretrained` is the name.
        model: Made with it; its weights are replaced, but for those of a
            stop head that the trained one does not have. See `widening` for
            what may be larger.

    Raises:
        ValueError: On an unknown name, a model of another kind of task or
            another architecture, or data of other channels or classes.
    """
    name = wanted.pretrained
    source = _named(name)
    if settings.module(source.config) != settings.module(wanted):
        raise ValueError(
            f"--pretrained={name} must be a model of the same kind of task. "
            f"Received: one that {_task(source.config)}, for one that "
            f"{_task(wanted)}"
        )
    old, new = vars(source.config), vars(wanted)
    same = _ARCHITECTURE
    if new.get("train_only_stop"):
        same += _WAY_OF_LOOKING
    for flag in same:
        if old.get(flag) != new.get(flag):
            raise ValueError(
                f"--pretrained={name} needs --{flag}={old.get(flag)}, with "
                f"which it was trained. Received: --{flag}={new.get(flag)}"
            )
    if old.get("scales", 0) > new.get("scales", 0):
        raise ValueError(
            f"--pretrained={name} needs --scales={old['scales']} or more, "
            f"with which it was trained. Received: --scales={new['scales']}"
        )
    if old.get("stop") and not new.get("stop"):
        raise ValueError(
            f"--pretrained={name} needs --stop, with which it was trained. "
            "Received: --nostop"
        )
    released = source.model
    for fact in ("channels", "num_classes"):
        if getattr(released, fact) != getattr(model, fact):
            raise ValueError(
                f"--pretrained={name} needs data with {fact} of "
                f"{getattr(released, fact)}. Received: {getattr(model, fact)}"
            )
    _copy_weights(released, model)


def _task(of: Config) -> str:
    if settings.plays_catch(of):
        return "plays Catch"
    return "plays" if settings.plays_environment(of) else "classifies images"


def _copy_weights(released: keras.Model, model: keras.Model) -> None:
    head, fresh = model.cell.stop_policy, set()
    if head and not released.cell.stop_policy:
        fresh = {id(weight) for weight in head.weights}
    copied = [weight for weight in model.weights if id(weight) not in fresh]
    values = widening.weights(released, model)
    for weight, value in zip(copied, values, strict=True):
        weight.assign(value)


def _named(name: str) -> Trained:
    """What --pretrained names: a file of a finished run, or a released model.

    Raises:
        ValueError: On neither.
    """
    path = pathlib.Path(name)
    if path.suffix != ".keras":
        result = pretrained.record(name)
        return Trained(
            name,
            settings.complete(result["config"]),
            pretrained.load_pretrained(name),
            pathlib.Path(),
            result,
        )
    if path.name != "model.keras":
        raise ValueError(
            "--pretrained must be the name of a released model, or the file "
            f"model.keras in a run's directory. Received: {name}"
        )
    return _of_run(path.parent)


def _of_run(directory: str | pathlib.Path) -> Trained:
    run = workdir.Workdir(directory)
    return Trained(
        run.path.resolve().name,
        run.load_config(),
        run.load_model(),
        run.path,
        run.load_result() if run.result.exists() else None,
        run.load_data().get("class_names"),
    )


def load_classifier() -> Trained:
    """The same, for commands about images.

    Raises:
        ValueError: As `load`, or on a model that plays.
    """
    trained = load()
    if settings.plays_catch(trained.config):
        raise ValueError(
            "The model must be one that classifies images. Received: one that "
            "plays Catch"
        )
    return trained


def _check_flags() -> None:
    given = config.given()
    if "pretrained" not in given and flags.FLAGS.workdir is None:
        raise ValueError(
            "--workdir must name the directory of a finished run, or "
            "--pretrained a released model. Received: neither"
        )
    if "pretrained" in given and flags.FLAGS.workdir is not None:
        raise ValueError(
            "Only one of --workdir and --pretrained can name the model. "
            f"Received: --workdir={flags.FLAGS.workdir} "
            f"--pretrained={flags.FLAGS.pretrained}"
        )
    others = [f"--{name}" for name in given if name != "pretrained"]
    if others:
        raise ValueError(
            "The flags of a trained model are in its record and must not be "
            f"given again. Received: {' '.join(others)}"
        )
