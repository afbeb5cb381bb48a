"""Released models: what is left of a finished run for `ram_tf.pretrained`."""

import pathlib
import re

import ram_tf_runs.quiet  # noqa: F401  First.

from ram_tf import RecurrentAttentionModel, files
from ram_tf_runs.errors import UserError
from ram_tf_runs.records import json_files
from ram_tf_runs.records.workdir import Workdir, write_json
from ram_tf_runs.settings.run import from_record
from ram_tf_runs.tasks.registry import task_of


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
    files.copy(source.model, model)
    print(f"model: {model}")


def write_cards(directory: pathlib.Path) -> None:
    """Writes the cards of all released models in a directory again."""
    for path in sorted(directory.glob("*.json")):
        _write_card(path)


def _write_card(path: pathlib.Path) -> None:
    card = path.with_suffix(".md")
    record = json_files.read(path, "config")
    with json_files.reading(path):
        task = task_of(from_record(record["config"]))
        text = task.card(path.stem, record)
    files.write_text(card, text)
    print(f"card: {card}")
