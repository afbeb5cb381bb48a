"""The record of a run on an environment of Gymnasium, and how it is shown."""

import importlib.metadata
import math
import pathlib
from typing import Any

import gymnasium

from ram_tf.cost import parameters
from ram_tf.evaluation.returns import ReturnEvaluator, Returns
from ram_tf.training import log
from ram_tf_runs.records import record
from ram_tf_runs.settings.kinds.play import PlaySettings

# Other ways of playing with the same weights, by policy.
_CONTROLS = {
    "stochastic": "stochastic",
    "random": "random_fixations",
    "centre": "centre_only",
}
ROWS = {
    "": "mean fixations, likeliest actions",
    "_stochastic": "sampled fixations and actions",
    "_random_fixations": "random fixations",
    "_centre_only": "centre only",
    "_random_actions": "random actions",
}


def measure(
    evaluator: ReturnEvaluator, settings: PlaySettings
) -> dict[str, Any]:
    """Plays the test episodes and returns the mean returns.

    The headline is "mean_return": mean fixations (or those of a control) and
    the likeliest actions. "standard_errors_above_random" is its distance from
    "mean_return_random_actions" in standard errors of the difference.
    """
    ours, chance = evaluator.play(), evaluator.play_at_random()
    means = _named("", ours) | _named("_random_actions", chance)
    if evaluator.policy == "deterministic":
        for control, name in _CONTROLS.items():
            means |= _named(f"_{name}", evaluator.play(control))
    return means | {
        "standard_errors_above_random": _distance(ours, chance),
        "test_episodes": evaluator.count,
        "mean_length": float(ours.length.mean()),
        "episodes_cut": int((~ours.ended).sum()),
        "episodes_cut_random_actions": int((~chance.ended).sum()),
        "parameters": parameters(evaluator.model),
        "config": settings.record(),
        **record.circumstances("gymnasium", *_packages(settings.world.env)),
    }


def _packages(env_id: str) -> list[str]:
    """What the environment is from."""
    with gymnasium.make(env_id) as env:
        package = type(env.unwrapped).__module__.partition(".")[0]
    return importlib.metadata.packages_distributions().get(package, [])


def _named(suffix: str, returns: Returns) -> dict[str, float]:
    return {
        f"mean_return{suffix}": returns.mean,
        f"standard_error{suffix}": returns.standard_error,
    }


def _distance(ours: Returns, chance: Returns) -> float | None:
    """The difference in standard errors; None where neither varies."""
    both = math.hypot(ours.standard_error, chance.standard_error)
    return (ours.mean - chance.mean) / both if both else None


def read_curve(metrics: pathlib.Path) -> list[list[float]]:
    """[frames, mean return on validation] at each evaluation of a run."""
    rows = log.read(metrics, "frames", "validation_return")
    return [[row["frames"], row["validation_return"]] for row in rows]


def table(result: dict[str, Any]) -> str:
    """The returns as a few lines of text."""
    width = max(map(len, ROWS.values()))
    lines = [
        f"mean return (standard error) of {result['test_episodes']} episodes "
        f"of {result['config']['env']}"
    ]
    for suffix, words in ROWS.items():
        if (name := f"mean_return{suffix}") in result:
            error = result[f"standard_error{suffix}"]
            lines.append(
                f"  {words:<{width}}  {result[name]:8.3f} ({error:.3f})"
            )
    distance = result["standard_errors_above_random"]
    if distance is not None:
        lines.append(f"{distance:.1f} standard errors above random actions")
    if cut := result["episodes_cut"]:
        steps = result["config"]["steps"]
        lines.append(f"{cut} episodes were cut after {steps} steps")
    return "\n".join(lines)
