"""Writes pictures that hide a traffic sign, in folders for trainers.classify.

    python -m trainers.sign_pictures --out=FOLDER --backgrounds=PHOTOGRAPHS \\
        --data_dir=FOLDER_OF_SIGNS
    python -m trainers.classify --flagfile=large_pictures.flags \\
        --train_dir=FOLDER/train --test_dir=FOLDER/test

FOLDER/train and FOLDER/test have a folder for each class of signs. A picture is
a PNG file of what `trainers find` composes in memory: a sign in a crop of a
photograph, among pieces of other photographs. Signs and photographs of the test
are in no picture of the training. The same flags write the same pictures.
"""

import dataclasses
import io
import itertools
import pathlib
from typing import TYPE_CHECKING

from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.data import Photographed
from ram_tf_runs.settings.fields import group, setting
from ram_tf_runs.settings.options import Data, Out

if TYPE_CHECKING:
    import numpy as np

    from ram_tf_data.splits import Split

_AT_ONCE = 16  # Pictures that are composed at once.
# None is a draw that models of `trainers find` are measured on.
_DRAWS = {"train": 2, "test": 3}


@dataclasses.dataclass(frozen=True)
class SignPictures(Photographed):
    """What is written."""

    each: int = setting(
        100,
        "Number of pictures of each class to train on. There are at most as "
        "many as there are signs.",
        least=2,
    )
    each_test: int = setting(
        20, "Number of pictures of each class for the test.", least=1
    )
    data: Data = group(Data)


def main(pictures: SignPictures, out: Out) -> None:
    # TensorFlow comes with these; --help does without.
    import ram_tf_runs.quiet  # noqa: F401  First.

    from ram_tf_data import photographs, sources

    if out.out is None:
        raise UserError("--out must name a folder. Received: none")
    folder = pathlib.Path(out.out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(
            f"--out must name a new folder, or an empty one. Received: {folder}"
        )
    files = photographs.divide(pictures.backgrounds)
    source = sources.load("gtsrb", pictures.data.data_dir)
    for name, each in (("train", pictures.each), ("test", pictures.each_test)):
        split = _some_of_each(source.splits[name], each)
        loaded = photographs.load(files[name], pictures.canvas)
        _write(folder / name, split, source.class_names, loaded, pictures)
        print(f"{len(split.label)} pictures: {folder / name}", flush=True)


def _some_of_each(split: "Split", count: int) -> "Split":
    """So many signs of each class, from all over the set."""
    import numpy as np

    chosen = []
    for label in np.unique(split.label):
        rows = np.flatnonzero(split.label == label)
        places = np.linspace(0, len(rows) - 1, min(count, len(rows)))
        chosen.append(rows[places.round().astype(int)])
    return split.take(np.concatenate(chosen))


def _write(folder: pathlib.Path, split, names, loaded, pictures) -> None:
    """A picture of each sign, in the folder of its class."""
    from ram_tf import files
    from ram_tf_data.hidden_batches import streamed_signs
    from ram_tf_data.hidden_signs import HiddenSign

    count = len(split.label)
    hidden = HiddenSign(pictures.canvas, pictures.distractors)
    draw = _DRAWS[folder.name]
    cases = streamed_signs(split, hidden, loaded, count, _AT_ONCE, draw)
    shown = (
        pair
        for case in cases
        for pair in zip(case.image, case.label, strict=True)
    )
    # The last piece is filled up.
    for number, (image, label) in enumerate(itertools.islice(shown, count)):
        own = folder / f"{label:02} {names[label]}"
        files.write_bytes(own / f"{number:06}.png", _png(image))


def _png(image: "np.ndarray") -> bytes:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG")
    return content.getvalue()


COMMAND = Command(main, (SignPictures, Out))


if __name__ == "__main__":
    run(COMMAND)
