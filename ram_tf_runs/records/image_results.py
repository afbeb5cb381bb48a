"""The record of a result, and how it is shown."""

from collections.abc import Iterable, Sequence
from typing import Any

from ram_tf.cost import cost
from ram_tf.evaluation.images import DRAWS, ClassifierEvaluator, evaluate
from ram_tf_runs.records import record
from ram_tf_runs.settings.run import RunSettings

ROWS = {
    "test_error": "one deterministic rollout",
    "test_error_mc10": f"mean of {DRAWS} stochastic rollouts",
    "test_error_random_fixations": "random fixations",
    "test_error_centre_only": "centre only",
    "test_error_first_frame_only": "first frame only",
}


def measure(
    evaluator: ClassifierEvaluator,
    settings: RunSettings,
    split: str = "test",
    further: Iterable[dict[str, Any]] = (),
) -> dict[str, Any]:
    """The errors with their circumstances.

    Args:
        evaluator: Has the model and the data.
        settings: Of the run.
        split: The name of these data, "test" or "validation".
        further: Other canvases of the same images, for the headline.
    """
    errors, costs = evaluate(evaluator, further), cost(evaluator.model)
    if evaluator.of_sequences:  # What is read is whole after the last glimpse.
        costs = {
            name: value[-1:] if isinstance(value, list) else value
            for name, value in costs.items()
        }
    used = errors.pop("mean_glimpses", None)
    named = {f"{split}_{name}": error for name, error in errors.items()}
    return named | {
        **({} if used is None else {"mean_glimpses": used}),
        f"{split}_cases": evaluator.count,
        **costs,
        "config": settings.record(),
        **record.circumstances(),
    }


def table(result: dict[str, Any]) -> str:
    """The errors as a few lines of text."""
    split = "test" if "test_cases" in result else "validation"
    title = f"{split} error, % of {result[f'{split}_cases']} cases"
    if draws := result.get(f"{split}_draws"):
        title += f" (the first: mean of {draws} canvases of each)"
    by_length = _by_length(result.get(f"{split}_error_by_length", ()))
    if f"{split}_error_mc10" not in result:  # A network that looks nowhere.
        lines = [f"{title}: {result[f'{split}_error']:.2f}"]
        return "\n".join(lines + by_length)
    lines = [title]
    width = max(map(len, ROWS.values()))
    for name, words in ROWS.items():
        name = name.replace("test", split)
        if name not in result:  # Still images have no first frame.
            continue
        lines.append(f"  {words:<{width}}  {result[name]:6.2f}")
    if "mean_glimpses" in result:
        lines[1] += (
            f" at the stop, after {result['mean_glimpses']:.2f} glimpses"
        )
    by_glimpse = _by_glimpse(result[f"{split}_error_by_glimpse"])
    return "\n".join(lines + (by_length or [by_glimpse]))


def _by_glimpse(errors: list[float]) -> str:
    return "  after each glimpse: " + " ".join(f"{e:.2f}" for e in errors)


def _by_length(errors: Sequence[float | None]) -> list[str]:
    """A line for each length of a number; none where there are no numbers."""
    return [
        f"  of {length} digits  {'–' if error is None else f'{error:.2f}'}"
        for length, error in enumerate(errors, 1)
    ]
