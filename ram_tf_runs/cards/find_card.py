"""The card of a released model that finds signs, from its record alone."""

from typing import Any

from ram_tf.presets.card import head
from ram_tf_data.facts import FACTS
from ram_tf_data.hidden_signs import LARGEST, SMALLEST
from ram_tf_runs.cards.card_text import (
    LICENSE,
    SOURCE,
    command,
    filled,
    number,
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
from ram_tf_runs.settings.kinds.find import FindSettings
from ram_tf_runs.settings.run import from_record

_PAGE = """\
# Released model `{name}`

{what}

```python
import ram_tf

model = ram_tf.load_pretrained("{name}")
outputs = model(photographs)  # {images}
outputs["probabilities"]  # [B, {glimpses}, {classes}]: after each glimpse
outputs["locations"]  # [B, {glimpses}, 2]: where it looked, (y, x)
```

"""


def find_card(name: str, record: dict[str, Any]) -> str:
    """The card as Markdown: a pure function of its arguments.

    Args:
        name: Of the released model.
        record: Of its run, as result.json has it.
    """
    settings = from_record(record["config"])
    facts = FACTS[settings.source]
    return _head(name, record, settings) + (_PAGE + SECTIONS).format(
        name=name,
        what=filled(_what(settings)),
        images=_shape(settings),
        glimpses=settings.network.glimpses,
        classes=facts.classes,
        source=filled(SOURCE.format(name=name)),
        data=filled(_data(record, settings)),
        measured=filled(_measured(record)),
        errors=errors(record),
        uncertainty=filled(uncertainty(record)),
        command=command(settings),
        training=filled(_training(record, settings)),
        limits="\n".join(
            filled(f"- {limit}", "  ") for limit in _limits(record, settings)
        ),
        licence=filled(
            "The weights are under Apache-2.0, like the code. Neither the "
            "signs nor the photographs are part of this repository, and they "
            f"keep their own terms. {facts.terms} `trainers.photographs` "
            "fetches the photographs with their licences."
        ),
    )


def _head(name: str, record: dict[str, Any], settings: FindSettings) -> str:
    side = square(settings.hidden.canvas)
    where = f"{record['test_cases']:,} test photographs of {side} pixels"
    accuracy = round(1 - record["test_error"] / 100, 6)
    return head(
        classifies=True,
        license=LICENSE,
        results=[(name, where, {"accuracy": accuracy})],
    )


def _shape(settings: FindSettings) -> str:
    if settings.any_size:
        return "[B, H, W, 3] uint8, of any size"
    return f"[B, {settings.hidden.canvas}, {settings.hidden.canvas}, 3] uint8"


def _what(settings: FindSettings) -> str:
    kind = FACTS[settings.source].kind
    scales = "as many scales as it takes to see the photograph's edges"
    if settings.model.scales:
        scales = f"{settings.model.scales} scales"
    return (
        "A Recurrent Attention Model (Mnih, Heess, Graves, Kavukcuoglu, 2014) "
        f"that finds a {kind} in a photograph and says which it is, with "
        f"{settings.network.glimpses} glimpses of "
        f"{square(settings.model.glimpse_size)} at {scales}."
    )


def _data(record: dict[str, Any], settings: FindSettings) -> str:
    facts, hidden = FACTS[settings.source], settings.hidden
    found = record["data"]["photographs"]
    return (
        f"One {facts.kind}, {SMALLEST} to {LARGEST} pixels high, lies at a "
        f"random place in a crop of {square(hidden.canvas)} pixels of a "
        f"photograph, among {hidden.distractors} pieces of other photographs "
        "that are prepared in the same way: cut out as an ellipse with soft "
        "edges, and matched in brightness to what they cover "
        "(`ram_tf_data/hidden_signs.py`). "
        f"The source of the signs is {facts.title}: {facts.train:,} for "
        f"training, {facts.validation:,} for choosing the weights, and "
        f"{facts.test:,} for the test. There were {found['train']} "
        f"photographs for training, {found['validation']} for choosing the "
        f"weights, and {found['test']} for the test; the record names them."
    )


def _measured(record: dict[str, Any]) -> str:
    return HOW.format(cases=f"In % of {record['test_cases']:,} test cases")


def _training(record: dict[str, Any], settings: FindSettings) -> str:
    told = start = ""
    if weight := settings.guidance.guidance_weight:
        told = (
            "In training, the eye was told where the sign was "
            f"(`--guidance_weight={weight:g}`). "
        )
    if settings.pretrained:
        start = (
            "The run started from the weights that `--pretrained` names. "
            "The guide `docs/photographs.md` has the commands of both. "
        )
    epochs = number(settings.training.epochs, "epoch")
    return f"{told}{start}Seed {settings.seed}, {epochs}, {trained(record)}"


def _limits(record: dict[str, Any], settings: FindSettings) -> list[str]:
    kind = FACTS[settings.source].kind
    photographs = record["data"]["photographs"]["test"]
    limits = [
        f"It knows photographs with one {kind} that was pasted into them, of "
        "the size above. It has not been tested on photographs of real "
        f"streets, on other kinds of {kind}s, or on several at once.",
        f"The error depends on the photograph, and the test had "
        f"{photographs} of them: in other photographs the error can be much "
        f"higher. In validation it was {record['validation_error']:.2f}%.",
        f"It answers with a {kind} even if there is none. Whether its "
        "probabilities can be trusted has not been measured.",
        answers_early(settings.answers.intermediate_weight),
        f"This is a single run with seed {settings.seed}. Other seeds give "
        "other errors.",
    ]
    if settings.any_size:
        limits.insert(
            1, "RESULTS.md has the error on other sizes of photograph."
        )
    return limits
