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
            "- It knows this game on a screen of this size, with these speeds. "
            "It has not been tested on any other. This is a single run with "
            f"seed {settings.seed}. Other seeds give other rates.",
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
        f"that plays Catch: in each step it looks once ({retina}) and moves "
        "the paddle once. Its only reward was whether it had caught the ball."
    )


def _game(settings: CatchSettings) -> str:
    game = settings.game
    low, high = game.angles
    angles = f"uniform in {low:g} to {high:g} degrees"
    if game.extremes_only:
        angles = f"{low:g} or {high:g} degrees"
    rules = "ram_tf/episodes/environments/catch_rules.py"
    return (
        f"The screen has {square(game.screen)} pixels, and the paddle is "
        f"{game.paddle_width} wide. The ball's direction is {angles}; 90 is "
        f"straight down. The rules are in `{rules}`. "
        "The Gymnasium environment is `ram_tf/Catch-v0`."
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
        f"The rates are of {games:,} fresh games, ± {2 * deviation:.2f} (two "
        "standard errors). The other rows use the same weights with other ways "
        "of looking and acting. The weights are those of step "
        f"{record['best_step']:,}, which caught most in validation games "
        f"({100 - record['validation_error']:.2f}%)."
    )
