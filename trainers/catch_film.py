"""Makes an animated GIF of a trained model that plays Catch.

    python -m trainers.catch_film --pretrained=catch --out=docs/catch.gif

Left the screen with the windows of the retina, right what the retina sees.
"""

import pathlib

from absl import flags

from trainers.command import run
from ram_tf import files
from ram_tf.game_viz import film
from trainers.configs import settings
from trainers.configs.output_flags import OUT
from trainers.runs import catch_setup, model_source

flags.adopt_module_key_flags(model_source)
flags.declare_key_flag("out")
_GAMES = flags.DEFINE_integer(
    "film_games", 3, "Games of the film.", lower_bound=1
)


def main() -> None:
    trained = model_source.load()
    config = trained.config
    if not settings.plays_catch(config):
        raise ValueError(
            "Only a model that plays Catch can be filmed. Received: one that "
            "classifies"
        )
    path = pathlib.Path(OUT.value or trained.directory / "game.gif")
    config.test_games = _GAMES.value  # The first of the test games.
    content = film(catch_setup.test(config, trained.model), _GAMES.value)
    files.write_bytes(path, content)
    print(f"film: {path}")


if __name__ == "__main__":
    run(main)
