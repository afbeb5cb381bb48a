"""Releases the model of a finished run: its weights, record and card.

    python -m trainers.release --workdir=runs/cluttered --name=cluttered

`ram_tf.load_pretrained` and --pretrained find it by that name.
"""

import json
import pathlib
import re

from absl import flags

from trainers.command import run
from ram_tf import RecurrentAttentionModel, files, pretrained
from trainers.cards.catch_card import catch_card
from trainers.cards.model_card import model_card
from trainers.configs import settings
from trainers.configs.config import Config
from trainers.configs.data_flags import SOURCES
from trainers.configs.output_flags import NAME
from trainers.runs import workdir

flags.adopt_module_key_flags(workdir)
flags.declare_key_flag("name")
_DIR = flags.DEFINE_string(
    "dir", str(pretrained.DIRECTORY), "Directory of released models."
)
_CARDS_ONLY = flags.DEFINE_bool(
    "cards_only", False, "Whether only to write all cards in --dir again."
)


def main() -> None:
    directory = pathlib.Path(_DIR.value)
    if _CARDS_ONLY.value:
        for path in sorted(directory.glob("*.json")):
            _write_card(path)
        return
    if flags.FLAGS.workdir is None:
        raise ValueError(
            "--workdir must name the directory of a run. Received: none"
        )
    source = workdir.Workdir(flags.FLAGS.workdir)
    release(source, directory, NAME.value or source.path.name)


def release(
    source: workdir.Workdir, directory: pathlib.Path, name: str
) -> None:
    """Copies a finished run's model and record, and writes the card.

    Args:
        source: The run's directory.
        directory: Of the released models; made if need be.
        name: Of the released model; one of that name is replaced.

    Raises:
        ValueError: On an unfinished run, a model that is not RAM's, or a bad
            name.
    """
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise ValueError(
            "--name must consist of small letters, digits and underscores. "
            f"Received: {name!r}"
        )
    result = source.load_result()
    if not isinstance(source.load_model(), RecurrentAttentionModel):
        raise ValueError(f"{source.model} is not a RecurrentAttentionModel.")
    _check_data(source.load_config())
    directory.mkdir(parents=True, exist_ok=True)
    record = directory / f"{name}.json"
    workdir.write_json(record, result)
    _write_card(record)
    # Last, because its being there says that the model is released.
    model = directory / f"{name}.keras"
    files.write_bytes(model, source.model.read_bytes())
    print(f"model: {model}")


def _check_data(config: Config) -> None:
    """Cards speak of what trainers.mnist takes by itself."""
    if settings.plays_environment(config):
        raise ValueError(
            "Released models classify, or play Catch. "
            f"Received: a run with --env={config.env}"
        )
    if settings.plays_catch(config):
        return
    if config.frames:
        raise ValueError(
            "Released models know still images: their card speaks of these. "
            f"Received: a run with --frames={config.frames}"
        )
    if config.max_digits:
        raise ValueError(
            "A released model answers with one class. "
            f"Received: a run with --max_digits={config.max_digits}"
        )
    if config.source not in SOURCES["mnist"] or config.standardise:
        raise ValueError(
            "Released models know images of trainers.mnist as they are: their "
            f"card speaks of these, {', '.join(SOURCES['mnist'])}. Received: a "
            f"run with --source={config.source}, "
            f"--standardise={config.standardise}"
        )


def _write_card(path: pathlib.Path) -> None:
    card = path.with_suffix(".md")
    record = json.loads(path.read_text(encoding="utf-8"))
    plays = settings.plays_catch(settings.complete(record["config"]))
    write = catch_card if plays else model_card
    files.write_bytes(card, write(path.stem, record).encode())
    print(f"card: {card}")


if __name__ == "__main__":
    run(main)
