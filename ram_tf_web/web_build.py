"""Builds the browser page of a trained model."""

import json
import pathlib
import shutil
import tempfile

import ram_tf_runs.quiet  # noqa: F401  First.

from ram_tf import RecurrentAttentionModel
from ram_tf.export import tflite
from ram_tf_data import sources
from ram_tf_data.facts import FACTS
from ram_tf_data.shrink import shrink
from ram_tf_runs.errors import UserError
from ram_tf_runs.model_source import Trained
from ram_tf_runs.tasks.kinds.classify import ClassifyTask
from ram_tf_web import web_scenes

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
_SCENES_OF_A_CLASS = 2


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


def build(trained: Trained, litert: pathlib.Path, out: pathlib.Path) -> None:
    """Writes all that the page asks for.

    Args:
        trained: The model.
        litert: What `litert` finds.
        out: The directory; it is made.

    Raises:
        UserError: As `check`.
    """
    check(trained)
    _copy_page(litert, out)
    _write_model(trained, out)
    _write_scenes(trained, out)


def check(trained: Trained) -> None:
    """Raises UserError unless the page can show a model."""
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
            shutil.copy(file, out)
    for file, name in _LITERT_FILES.items():
        place = out / "litert" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(litert / file, place)


def _write_model(trained: Trained, out: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        _, small = tflite.save_tflite(
            trained.model,
            trained.task.side,
            directory,
            "model",
            labels=trained.class_names,
            record=trained.result,
        )
        shutil.copyfile(small, out / "model.tflite")
        shutil.copyfile(small.with_suffix(".json"), out / "model.json")


def _write_scenes(trained: Trained, out: pathlib.Path) -> None:
    canvas = trained.task.canvas
    split = shrink(sources.load(_SOURCE).test)
    scenes = web_scenes.make_scenes(
        canvas, split, _SCENES_OF_A_CLASS, trained.settings.seed
    )
    title = FACTS[_SOURCE].title
    text = json.dumps(web_scenes.as_json(scenes, canvas, title))
    (out / "scenes.json").write_text(text + "\n", encoding="utf-8")
