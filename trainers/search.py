"""Random search over learning rate and location_std (paper, section 4)."""

from ram_tf_commands import search
from ram_tf_runs.command import run

__doc__ = search.__doc__  # What --help says.

if __name__ == "__main__":
    run(search.COMMAND)
