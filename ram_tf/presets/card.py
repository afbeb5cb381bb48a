"""The card of a preset: README.md, with a head that model hubs read.

The head is YAML, by the names that Hugging Face's model cards have for it
(https://huggingface.co/docs/hub/model-cards): `library_name`, `pipeline_tag`,
`tags`, `license`, `datasets`, `metrics` and `model-index`.
"""

import dataclasses
import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ram_tf.errors import UserError
from ram_tf.validation import check_shape

_TAGS = ("ram_tf", "recurrent-attention", "visual-attention")
_PAGE = """\
# {title}

{text}

```python
from ram_tf import RecurrentAttentionModel

model = RecurrentAttentionModel.from_preset("folder")  # Where this file is.
outputs = model(images)  # [B, H, W, {channels}], uint8 or float32 in [0, 1]
```
{classes}
## Measured

{measured}

## Weights

{weights}
"""


@dataclasses.dataclass(frozen=True)
class Card:
    """What is to be said of a model that a folder holds.

    Attributes:
        title: Of the page; None for the folder's name.
        text: What it is for, what it was trained on, and where its limits are,
            in Markdown; None for what can be said of any.
        license: An identifier that hubs know, such as "apache-2.0".
        datasets: What it was trained on, by the names that hubs know.
        metrics: What was measured, such as `evaluate(..., return_dict=True)`
            gives it.
        measured_on: On which images.
        class_names: Names of the K classes.
    """

    title: str | None = None
    text: str | None = None
    license: str | None = None
    datasets: Sequence[str] = ()
    metrics: Mapping[str, float] = dataclasses.field(default_factory=dict)
    measured_on: str = "own test data"
    class_names: Sequence[str] | None = None

    def page(self, model: keras.Model, name: str, origin: str | None) -> str:
        """The content of README.md.

        Args:
            model: A built RecurrentAttentionModel.
            name: Of the folder.
            origin: Name of the preset that its weights started from.

        Raises:
            UserError: On class names that are not as many as its classes, or
                metrics that are no numbers.
        """
        if self.class_names is not None:
            check_shape("class_names", self.class_names, [model.num_classes])
        title, metrics = self.title or name, _numbers(self.metrics)
        page = _PAGE.format(
            title=title,
            text=self.text or _filled(_what(model)),
            channels=model.channels,
            classes=_classes(self.class_names),
            measured=_measured(metrics, self.measured_on),
            weights=_filled(_weights(model, origin)),
        )
        return self._head(model, title, metrics) + page

    def _head(self, model, title: str, metrics: dict[str, float]) -> str:
        return head(
            classifies=bool(model.num_classes),
            license=self.license,
            datasets=self.datasets,
            results=[(title, self.measured_on, metrics)] if metrics else [],
        )


def head(
    *,
    classifies: bool,
    license: str | None = None,
    datasets: Sequence[str] = (),
    results: Sequence[tuple[str, str, Mapping[str, float]]] = (),
) -> str:
    """The YAML between two lines of dashes that a card begins with.

    Args:
        classifies: Whether the model classifies images; else it plays.
        license: An identifier that hubs know.
        datasets: What it was trained on, by the names that hubs know.
        results: Of each measurement the model's name, what it was measured on,
            and the values by the names of metrics.
    """
    task = "image-classification" if classifies else "reinforcement-learning"
    indexed = [
        {
            "name": name,
            "results": [
                {
                    "task": {"type": task},
                    "dataset": {
                        "name": measured_on,
                        "type": next(iter(datasets), "custom"),
                    },
                    "metrics": [
                        {"type": metric, "value": value}
                        for metric, value in metrics.items()
                    ],
                }
            ],
        }
        for name, measured_on, metrics in results
    ]
    names = dict.fromkeys(name for *_, values in results for name in values)
    content = {
        "library_name": "keras",
        "pipeline_tag": task,
        "tags": list(_TAGS),
        "license": license,
        "datasets": list(datasets),
        "metrics": list(names),
        "model-index": indexed,
    }
    lines = _yaml({name: value for name, value in content.items() if value})
    return "\n".join(["---", *lines, "---", "", ""])


def _yaml(value: Any) -> list[str]:
    """Lines of YAML: JSON, but for mappings and sequences."""
    if isinstance(value, dict):
        lines = []
        for name, inner in value.items():
            if isinstance(inner, dict | list):
                lines += [f"{name}:", *(f"  {line}" for line in _yaml(inner))]
            else:
                lines.append(f"{name}: {_scalar(inner)}")
        return lines
    lines = []
    for inner in value:
        if isinstance(inner, dict | list):
            first, *others = _yaml(inner)
            lines += [f"- {first}", *(f"  {line}" for line in others)]
        else:
            lines.append(f"- {_scalar(inner)}")
    return lines


def _scalar(value: Any) -> str:
    # A string of JSON is one of YAML, but for line ends that only YAML knows.
    return "".join(
        letter if letter.isprintable() else f"\\U{ord(letter):08x}"
        for letter in json.dumps(value, ensure_ascii=False)
    )


def _numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    numbers = {}
    for name, value in metrics.items():
        if np.ndim(value) or not np.isfinite(np.float64(value)):
            raise UserError(
                "`metrics` must be finite numbers by name. Received: "
                f"{name}={value!r}"
            )
        numbers[name] = round(float(value), 6)
    return numbers


def _what(model) -> str:
    says = "plays"
    if model.num_classes:
        says = f"says which of {model.num_classes} classes is on an image"
    scales = model.scales or "as many as it takes"
    return (
        "A Recurrent Attention Model (Mnih, Heess, Graves, Kavukcuoglu, 2014) "
        f"that {says}, with {model.glimpses} glimpses of "
        f"{model.glimpse_size}\N{MULTIPLICATION SIGN}{model.glimpse_size} "
        f"pixels. Scales: {scales}."
    )


def _classes(names: Sequence[str] | None) -> str:
    if names is None:
        return ""
    lines = [f"{number}. {name}" for number, name in enumerate(names)]
    return "\n".join(["", "## Classes", "", *lines, ""])


def _measured(metrics: Mapping[str, float], where: str) -> str:
    if not metrics:
        return "No measurements were given."
    lines = [f"- {name}: {value:g}" for name, value in metrics.items()]
    return "\n".join([f"On {where}:", "", *lines])


def _weights(model, origin: str | None) -> str:
    words = f"{model.count_params():,} numbers."
    if origin is not None:
        words += (
            f" Training started from the preset `{origin}`. The errors on its "
            "card do not apply to this model."
        )
    return words


def _filled(text: str) -> str:
    return textwrap.fill(
        text, 80, break_on_hyphens=False, break_long_words=False
    )
