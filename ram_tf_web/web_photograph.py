"""The photograph of the browser page, in which a sign is found.

A scene is kept in layers, so that the page can move the sign: what is behind it
as a picture, and the sign as it is before it is scaled. The page puts them
together as `ram_tf_data.hidden_signs` does.
"""

import io
import pathlib
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from PIL import Image

from ram_tf import RecurrentAttentionModel, files
from ram_tf_data import photograph_credits, photographs
from ram_tf_data.facts import FACTS
from ram_tf_data.hidden_signs import (
    Drawn,
    HiddenSign,
    Scenery,
    draw_signs,
    paint,
)
from ram_tf_data.photographs import PIECES, Photographs
from ram_tf_data.splits import Split
from ram_tf_runs import model_source
from ram_tf_runs.errors import UserError
from ram_tf_runs.model_source import Trained
from ram_tf_runs.tasks.kinds.find import FindTask
from ram_tf_web.web_scenes import as_plain

# Where it is in the page, and what is composed.
DIRECTORY = "photograph"
SIDE = 512
_DISTRACTORS = 10
_SCENES = 6
# Canvases that are drawn; those are taken that differ in their photograph.
_DRAWN = 64


class Finder(NamedTuple):
    """What the photograph is made of.

    Attributes:
        trained: The model.
        signs: The test set of its source.
        photographs: The test's.
        files: Their files.
    """

    trained: Trained
    signs: Split
    photographs: Photographs
    files: list[pathlib.Path]


class Scenes(NamedTuple):
    """Layers of n scenes.

    Attributes:
        label: [n].
        sign: [n, PIECE, PIECE, 3] uint8.
        size: Of the sign's side in the scene, in pixels, [n].
        corner: Row and column where it starts, [n, 2].
        background: All but the sign, [n, side, side, 3] uint8.
        photograph: Which it is, [n].
        others: The photographs that pieces are of, [n, distractors].
    """

    label: np.ndarray
    sign: np.ndarray
    size: np.ndarray
    corner: np.ndarray
    background: np.ndarray
    photograph: np.ndarray
    others: np.ndarray


def load(
    name: str | None, backgrounds: str | None, data_dir: str | None
) -> Finder | None:
    """Loads the model and all that its scenes are made of.

    Args:
        name: As of `model_source.named`; None or "" for no photograph.
        backgrounds: The folder of photographs.
        data_dir: Where the signs are.

    Raises:
        UserError: If one of them is missing, the model is of another kind, or
            a photograph is too small.
    """
    if not name:
        if backgrounds:
            raise UserError(
                "--backgrounds needs --finder, which names the model that "
                f"looks at them. Received: --backgrounds={backgrounds} alone"
            )
        return None
    chosen = photographs.divide(backgrounds)["test"]
    trained = model_source.named(name, data_dir)
    check(trained)
    trained.look_in(backgrounds)
    loaded = photographs.load(chosen, SIDE)
    return Finder(trained, trained.task.load_source().test, loaded, chosen)


def check(trained: Trained) -> None:
    """Raises UserError unless the page can show a model on a photograph."""
    task, model = trained.task, trained.model
    if not isinstance(task, FindTask):
        raise UserError(
            f"--finder must name a model that {FindTask.does}. Received: "
            f"{trained.name}, one that {task.does}"
        )
    if not isinstance(model, RecurrentAttentionModel):
        raise UserError(
            "--finder must name a model that looks around (--network=ram). "
            f"Received: {trained.name}, which does not"
        )
    if scales := model.cell.sensor.scales:
        raise UserError(
            "--finder must name a model whose windows follow the image "
            f"(--scales=0). Received: {trained.name}, which has {scales}"
        )


def choose_signs(signs: Split, count: int) -> np.ndarray:
    """A sign of each of so many classes, evenly among all, [count] int32.

    Of the signs of a class it is the one of middle contrast: some are nearly
    black.
    """
    classes = np.unique(signs.label)
    chosen = classes[np.arange(1, 2 * count, 2) * len(classes) // (2 * count)]
    return np.int32([_middle(signs, label) for label in chosen])


def draw_scenes(
    hidden: HiddenSign, photographs: Photographs, index: np.ndarray, seed: int
) -> Drawn:
    """What is random about scenes, each in another photograph.

    Args:
        hidden: What is composed.
        photographs: They are taken in turn where they are too few.
        index: Of the signs, [n].
        seed: Of all that is random.
    """
    none = tf.zeros([len(index) + _DRAWN], tf.int32)
    scenery = Scenery.of(photographs)
    drawn = draw_signs(hidden, scenery, none, tf.constant([seed, 0]))
    found = _photograph(photographs, drawn)
    before = [np.sum(found[:row] == k) for row, k in enumerate(found)]
    chosen = np.argsort(before, kind="stable")[: len(index)]
    drawn = Drawn(*(tf.gather(values, chosen) for values in drawn))
    return drawn._replace(index=tf.constant(index))


def make_scenes(
    hidden: HiddenSign, signs: Split, photographs: Photographs, drawn: Drawn
) -> Scenes:
    """The layers of scenes that were drawn.

    Args:
        hidden: What is composed, with one distractor at least.
        signs: What is hidden.
        photographs: Where.
        drawn: What `draw_scenes` gives.
    """
    index = drawn.index.numpy()
    return Scenes(
        signs.label[index],
        signs.image[index],
        drawn.size[:, -1].numpy(),
        drawn.place[:, -1].numpy(),
        _background(hidden, photographs, drawn),
        _photograph(photographs, drawn),
        drawn.piece.numpy() // PIECES,
    )


def write_scenes(finder: Finder, out: pathlib.Path) -> dict[str, Any]:
    """Writes the pictures behind the signs, and licences; says the rest.

    Args:
        finder: What `load` gives.
        out: The directory.

    Returns:
        What the page reads; bytes as base64, row by row.
    """
    hidden, signs = HiddenSign(SIDE, _DISTRACTORS), finder.signs
    hidden.check(signs.image)
    index = choose_signs(signs, _SCENES)
    seed = finder.trained.settings.seed
    drawn = draw_scenes(hidden, finder.photographs, index, seed)
    scenes = make_scenes(hidden, signs, finder.photographs, drawn)
    for number, picture in enumerate(scenes.background):
        files.write_bytes(out / _picture(number), _png(picture))
    return {
        "source": FACTS[finder.trained.task.data_name].title,
        "photographs": [_credit(file, out) for file in finder.files],
        "scenes": _said(scenes),
    }


def _said(scenes: Scenes) -> list[dict[str, Any]]:
    """Each scene as the page reads it, its picture by the name of its file."""
    return [
        {
            "label": int(scene.label),
            "sign": as_plain(scene.sign),
            "size": int(scene.size),
            "corner": scene.corner.tolist(),
            "background": _picture(number),
            "photograph": int(scene.photograph),
            "others": sorted(set(scene.others.tolist())),
        }
        for number, scene in enumerate(
            map(Scenes._make, zip(*scenes, strict=True))
        )
    ]


def _picture(number: int) -> str:
    return f"{number}.png"


def _png(image: np.ndarray) -> bytes:
    """Without a profile of colours, so that browsers show bytes as they are."""
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG", optimize=True)
    return content.getvalue()


def _credit(file: pathlib.Path, out: pathlib.Path) -> dict[str, Any]:
    """Whose a photograph is; the words of its licence go with the page."""
    credit = photograph_credits.credit(file)
    text = None
    if credit.text:
        text = f"{photograph_credits.LICENCES}/{credit.text.name}"
        files.copy(credit.text, out / text)
    return {**credit._asdict(), "text": text}


def _middle(signs: Split, label: int) -> int:
    """The sign of a class whose contrast is in the middle."""
    rows = np.flatnonzero(signs.label == label)
    contrast = signs.image[rows].std((1, 2, 3))
    return rows[np.argsort(contrast, kind="stable")[len(rows) // 2]]


def _photograph(photographs: Photographs, drawn: Drawn) -> np.ndarray:
    """Which photograph each crop is of."""
    rows, first = drawn.corner.numpy()[:, 0], photographs.place[:, 0]
    return np.searchsorted(first, rows, side="right") - 1


def _background(
    hidden: HiddenSign, photographs: Photographs, drawn: Drawn
) -> np.ndarray:
    """All but the sign: the last distractor is painted in its stead."""
    scenery = Scenery.of(photographs)
    before = drawn._replace(
        index=drawn.piece[:, -1],
        piece=drawn.piece[:, :-1],
        size=drawn.size[:, :-1],
        place=drawn.place[:, :-1],
    )
    hidden = HiddenSign(hidden.side, hidden.distractors - 1)

    @tf.function(jit_compile=True, autograph=False)
    def painted(drawn):
        return paint(hidden, scenery, scenery.pieces, drawn)

    return painted(before).numpy()
