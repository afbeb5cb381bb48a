"""Builds the browser page of a trained model."""

import json
import pathlib
import shutil
import tempfile
from typing import Any

import ram_tf_runs.quiet  # noqa: F401  First.

from ram_tf import RecurrentAttentionModel, files, pretrained
from ram_tf.export import tflite
from ram_tf_data import sources
from ram_tf_data.canvas import Canvas
from ram_tf_data.facts import FACTS
from ram_tf_data.shrink import shrink
from ram_tf_runs import model_source
from ram_tf_runs.errors import UserError
from ram_tf_runs.model_source import Trained
from ram_tf_runs.tasks.kinds.classify import ClassifyTask
from ram_tf_web import web_photograph, web_scenes

PAGE = pathlib.Path(__file__).parent / "page"
_PAGE_FILES = ("*.html", "*.css", "*.js", "*.svg")
# By their place in `node_modules/@litertjs`. The second WASM is for browsers
# without relaxed SIMD; the other two are for what the page does not use.
_LITERT_FILES = {
    "core/dist/index.js": "core.js",
    "wasm-utils/dist/index.js": "wasm-utils.js",
    "core/wasm/litert_wasm_internal.js": "wasm/litert_wasm_internal.js",
    "core/wasm/litert_wasm_internal.wasm": "wasm/litert_wasm_internal.wasm",
    "core/wasm/litert_wasm_compat_internal.js": (
        "wasm/litert_wasm_compat_internal.js"
    ),
    "core/wasm/litert_wasm_compat_internal.wasm": (
        "wasm/litert_wasm_compat_internal.wasm"
    ),
}
_SOURCE = "digits"
_SCENES = "scenes.json"
_SCENES_OF_A_CLASS = 2
# The large image, and where it is in the page.
LARGE = Canvas(1024, clutter=256)
LARGE_DIRECTORY = "large"
LARGE_MODEL = "seek"
_LARGE_SCENES_OF_A_CLASS = 1
_PATCHES_AT_ONCE = 64


def litert() -> pathlib.Path:
    """Where npm has put LiteRT.js.

    Raises:
        UserError: If it has not.
    """
    place = PAGE / "node_modules" / "@litertjs"
    if not place.is_dir():
        raise UserError(
            f"LiteRT.js must be installed: npm ci --prefix {PAGE}. "
            f"Received: no directory {place}"
        )
    return place


def build(
    trained: Trained,
    litert: pathlib.Path,
    out: pathlib.Path,
    large: Trained | None = None,
    finder: web_photograph.Finder | None = None,
) -> None:
    """Writes all that the page asks for.

    Args:
        trained: The model.
        litert: What `litert` finds.
        out: The directory; it is made.
        large: The model of the large image; None for a page without one.
        finder: What the photograph is made of, as `web_photograph.load` gives
            it; None for a page without one.

    Raises:
        UserError: As `check` and `check_large`.
    """
    check(trained)
    if large:
        check_large(large)
    _copy_page(litert, out)
    # What was built before must not be found.
    for name in (LARGE_DIRECTORY, web_photograph.DIRECTORY):
        shutil.rmtree(out / name, ignore_errors=True)
    sides = {"": trained.task.side}
    _write_model(trained, trained.task.side, out)
    _write_scenes(trained, out)
    if large:
        sides[LARGE_DIRECTORY] = LARGE.side
        write_large(large, out / LARGE_DIRECTORY)
    if finder:
        sides[web_photograph.DIRECTORY] = web_photograph.SIDE
        write_photograph(finder, out / web_photograph.DIRECTORY)
    # The images that there are, by the directory of each.
    _write_json(sides, out / "images.json")


def large_model(name: str | None, data_dir: str | None) -> Trained | None:
    """The model of the large image.

    Args:
        name: As of `model_source.named`, or "" for none; None for the released
            one, where it is.
        data_dir: TFDS's.

    Raises:
        UserError: If there is none of that name.
    """
    if name is None and LARGE_MODEL in pretrained.NAMES:
        name = LARGE_MODEL
    return model_source.named(name, data_dir) if name else None


def check(trained: Trained) -> None:
    """Raises UserError unless the page can show a model at its own size."""
    _check_kind(trained)
    if trained.model.cell.sensor.scales is None:
        raise UserError(
            "--large is for models whose windows follow the image; the page "
            "shows others at their own size. Received: "
            f"{trained.name}, which has --scales=0"
        )


def check_large(trained: Trained) -> None:
    """Raises UserError unless the page can show a model on a large image."""
    _check_kind(trained)
    if scales := trained.model.cell.sensor.scales:
        raise UserError(
            "--large must name a model whose windows follow the image "
            f"(--scales=0). Received: {trained.name}, which has {scales}"
        )


def _check_kind(trained: Trained) -> None:
    task, model = trained.task, trained.model
    if not isinstance(task, ClassifyTask):
        raise UserError(
            "The page shows models that classify images. Received: one that "
            f"{task.does}"
        )
    if not isinstance(model, RecurrentAttentionModel) or model.channels != 1:
        raise UserError(
            "The page shows models that look, at grey images. Received: "
            f"--network={task.settings.network.network}, "
            f"{model.channels} channels"
        )
    values = task.settings.flat()
    for flag in ("frames", "standardise"):
        if value := values[flag]:
            raise UserError(
                "The page shows models that have one answer to a still image "
                f"as it is. Received: --{flag}={value}"
            )


def _copy_page(litert: pathlib.Path, out: pathlib.Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for pattern in _PAGE_FILES:
        for file in PAGE.glob(pattern):
            files.copy(file, out / file.name)
    for file, name in _LITERT_FILES.items():
        files.copy(litert / file, out / "litert" / name)


def write_large(trained: Trained, out: pathlib.Path) -> None:
    """Writes the model for the large image, and scenes of it.

    Args:
        trained: The model, as `check_large` wants it.
        out: The directory; it is made.
    """
    out.mkdir(parents=True)
    _write_model(trained, LARGE.side, out)
    split = shrink(sources.load(_SOURCE).test)
    scenes = web_scenes.scatter_scenes(
        LARGE, split, _LARGE_SCENES_OF_A_CLASS, trained.settings.seed
    )
    about = web_scenes.as_json(
        scenes, LARGE, FACTS[_SOURCE].title, _PATCHES_AT_ONCE
    )
    _write_json(about, out / _SCENES)


def write_photograph(finder: web_photograph.Finder, out: pathlib.Path) -> None:
    """Writes the model for the photograph, and scenes of it.

    Args:
        finder: What `web_photograph.load` gives.
        out: The directory; it is made.
    """
    out.mkdir(parents=True)
    _write_model(finder.trained, web_photograph.SIDE, out)
    about = web_photograph.write_scenes(finder, out)
    _write_json(about, out / _SCENES)


def _write_model(trained: Trained, side: int, out: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        _, small = tflite.save_tflite(
            trained.model,
            side,
            directory,
            "model",
            labels=trained.class_names,
            record=trained.result,
        )
        files.copy(small, out / "model.tflite")
        files.copy(small.with_suffix(".json"), out / "model.json")


def _write_scenes(trained: Trained, out: pathlib.Path) -> None:
    canvas = trained.task.canvas
    split = shrink(sources.load(_SOURCE).test)
    scenes = web_scenes.make_scenes(
        canvas, split, _SCENES_OF_A_CLASS, trained.settings.seed
    )
    about = web_scenes.as_json(scenes, canvas, FACTS[_SOURCE].title)
    _write_json(about, out / _SCENES)


def _write_json(about: dict[str, Any], path: pathlib.Path) -> None:
    files.write_text(path, json.dumps(about) + "\n")
