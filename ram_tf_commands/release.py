"""Releases the model of a finished run: its weights, record and card.

    python -m trainers.release --workdir=runs/cluttered --name=cluttered

`ram_tf.load_pretrained` and --pretrained find it by that name.
"""

import dataclasses
import json
import pathlib
import re

import ram_tf_runs.quiet  # noqa: F401  First.

from ram_tf import RecurrentAttentionModel, files, pretrained
from ram_tf_runs.command import Command
from ram_tf_runs.errors import UserError
from ram_tf_runs.records.workdir import Workdir, write_json
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.options import Name, Place
from ram_tf_runs.settings.run import from_record
from ram_tf_runs.tasks.registry import task_of


@dataclasses.dataclass(frozen=True)
class Released(Settings):
    """Where released models are."""

    dir: str = setting(
        str(pretrained.DIRECTORY), "Directory of released models."
    )
    cards_only: bool = setting(
        False, "Whether only to write all cards in --dir again."
    )


def main(place: Place, naming: Name, released: Released) -> None:
    directory = pathlib.Path(released.dir)
    if released.cards_only:
        for path in sorted(directory.glob("*.json")):
            _write_card(path)
        return
    if place.workdir is None:
        raise UserError(
            "--workdir must name the directory of a run. Received: none"
        )
    source = Workdir(place.workdir)
    release(source, directory, naming.name or source.path.name)


def release(source: Workdir, directory: pathlib.Path, name: str) -> None:
    """Copies a finished run's model and record, and writes the card.

    Args:
        source: The run's directory.
        directory: Of the released models; made if need be.
        name: Of the released model; one of that name is replaced.

    Raises:
        UserError: On an unfinished run, a model that is not RAM's, or a bad
            name.
    """
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise UserError(
            "--name must consist of small letters, digits and underscores. "
            f"Received: {name!r}"
        )
    task_of(source.load_settings()).check_release()
    result = source.load_result()
    if not isinstance(source.load_model(), RecurrentAttentionModel):
        raise UserError(f"{source.model} is not a RecurrentAttentionModel.")
    directory.mkdir(parents=True, exist_ok=True)
    record = directory / f"{name}.json"
    write_json(record, result)
    _write_card(record)
    # Last, because its being there says that the model is released.
    model = directory / f"{name}.keras"
    files.write_bytes(model, source.model.read_bytes())
    print(f"model: {model}")


def _write_card(path: pathlib.Path) -> None:
    card = path.with_suffix(".md")
    record = json.loads(path.read_text(encoding="utf-8"))
    task = task_of(from_record(record["config"]))
    files.write_bytes(card, task.card(path.stem, record).encode())
    print(f"card: {card}")


COMMAND = Command(main, (Place, Name, Released))
