"""The record of a result, and how it is shown."""

from typing import Any

from ram_tf.cost import cost
from ram_tf.evaluation import DRAWS, ClassifierEvaluator, evaluate
from trainers import record
from trainers.setup import Config

ROWS = {
    "test_error": "one deterministic rollout",
    "test_error_mc10": f"mean of {DRAWS} stochastic rollouts",
    "test_error_random_fixations": "random fixations",
    "test_error_centre_only": "centre only",
    "test_error_first_frame_only": "first frame only",
}


def measure(evaluator: ClassifierEvaluator, settings: Config) -> dict[str, Any]:
    """Reads the test set and returns the errors with their circumstances."""
    errors, costs = evaluate(evaluator), cost(evaluator.model)
    if evaluator.of_sequences:  # What is read is whole after the last glimpse.
        costs = {
            name: value[-1:] if isinstance(value, list) else value
            for name, value in costs.items()
        }
    return {f"test_{name}": error for name, error in errors.items()} | {
        "test_cases": evaluator.count,
        **costs,
        "config": vars(settings),
        "versions": record.versions(),
        "machine": record.machine(),
        "git_revision": record.git_revision(),
    }


def table(result: dict[str, Any]) -> str:
    """The errors as a few lines of text."""
    title = f"test error, % of {result['test_cases']} cases"
    if "test_error_mc10" not in result:  # A network that looks nowhere.
        lines = [f"{title}: {result['test_error']:.2f}"]
        return "\n".join(lines + _by_length(result))
    lines = [title]
    width = max(map(len, ROWS.values()))
    for name, words in ROWS.items():
        if name not in result:  # Still images have no first frame.
            continue
        lines.append(f"  {words:<{width}}  {result[name]:6.2f}")
    by_length = _by_length(result)
    return "\n".join(lines + (by_length or [_by_glimpse(result)]))


def _by_glimpse(result: dict[str, Any]) -> str:
    by_glimpse = result["test_error_by_glimpse"]
    return "  after each glimpse: " + " ".join(f"{e:.2f}" for e in by_glimpse)


def _by_length(result: dict[str, Any]) -> list[str]:
    """A line for each length of a number; none where there are no numbers."""
    return [
        f"  of {length} digits  {'–' if error is None else f'{error:.2f}'}"
        for length, error in enumerate(
            result.get("test_error_by_length", ()), 1
        )
    ]
