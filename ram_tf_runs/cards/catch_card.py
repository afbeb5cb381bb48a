"""The card of a released model that plays Catch, from its record alone."""

import math
from typing import Any

from ram_tf.presets.card import head
from ram_tf_runs.cards.card_text import (
    LICENSE,
    SOURCE,
    command,
    filled,
    square,
    table,
    trained,
)
from ram_tf_runs.records.catch_results import ROWS
from ram_tf_runs.settings.kinds.catch import CatchSettings
from ram_tf_runs.settings.run import from_record

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
    settings = from_record(record["config"])
    return _head(name, record) + _PAGE.format(
        name=name,
        what=filled(_what(settings)),
        source=filled(SOURCE.format(name=name)),
        game=filled(_game(settings)),
        rates=_rates(record),
        uncertainty=filled(_uncertainty(record)),
        command=command(settings),
        training=filled(f"{record['frames']:,} frames, {trained(record)}"),
        limits=filled(
            "- It knows this game on a screen of this size, with these speeds; "
            "on no other has it been measured. It is one run, seed "
            f"{settings.seed}; another seed has another rate.",
            "  ",
        ),
    )


def _head(name: str, record: dict[str, Any]) -> str:
    where = f"{record['test_games']:,} games of Catch"
    return head(
        classifies=False,
        license=LICENSE,
        results=[(name, where, {"catch_rate": record["catch_rate"]})],
    )


def _what(settings: CatchSettings) -> str:
    retina = (
        f"glimpses of {square(settings.model.glimpse_size)} at "
        f"{settings.model.scales} scales"
    )
    if settings.full_screen:
        retina = "the whole screen at once"
    return (
        "A Recurrent Attention Model (Mnih, Heess, Graves, Kavukcuoglu, 2014) "
        f"that plays Catch: one look ({retina}) and one move of the paddle a "
        "step. It was told nothing but whether it had caught the ball."
    )


def _game(settings: CatchSettings) -> str:
    game = settings.game
    low, high = game.angles
    angles = f"uniform in {low:g} to {high:g} degrees"
    if game.extremes_only:
        angles = f"{low:g} or {high:g} degrees"
    rules = "ram_tf/episodes/environments/catch_rules.py"
    return (
        f"A screen of {square(game.screen)} pixels, a paddle of "
        f"{game.paddle_width}; the ball's direction is {angles}, 90 being "
        f"straight down. The rules are `{rules}`; "
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
