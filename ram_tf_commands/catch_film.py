"""Makes an animated GIF of a trained model that plays Catch.

    python -m trainers.catch_film --pretrained=catch --out=docs/catch.gif

The left side of the film shows the screen with the windows of the retina; the
right side shows what the retina sees.
"""

import dataclasses
import pathlib

from ram_tf_data import memory
from ram_tf_runs.command import Command, run
from ram_tf_runs.errors import UserError
from ram_tf_runs.settings.fields import Settings, setting
from ram_tf_runs.settings.options import OTHER_FLAGS, ModelOptions, Out


@dataclasses.dataclass(frozen=True)
class Film(Settings):
    """What is filmed."""

    film_games: int = setting(3, "Number of games in the film.", least=1)


_BYTES = 10**5  # Of a game at least: a picture a frame.


def main(options: ModelOptions, games: Film, out: Out) -> None:
    memory.check(
        "The film",
        _BYTES * games.film_games,
        f"--film_games={games.film_games}",
    )
    # TensorFlow comes with these; --help does without.
    import ram_tf_runs.quiet  # noqa: F401  First.

    from ram_tf import files
    from ram_tf.pictures.games import film
    from ram_tf_runs import model_source
    from ram_tf_runs.tasks.kinds.catch import CatchTask

    trained = model_source.load(options)
    task = trained.task
    if not isinstance(task, CatchTask):
        raise UserError(
            "Only a model that plays Catch can be filmed. Received: one that "
            f"{task.does}"
        )
    path = pathlib.Path(out.out or trained.directory / "game.gif")
    # The first of the test games.
    evaluator = task.evaluator(trained.model, games.film_games, draw=0)
    files.write_bytes(path, film(evaluator, games.film_games))
    print(f"film: {path}")


COMMAND = Command(main, (ModelOptions, Film, Out), others=OTHER_FLAGS)


if __name__ == "__main__":
    run(COMMAND)
