"""Fetches photographs that signs are hidden in, with their licences.

    python -m trainers.photographs --out=FOLDER
    python -m trainers find --flagfile=find.flags --backgrounds=FOLDER \\
        --data_dir=FOLDER_OF_SIGNS

They come from Debian's mate-backgrounds and lomiri-wallpapers, by
`apt-get download`, and from npm's three-globe, by `npm pack`: 28 photographs,
each of which must be the one that it was when this was written. They have
shorter sides from 1024 to 3168 pixels, and are scaled to --shorter. What one
may do with them is in FOLDER/licences. The same names make the same splits, so
that a model that was trained on small ones is measured on larger ones of
photographs that it never saw.
"""

import dataclasses
import pathlib

from ram_tf_runs.command import Command
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.options import Out


@dataclasses.dataclass(frozen=True)
class Shorter(Settings):
    """How large they become."""

    shorter: int = setting(
        1280,
        "The shorter side of each photograph in pixels: at least the canvas.",
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
