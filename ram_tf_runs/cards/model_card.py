"""The card of a released model, written from the record of its run alone."""

from typing import Any

from ram_tf.presets.card import head
from ram_tf_data.facts import FACTS
from ram_tf_runs.cards.card_text import (
    LICENSE,
    SOURCE,
    command,
    filled,
    square,
    trained,
)
from ram_tf_runs.cards.measured import (
    HOW,
    SECTIONS,
    answers_early,
    errors,
    uncertainty,
)
from ram_tf_runs.settings.data import Scene
from ram_tf_runs.settings.kinds.classify import ClassifySettings
from ram_tf_runs.settings.run import from_record

_PAGE = """\
# Released model `{name}`

{what}

```python
import ram_tf

model = ram_tf.load_pretrained("{name}")
outputs = model(images)  # {images}
outputs["probabilities"]  # [B, {glimpses}, {classes}]: after each glimpse
```

"""
_STANDARDISED = (
    " It is standardised: `ram_tf_data.contrast.standardise` gives each image "
    "equal brightness and contrast. The commands that read this model's "
    "pictures do that by themselves, and the model itself does not."
)


def model_card(name: str, record: dict[str, Any]) -> str:
    """The card as Markdown: a pure function of its arguments.

    Args:
        name: Of the released model.
        record: Of its run, as result.json has it.
    """
    settings = from_record(record["config"])
    return _head(name, record, settings) + (_PAGE + SECTIONS).format(
        name=name,
        images=_shape(settings),
        glimpses=settings.network.glimpses,
        classes=FACTS[settings.source].classes,
        what=filled(_what(settings)),
        source=filled(SOURCE.format(name=name)),
        data=filled(f"{_task(settings)} {_images(settings)}"),
        measured=filled(_measured(record, settings)),
        errors=errors(record),
        uncertainty=filled(uncertainty(record)),
        command=command(settings),
        training=filled(
            f"Seed {settings.seed}, {settings.training.epochs:g} epochs, "
            f"{trained(record)}"
        ),
        limits="\n".join(filled(f"- {x}", "  ") for x in _limits(settings)),
        licence=filled(
            "The weights are under Apache-2.0, like the code. The training "
            "images are not part of this repository and keep their own terms. "
            f"{FACTS[settings.source].terms}"
        ),
    )


def _head(name: str, record: dict[str, Any], settings) -> str:
    facts, scene = FACTS[settings.source], settings.scene
    canvas = square(scene.canvas)
    where = f"{record['test_cases']:,} test canvases of {canvas} pixels"
    accuracy = round(1 - record["test_error"] / 100, 6)
    return head(
        classifies=True,
        license=LICENSE,
        datasets=[facts.hub_id] if facts.hub_id else [],
        results=[(name, where, {"accuracy": accuracy})],
    )


def _shape(settings: ClassifySettings) -> str:
    channels = FACTS[settings.source].channels
    standardised = ", standardised" if settings.standardise else ""
    if settings.any_size:
        return f"[B, H, W, {channels}] uint8, of any size{standardised}"
    side = settings.scene.canvas
    return f"[B, {side}, {side}, {channels}] uint8{standardised}"


def _what(settings: ClassifySettings) -> str:
    model = settings.model
    if settings.any_size:
        return (
            "A Recurrent Attention Model (Mnih, Heess, Graves, Kavukcuoglu, "
            f"2014) that finds a {_kind(settings)} on an image of any size and "
            f"says which it is, with {settings.network.glimpses} glimpses of "
            f"{square(model.glimpse_size)} at as many scales as it takes to "
            "see the image's edges. It moves from cell to cell of its own "
            "retina, so that its weights do not depend on the image's size."
        )
    scales = "one scale" if model.scales == 1 else f"{model.scales} scales"
    return (
        "A Recurrent Attention Model (Mnih, Heess, Graves, Kavukcuoglu, 2014) "
        f"that says which {_kind(settings)} is on an image of "
        f"{square(settings.scene.canvas)} pixels, after "
        f"{settings.network.glimpses} glimpses of "
        f"{square(model.glimpse_size)} at {scales}."
    )


def _task(settings: ClassifySettings) -> str:
    kind, scene = _kind(settings), settings.scene
    if scene.canvas == FACTS[settings.source].side and not scene.clutter:
        as_it_is = "one" if settings.standardise else "one unchanged"
        standardised = _STANDARDISED if settings.standardise else ""
        return (
            f"Each image is {as_it_is} {kind}.{standardised}{_moved(settings)}"
        )
    if scene.mixed:
        return (
            f"One {kind} of the source, whole, at a random place on a black "
            f"canvas, with patches of {square(scene.clutter_size)} from other "
            f"{kind}s of the same split at random places.{_moved(settings)} "
            f"Training used canvases of {_mixed(scene)} in turn. The weights "
            "were chosen, and the errors below measured, on canvases of "
            f"{square(scene.canvas)} with {scene.clutter} patches."
        )
    task = (
        f"One {kind} of the source, whole, at a random place on a black canvas "
        f"of {square(scene.canvas)} pixels"
    )
    if scene.clutter:
        task += (
            f", with {scene.clutter} patches of {square(scene.clutter_size)}"
            f" from other {kind}s of the same split added at random places. "
            f"The patches may cover the {kind}"
        )
    return (
        f"{task}. `ram_tf_data/canvas.py` composes the images, and training "
        f"images are new in every epoch.{_moved(settings)}"
    )


def _mixed(scene: Scene) -> str:
    each = [
        f"{square(side)} pixels with {patches} patches"
        for side, patches in dict.fromkeys(scene.trained)
    ]
    return ", ".join(each)


def _moved(settings: ClassifySettings) -> str:
    scene, words = settings.scene, []
    if scene.jitter:
        words.append(f"shifted by up to {scene.jitter} pixels")
    if scene.distort:
        words.append(
            "stretched, sheared and turned by up to "
            f"{scene.distort:g} of its size"
        )
    if scene.lighting:
        words.append(
            f"given up to {100 * scene.lighting:g}% more or less contrast and "
            "brightness"
        )
    if not words:
        return ""
    moved = (", and " if len(words) > 2 else " and ").join(words)
    return f" In training, the {_kind(settings)} is {moved}, at random."


def _images(settings: ClassifySettings) -> str:
    facts = FACTS[settings.source]
    return (
        f"The source is {facts.title}: {facts.train:,} images for training, "
        f"{facts.validation:,} for choosing the weights, and {facts.test:,} "
        "for the test."
    )


def _measured(record: dict[str, Any], settings: ClassifySettings) -> str:
    cases = record["test_cases"] * record.get("test_draws", 1)
    draws = cases // FACTS[settings.source].test
    cases = f"In % of {cases:,} test cases"
    if draws > 1:
        cases += f" ({draws} canvases of each test image)"
    return HOW.format(cases=cases)


def _limits(settings: ClassifySettings) -> list[str]:
    kind = _kind(settings)
    early = answers_early(settings.answers.intermediate_weight)
    if settings.any_size:
        known = (
            "It knows grey images, light on black, with one whole "
            f"{kind} of the source's size ({FACTS[settings.source].side} "
            "pixels) and small patches of others. RESULTS.md has the error on "
            "other sizes of image. The error grows on dense clutter in images "
            "larger than the training images. The model has not been tested "
            f"on much larger or smaller {kind}s, other sources, colours, "
            f"dark-on-light images, photographs, or several {kind}s at once."
        )
        return [known, *_answers_anyway(settings, early)]
    if FACTS[settings.source].channels > 1:
        known = (
            f"It knows pictures in colour, each cut around one {kind}, and "
            "scaled to the size above. The model has not been tested on other "
            f"sources, on other kinds of {kind}s, or on pictures in which the "
            f"{kind} is small. It does not look for a {kind} in a photograph."
        )
        return [known, *_answers_anyway(settings, early)]
    return [
        "It knows grey images, light on black, of the size and composition "
        f"above, each with one whole {kind} as its source has them. The model "
        "has not been tested on other sizes, other sources, colours, "
        f"dark-on-light images, photographs, or several {kind}s at once. It is "
        f"not a general {kind} reader.",
        *_answers_anyway(settings, early),
    ]


def _answers_anyway(settings: ClassifySettings, early: str) -> list[str]:
    kind = _kind(settings)
    return [
        f"It answers with a {kind} even if there is none. Whether its "
        "probabilities can be trusted has not been measured.",
        early,
        f"This is a single run with seed {settings.seed}. Other seeds give "
        "other errors.",
    ]


def _kind(settings: ClassifySettings) -> str:
    return FACTS[settings.source].kind
