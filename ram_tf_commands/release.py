"""Releases the model of a finished run: its weights, record and card.

    python -m trainers.release --workdir=runs/cluttered --name=cluttered

`ram_tf.load_pretrained` and --pretrained then find the model by that name.
"""

import dataclasses
import pathlib

from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.options import Name, Place


@dataclasses.dataclass(frozen=True)
class Released(Settings):
    """Where released models are."""

    dir: str | None = setting(
        None,
        "Directory of released models; by default the one that "
        "ram_tf.load_pretrained reads.",
        path=True,
    )
    cards_only: bool = setting(
        False,
        "Whether to write all cards in --dir anew, and to do nothing else.",
    )


def main(place: Place, naming: Name, released: Released) -> None:
    if not released.cards_only and place.workdir is None:
        raise UserError(
            "--workdir must name the directory of a run. Received: none"
        )
    # TensorFlow comes with these; --help does without.
    import ram_tf_runs.quiet  # noqa: F401  First.

    from ram_tf import pretrained
    from ram_tf_runs import releases
    from ram_tf_runs.records.workdir import Workdir

    directory = pathlib.Path(released.dir or pretrained.DIRECTORY)
    if released.cards_only:
        releases.write_cards(directory)
        return
    source = Workdir(place.workdir)
    releases.release(source, directory, naming.name or source.path.name)


COMMAND = Command(main, (Place, Name, Released))


if __name__ == "__main__":
    run(COMMAND)
