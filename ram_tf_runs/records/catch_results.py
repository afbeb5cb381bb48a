"""The record of a run of Catch, and how it is shown."""

import pathlib
from typing import Any

from ram_tf.cost import parameters
from ram_tf.evaluation.games import GameEvaluator
from ram_tf.training import log
from ram_tf_runs.records import record
from ram_tf_runs.settings.kinds.catch import CatchSettings

# Other fixations for the same weights, by policy.
_CONTROLS = {
    "stochastic": "catch_rate_stochastic",
    "random": "catch_rate_random_fixations",
    "centre": "catch_rate_centre_only",
}
ROWS = {
    "catch_rate": "deterministic",
    "catch_rate_stochastic": "sampled fixations and actions",
    "catch_rate_random_fixations": "random fixations",
    "catch_rate_centre_only": "centre only",
}


def measure(
    evaluator: GameEvaluator, settings: CatchSettings
) -> dict[str, Any]:
    """Plays the test games and returns the shares caught, as fractions.

    A model that has not learned where to look has "catch_rate" only, with the
    fixations that it was trained with.
    """
    rates = {"catch_rate": evaluator.catch_rate()}
    if evaluator.policy == "deterministic":
        rates |= {
            name: evaluator.catch_rate(policy)
            for policy, name in _CONTROLS.items()
        }
    return rates | {
        "test_games": evaluator.count,
        "parameters": parameters(evaluator.model),
        "config": settings.record(),
        **record.circumstances("gymnasium"),
    }


def read_curve(metrics: pathlib.Path) -> list[list[float]]:
    """[frames, catch rate on validation] at each evaluation of a run."""
    rows = log.read(metrics, "frames", "validation_catch_rate")
    return [[row["frames"], row["validation_catch_rate"]] for row in rows]


def table(result: dict[str, Any]) -> str:
    """The rates as a few lines of text."""
    width = max(map(len, ROWS.values()))
    return "\n".join(
        [f"balls caught, % of {result['test_games']} games"]
        + [
            f"  {words:<{width}}  {100 * result[name]:6.2f}"
            for name, words in ROWS.items()
            if name in result
        ]
    )
