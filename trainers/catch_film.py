"""Makes an animated GIF of a trained model that plays Catch."""

from ram_tf_commands import catch_film
from ram_tf_runs.command import run

__doc__ = catch_film.__doc__  # What --help says.

if __name__ == "__main__":
    run(catch_film.COMMAND)
