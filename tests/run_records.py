"""Records of runs of the cluttered task, as small dicts, and their tables."""

from ram_tf_runs import command
from ram_tf_runs.records.recipe import parse
from ram_tf_runs.settings.kinds.classify import ClassifySettings

# Worse than the paper (4.96), undecided (4.08), better (4.04): of 10,000.
ERRORS = [60.0, 30.0, 12.0, 6.0, 5.0, 4.2, 3.5, 2.0]


FLAGFILE = command.FLAGFILES / "cluttered.flags"
CLUTTERED = parse(ClassifySettings, [f"--flagfile={FLAGFILE}"]).record()


def values(errors=ERRORS, **changes):
    """What result.json holds, as far as the report reads it."""
    record = {
        "test_error": errors[-1],
        "test_error_by_glimpse": errors,
        "test_error_mc10_by_glimpse": [e / 2 for e in errors],
        "test_error_random_fixations_by_glimpse": [61.0] * len(errors),
        "test_error_centre_only_by_glimpse": [62.0] * len(errors),
        "test_cases": 10000,
        "parameters": 256500,
        "multiply_adds_by_glimpse": [1000 * (i + 1) for i in range(8)],
        "pixels_by_glimpse": [432 * (i + 1) for i in range(8)],
        "config": CLUTTERED | {"glimpses": len(errors), "seed": 0},
        "machine": {"processor": "abacus", "threads": 2},
        "git_revision": "0123456789" * 4,
        "seconds": 90.0,
        "images_per_second": 1234.5,
        "curve": [evaluation(e, errors) for e in (0.5, 1.0)],
    }
    for name in ("multiply_adds_by_glimpse", "pixels_by_glimpse"):
        record[name] = record[name][: len(errors)]
    return record | changes


def evaluation(epoch, errors):
    return {
        "epoch": epoch,
        "training_error": 20.0,
        "validation_error_by_glimpse": errors,
    }


def seeded(seed, errors=ERRORS, **config):
    settings = values(errors)["config"] | {"seed": seed} | config
    return values(errors, config=settings)


def network(name, error):
    """The record of a network without attention."""
    record = seeded(0, [error], network=name, glimpses=8)
    kinds = ("mc10", "random_fixations", "centre_only")
    absent = {f"test_error_{kind}_by_glimpse" for kind in kinds}
    return {key: record[key] for key in record.keys() - absent}


def section(text, title):
    """What stands under a heading of the report, up to the next like it."""
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def read_tables(text):
    """The cells of Markdown tables, as dicts by column."""
    blocks = text.split("\n\n")
    return [_read(block) for block in blocks if block.startswith("|")]


def _read(table):
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.splitlines()
    ]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]
