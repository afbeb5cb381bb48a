"""What `compile` takes of all that other models take, and what is better."""

import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras
import tensorflow as tf

from ram_tf.errors import UserError

# What `compile` of other models takes, and a model with an agent has no use
# for, with the reason.
_REFUSED = {
    "loss_weights": "the agent's loss has weights of its own",
    "weighted_metrics": "`metrics` are of images that all count alike",
}
# What the agent measures is a loss, but for these.
_UP = ("accuracy", "return")
_SHORT = {"acc": "sparse_categorical_accuracy"}


def check_loss(loss: Any) -> None:
    """Raises UserError on a loss that is not in the agent's anyway."""
    sparse = keras.losses.SparseCategoricalCrossentropy
    names = ("sparse_categorical_crossentropy", sparse.__name__)
    function = keras.losses.sparse_categorical_crossentropy
    if loss is None or loss in names or loss is function:
        return
    if isinstance(loss, sparse) and loss.get_config()["ignore_class"] is None:
        return
    raise UserError(
        "The loss is the agent's, with the cross-entropy of the answers in it: "
        "leave `loss` out, or say that by its name, "
        f'"sparse_categorical_crossentropy". Received: loss={loss!r}'
    )


def check_learning(model: Any, given: Mapping[str, Any]) -> None:
    """Raises UserError on arguments that are not among `model.learning`."""
    for name in given.keys() - model.learning.keys():
        reason = _REFUSED.get(name, "there is no such argument")
        raise UserError(
            f"`compile` of a {model.__name__} does not take `{name}`: "
            f"{reason}; it takes {sorted(model.learning)}. "
            f"Received: {name}={given[name]!r}"
        )


def warn_of_calls(eye: keras.layers.Layer) -> None:
    """Warns that an eye does not learn where it is called by other models."""
    if eye.trainable_variables:
        warnings.warn(
            "A model around a RecurrentAttentionModel does not teach it where "
            "to look: in a call it tries nothing out. Let it learn by its own "
            "`fit`, and set its `trainable` to False before the model around "
            "it is fitted.",
            stacklevel=3,
        )


def listed(metrics: Any) -> list[Any]:
    """Metrics that are asked for beside "accuracy", which is there anyway.

    Raises:
        UserError: On what is not a list of metrics.
    """
    if metrics is None:
        return []
    if isinstance(metrics, str | keras.metrics.Metric) or callable(metrics):
        metrics = [metrics]
    if not isinstance(metrics, list | tuple):
        raise UserError(
            "`metrics` must be a list of Keras' metrics or of their names: "
            "there is one answer to measure. Received: "
            f"metrics={metrics!r}"
        )
    return [metric for metric in metrics if metric != "accuracy"]


def made(metrics: Iterable[Any]) -> tuple[keras.metrics.Metric, ...]:
    """Metrics of what `listed` gave, by the names that Keras gives them."""
    return tuple(map(_made, metrics))


def _made(metric: Any) -> keras.metrics.Metric:
    found = keras.metrics.get(_SHORT.get(metric, metric))
    name = metric if isinstance(metric, str) else None
    if isinstance(found, keras.metrics.Metric):
        found.name = name or found.name
        return found
    return keras.metrics.MeanMetricWrapper(found, name or found.__name__)


def directions(
    measured: Iterable[str], asked: Iterable[keras.metrics.Metric]
) -> dict[str, str]:
    """ "max" or "min" by the names of metrics, where it is known.

    Args:
        measured: Names of what the agent measures.
        asked: Metrics of Keras.
    """
    known = {name: "max" if name in _UP else "min" for name in measured}
    for metric in asked:
        way = getattr(metric, "_direction", None)  # Keras has no public way.
        if way in ("up", "down"):
            known[metric.name] = "max" if way == "up" else "min"
    return known


def direct(callbacks: Any, known: Mapping[str, str]) -> None:
    """Tells callbacks in mode "auto" which way is better.

    Keras finds that out of losses and compiled metrics only.

    Args:
        callbacks: As `fit` takes them.
        known: As `directions` gives it.
    """
    listed = getattr(callbacks, "callbacks", callbacks) or []
    for callback in listed if isinstance(listed, list | tuple) else [listed]:
        if getattr(callback, "mode", None) == "auto":
            name = callback.monitor.removeprefix("val_")
            callback.mode = known.get(name, "auto")


def updates(optimizer: keras.optimizers.Optimizer) -> tf.Tensor:
    """Gradients that were applied; `iterations` has fewer where they gather."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return next(v.value for v in inner.variables if v.name == "iteration")


def arguments(
    method: Callable[..., Any], *given: Any, **named: Any
) -> dict[str, Any]:
    """Arguments of a method of keras.Model by name, the model left out."""
    bound = inspect.signature(method).bind(None, *given, **named).arguments
    return dict(list(bound.items())[1:])
