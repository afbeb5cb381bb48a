"""What the cards of released models say of the errors that a run measured."""

import math
from typing import Any

from ram_tf_runs.cards.card_text import table
from ram_tf_runs.records.image_results import ROWS

# What follows the head of the card of a model that names what it sees.
SECTIONS = """\
{source}

## Data

{data}

## Test error

{measured}

{errors}

{uncertainty}

## Training

```sh
{command}
```

{training}

## Limits

{limits}

## Licence

{licence}
"""
HOW = (
    "{cases}, after each glimpse. The model's error is that of one "
    "deterministic rollout. The rows below show the same weights averaged over "
    "stochastic rollouts, and without eye movements."
)


def errors(record: dict[str, Any]) -> str:
    """The table of errors after each glimpse."""
    glimpses = record["config"]["glimpses"]
    numbers = [str(t + 1) for t in range(glimpses)]
    rows = [["glimpses", *numbers], ["---", *["---:"] * glimpses]]
    for error, words in ROWS.items():
        if error not in record:  # That of videos alone.
            continue
        values = record[f"{error}_by_glimpse"]
        rows.append([words, *(f"{value:.2f}" for value in values)])
    return table(rows)


def uncertainty(record: dict[str, Any]) -> str:
    """The headline, how sure it is, and how its weights were chosen."""
    error, cases = record["test_error"], record["test_cases"]
    assumed = "assuming independent cases"
    if record.get("test_draws", 1) > 1:
        cases = record["test_effective_cases"]
        assumed = "clustered by test image"
    deviation = math.sqrt(error * (100 - error) / cases)
    return (
        f"The test error is **{error:.2f}% ± {2 * deviation:.2f}** (two "
        f"standard errors, {assumed}). The weights are those "
        f"of step {record['best_step']:,}, which had the lowest validation "
        f"error of the run ({record['validation_error']:.2f}%)."
    )


def answers_early(weight: float) -> str:
    """What the weight of the answers before the last one led to."""
    if weight:
        return (
            "It was trained to answer after every glimpse. The last answer "
            f"has weight 1, the others {weight:g}."
        )
    return (
        "It was trained to answer after the last glimpse only. A model "
        "that is trained for fewer glimpses can have lower errors "
        "after them than this one."
    )
