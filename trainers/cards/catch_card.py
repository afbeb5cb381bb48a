"""The card of a released model that plays Catch, from its record alone."""

import math
from typing import Any

from trainers.cards.card_text import (
    SOURCE,
    command,
    filled,
    square,
    table,
    trained,
)
from trainers.configs.config import Config
from trainers.configs.settings import complete
from trainers.runs.catch_results import ROWS

_PAGE = """\
# Released model `{name}`

{what}

```sh
python -m trainers.catch_film --pretrained={name} --out=game.gif
python -m trainers.evaluate --pretrained={name}
```

{source}

## Game

{game}

## Balls caught

{rates}

{uncertainty}

## Training

```sh
{command}
```

{training}

## Limits

{limits}

## Licence

The weights are under Apache-2.0, like the code.
"""


def catch_card(name: str, record: dict[str, Any]) -> str:
    """The card as Markdown: a pure function of its arguments.

    Args:
        name: Of the released model.
        record: Of its run, as result.json has it.
    """
    config = complete(record["config"])
    return _PAGE.format(
        name=name,
        what=filled(_what(config)),
        source=filled(SOURCE.format(name=name)),
        game=filled(_game(config)),
        rates=_rates(record),
        uncertainty=filled(_uncertainty(record)),
        command=command(config),
        training=filled(f"{record['frames']:,} frames, {trained(record)}"),
        limits=filled(
            "- It knows this game on a screen of this size, with these speeds; "
            "on no other has it been measured. It is one run, seed "
            f"{config.seed}; another seed has another rate.",
            "  ",
        ),
    )


def _what(config: Config) -> str:
    retina = (
        f"glimpses of {square(config.glimpse_size)} at {config.scales} scales"
    )
    if config.full_screen:
        retina = "the whole screen at once"
    return (
        "A Recurrent Attention Model (Mnih, Heess, Graves, Kavukcuoglu, 2014) "
        f"that plays Catch: one look ({retina}) and one move of the paddle a "
        "step. It was told nothing but whether it had caught the ball."
    )


def _game(config: Config) -> str:
    low, high = config.angles
    angles = f"uniform in {low} to {high} degrees"
    if config.extremes_only:
        angles = f"{low} or {high} degrees"
    return (
        f"A screen of {square(config.screen)} pixels, a paddle of "
        f"{config.paddle_width}; the ball's direction is {angles}, 90 being "
        "straight down. The rules are `ram_tf/environments/catch_rules.py`; "
        "as a Gymnasium environment it is `ram_tf/Catch-v0`."
    )


def _rates(record: dict[str, Any]) -> str:
    rows = [["", "caught, %"], ["---", "---:"]]
    for name, words in ROWS.items():
        if name in record:
            rows.append([words, f"{100 * record[name]:.2f}"])
    return table(rows)


def _uncertainty(record: dict[str, Any]) -> str:
    rate, games = record["catch_rate"], record["test_games"]
    deviation = 100 * math.sqrt(rate * (1 - rate) / games)
    return (
        f"Of {games:,} fresh games; give or take {2 * deviation:.2f} (two "
        "standard errors). The rows below the first are the same weights, "
        "looking and acting otherwise. On validation games these weights, of "
        f"step {record['best_step']:,}, were the best of the run's, with "
        f"{100 - record['validation_error']:.2f}."
    )
