"""Trains RAM to read whole numbers, digit by digit, and measures it.

    python -m trainers.numbers --flagfile=numbers.flags

A number has 1 to --max_digits digits. An equal share of --glimpses goes to each
of them and to the end symbol, as in DRAM (Ba, Mnih, Kavukcuoglu, arXiv
1412.7755); a number is right if all of its symbols are. Numbers are composed of
the digits of --source or, with --svhn_dir, read from SVHN's full-number format.
Everything else is as in trainers.mnist: --network=conv trains a network on
whole images, which answers all symbols at once, and the same command resumes a
run.
"""

from ram_tf_runs import training
from ram_tf_runs.command import run
from ram_tf_runs.settings.kinds.numbers import NumbersSettings

COMMAND = training.command(NumbersSettings, "numbers")


if __name__ == "__main__":
    run(COMMAND)
