"""Released models: what is left of a finished run for `ram_tf.pretrained`."""

import contextlib
import pathlib
import re
from typing import Any

import ram_tf_runs.quiet  # noqa: F401  First.

from ram_tf import RecurrentAttentionModel, files, pretrained
from ram_tf_runs.errors import UserError
from ram_tf_runs.records import json_files
from ram_tf_runs.records.workdir import Workdir, write_json
from ram_tf_runs.settings.run import from_record
from ram_tf_runs.tasks.registry import task_of

# By the suffix of their names: a model is there if its weights are.
_KINDS = ("keras", "md", "json")


def release(source: Workdir, directory: pathlib.Path, name: str) -> None:
    """Copies a finished run's model and record, and writes the card.

    All three are there in the end, or, if it is killed, the model is not.

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
    paths = {kind: directory / f"{name}.{kind}" for kind in _KINDS}
    card = _card(source.result, name, result)
    # The drafts are moved to their places in turn, the last one first: a
    # release that is killed leaves no model of that name.
    with contextlib.ExitStack() as stack:
        model, text, record = (
            stack.enter_context(files.whole(paths[kind])) for kind in _KINDS
        )
        model.write_bytes(source.model.read_bytes())
        known = result.setdefault(pretrained.DIGEST, files.digest(model))
        files.check_digest(model, known, source.result)
        text.write_text(card, encoding="utf-8")
        write_json(record, result)
        paths["keras"].resolve().unlink(missing_ok=True)
    print(f"card: {paths['md']}")
    print(f"model: {paths['keras']}")


def write_cards(directory: pathlib.Path) -> None:
    """Writes the cards of all released models in a directory again."""
    for path in sorted(directory.glob("*.json")):
        _write_card(path)


def _write_card(path: pathlib.Path) -> None:
    card = path.with_suffix(".md")
    record = json_files.read(path, "config")
    files.write_text(card, _card(path, path.stem, record))
    print(f"card: {card}")


def _card(path: pathlib.Path, name: str, record: dict[str, Any]) -> str:
    """The card of a record that was read from a file."""
    with json_files.reading(path):
        task = task_of(from_record(record["config"]))
        return task.card(name, record)
