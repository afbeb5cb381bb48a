"""Trains RAM to read whole numbers, digit by digit, and measures it.

    python -m trainers.numbers --flagfile=numbers.flags

A number has 1 to --max_digits digits. An equal share of --glimpses goes to each
of them and to the end symbol, as in DRAM (Ba, Mnih, Kavukcuoglu, arXiv
1412.7755); a number is right if all of its symbols are. Numbers are composed of
the digits of --source or, with --svhn_dir, read from SVHN's full-number format.
Else all is as in trainers.mnist: --network=conv trains a network on whole
images, which answers all symbols at once, and the same command resumes a run.
"""

from absl import flags

from trainers.command import run
from trainers.configs import config
from trainers.runs import classification, workdir

flags.adopt_module_key_flags(config)
flags.adopt_module_key_flags(workdir)


def main() -> int:
    if not flags.FLAGS.max_digits:
        raise ValueError(
            "--max_digits must be at least 1 where numbers are read; "
            "--flagfile=numbers.flags sets it. Received: --max_digits=0"
        )
    return classification.main("numbers")


if __name__ == "__main__":
    run(main)
