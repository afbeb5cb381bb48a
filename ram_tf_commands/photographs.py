"""Fetches photographs to hide signs in, with their licences.

    python -m trainers.photographs --out=FOLDER
    python -m trainers find --flagfile=find.flags --backgrounds=FOLDER \\
        --data_dir=FOLDER_OF_SIGNS

There are 28 photographs. They come from Debian's mate-backgrounds and
lomiri-wallpapers, by `apt-get download`, and from npm's three-globe, by
`npm pack`. Each must be the same file as when this was written. Their shorter
sides have 1024 to 3168 pixels, and are scaled to --shorter. FOLDER/licences
says what you may do with them.

The same names make the same splits. So a model that was trained on small
photographs can be measured on larger ones, and has never seen those either.
"""

import dataclasses
import pathlib

from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.options import Out


@dataclasses.dataclass(frozen=True)
class Shorter(Settings):
    """How large they become."""

    shorter: int = setting(
        1280,
        "The shorter side of each photograph in pixels, which must be at "
        "least the side of the canvas.",
        least=64,
        most=8192,
    )


def main(shorter: Shorter, out: Out) -> None:
    from ram_tf import files
    from ram_tf_data import photograph_packages

    if out.out is None:
        raise UserError("--out must name a folder. Received: none")
    folder = pathlib.Path(out.out)
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--out must name a folder. Received: {folder}")
    for name, content in photograph_packages.fetched(shorter.shorter):
        files.write_bytes(folder / name, content)
        print(folder / name, flush=True)


COMMAND = Command(main, (Shorter, Out))


if __name__ == "__main__":
    run(COMMAND)
