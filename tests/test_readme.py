"""What README.md and docs/ say can be called, or read off a record, is true.

`tests/test_docs.py` runs what they say.
"""

import json
import re

import pytest
from documents import PAGES, ROOT

from ram_tf import pretrained
from ram_tf_reports.published import TASKS


def _json(path):
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


def _rows(page):
    """The cells of the rows that begin with a name in code, by that name."""
    rows = re.findall(r"^\| `(\w+)` \|(.+)\|$", PAGES[page], re.MULTILINE)
    return {
        name: [cell.strip() for cell in cells.split("|")]
        for name, cells in rows
        if name in pretrained.NAMES
    }


@pytest.mark.parametrize("page", ["README.md", "docs/released_models.md"])
def test_released_models_are_listed_with_their_errors(page):
    listed = _rows(page)
    assert set(listed) == set(pretrained.classifiers())
    for name, cells in listed.items():
        record = pretrained.record(name)
        side = record["config"]["canvas"]
        assert f"{side}×{side}" in cells[0]
        *_, error, nips, public = cells
        assert error == f"{record['test_error']:.2f}"
        task = TASKS.get(re.sub(r"_(\d_glimpses|cells)$", "", name))
        row = task and task.rows[max(task.rows)]
        assert nips == (f"{row.nips:.2f}" if row else "–")
        assert public == (f"{row.best_public.error:.2f}" if row else "–")


def _by_length(run):
    errors = _json(f"results/numbers/{run}.json")["test_error_by_length"]
    return " | ".join(f"{error:.1f}" for error in errors)


def _sizes(seed, canvas, clutter):
    """The error after all looks of a model of any size, in %."""
    rows = _json(f"results/seek/sizes/seed_{seed}.json")["canvases"]
    [row] = [
        row
        for row in rows
        if (row["canvas"], row["clutter"]) == (canvas, clutter)
    ]
    return row["error_by_glimpse"][-1]


def _mean_sizes(canvas, clutter, decimals=1):
    mean = sum(_sizes(seed, canvas, clutter) for seed in range(3)) / 3
    return f"{mean:.{decimals}f}"


def _readme():
    yield f"catches {100 * pretrained.record('catch')['catch_rate']:.2f}% of"
    record = pretrained.record("cluttered")
    for control in ("random_fixations", "centre_only"):
        yield f"in {record[f'test_error_{control}']:.2f}%"
    yield f"{_sizes(0, 1024, 64):.2f}% wrong at 1024×1024"
    yield f"{_sizes(0, 4096, 64):.2f}% at 4096×4096"


def _ideas():
    record = pretrained.record("cluttered")
    for control in ("", "_random_fixations", "_centre_only"):
        yield f"in {record[f'test_error{control}']:.2f}%"


def _numbers_and_video():
    yield f"chooses among cells | {_by_length('cells')} |"
    yield f"the paper's policy | {_by_length('ram')} |"
    yield f"all digits at once | {_by_length('conv')} |"
    video = _json("results/video/ram.json")
    yield f"{video['test_error']:.2f}% of the videos"
    yield f"{video['test_error_first_frame_only']:.2f}% are wrong"
    yield f"{video['test_error_random_fixations']:.2f}%"


def _games():
    runs = ("ram", "ram_seed_1", "ram_seed_2")
    rates = [_json(f"results/catch/{run}.json")["catch_rate"] for run in runs]
    yield f"catches {100 * sum(rates) / 3:.1f}% of the balls"
    extremes = _json("results/catch/extremes.json")["catch_rate"]
    # As RESULTS.md has it, from two decimals.
    yield f"catches {100 * extremes + 1e-9:.1f}% after"
    minatar = _json("results/minatar/ram.json")
    yield f"{minatar['mean_return']:.2f} an episode"
    yield f"earn {minatar['mean_return_random_actions']:.2f}"
    yield f"{minatar['standard_errors_above_random']:.1f} standard errors"


def _stopping():
    stops = _json("results/stopping/cluttered.json")["models"]
    stop = stops["stop_cluttered_0.001"]
    yield f"makes {stop['mean_glimpses']:.1f} of its eight"
    yield f"{stop['error']:.2f}% wrong"
    stop = _json("results/stopping/mnist.json")["models"]["stop_mnist_0.0003"]
    yield f"makes {stop['mean_glimpses']:.1f} glimpses"
    yield f"{stop['error']:.2f}% wrong"


def _large_images():
    means = [_mean_sizes(side, 64) for side in (256, 512, 1024, 2048, 4096)]
    yield f"| {' | '.join(means)} |"
    folders = ("large", "large_512", "large_1024")
    errors = [
        _json(f"results/{folder}/ram.json")["test_error"] for folder in folders
    ]
    yield "| " + " | ".join(f"{error:.0f}" for error in errors) + " |"
    yield f"{_mean_sizes(256, 73)}% wrong at 256"
    yield f"{_mean_sizes(512, 291)}% at 512"
    yield f"{_mean_sizes(1024, 1165, 0)}% are wrong"
    readers = {
        row["side"]: row["pyramid_ms"]
        for row in _json("benchmarks/results/readers.json")["readers"]
    }
    yield f"{readers[1024]:.1f} ms of one thread at 1024"
    yield f"{readers[4096]:.0f} ms at 4096"


def _devices():
    rows = _json("benchmarks/results/device.json")["device"]
    yield "".join(f" {row['ram_int8_ms']:.3f} ms |" for row in rows)
    yield "".join(f" {row['ram_ms']:.3f} ms |" for row in rows)
    yield f"| {rows[0]['ram_int8_kb']:.0f} kB |"
    yield f"| {rows[0]['ram_kb'] / 1000:.2f} MB |"
    conv = (f"{row['conv_ms']:#.3g} ms" for row in rows[1:])
    yield f"{rows[0]['conv_ms']:.3f} ms | {' | '.join(conv)}"
    agreement = {
        row["model"]: row
        for row in _json("benchmarks/results/agreement.json")["agreement"]
    }
    assert agreement["saved_model"]["other_class"] == 0
    assert agreement["tflite"]["other_class"] == 0
    yield f"{agreement['tflite']['error']:.2f}% wrong"
    yield f"{agreement['tflite_int8']['error']:.2f}% wrong"
    yield f"in {agreement['tflite_int8']['other_class']} cases"


def _speed():
    ratios = _json("benchmarks/results/image_size.json")["ratios"]
    yield f"{ratios['ram_train']:.2f} times as long"
    yield f"{ratios['ram_classify']:.2f} times as long in use"
    training = _json("benchmarks/results/training.json")
    yield f"{100 * training['training'][1]['ratio']:.0f}% of the machine's rate"
    yield f"costs {100 * training['data']['cost']:.0f}% of the time"


def _start():
    sizes = _json("benchmarks/results/install.json")["megabytes"]
    yield f"{sizes['tensorflow'] / 1000:.2f} GB of disk"
    yield f"{sizes['ram_tf'] / 1000:.2f} GB"
    yield f"{sizes['ram_tf[all]'] / 1000 + 1e-9:.2f} GB with all extras"


_FIGURES = {
    "README.md": _readme,
    "docs/devices.md": _devices,
    "docs/games.md": _games,
    "docs/ideas.md": _ideas,
    "docs/large_images.md": _large_images,
    "docs/numbers_and_video.md": _numbers_and_video,
    "docs/speed.md": _speed,
    "docs/start.md": _start,
    "docs/stopping.md": _stopping,
}


@pytest.mark.parametrize(("page", "figures"), _FIGURES.items())
def test_figures_are_those_of_the_records(page, figures):
    text = " ".join(PAGES[page].split())
    missing = [figure for figure in figures() if figure not in text]
    assert missing == []


@pytest.mark.parametrize("package", ["trainers", "benchmarks"])
def test_commands_that_are_named_are_there(package):
    pattern = rf"(?:python -m |\b)(?<!/){package}\.([a-z]\w*)\b(?!\()"
    named = {
        (page, name)
        for page, text in PAGES.items()
        for name in re.findall(pattern, text)
    }
    assert named
    missing = {
        (page, name)
        for page, name in named
        if not (ROOT / package / f"{name}.py").exists() and name != "py"
    }
    assert missing == set()


def test_flagfiles_that_are_named_are_there():
    ours = {p.name for p in (ROOT / "ram_tf_runs" / "flagfiles").iterdir()}
    for name in ours:
        assert f"`{name}`" in PAGES["docs/start.md"]
    for page in ("README.md", *(p for p in PAGES if p.startswith("docs/"))):
        named = set(re.findall(r"(?<![\w.])(\w+\.flags)\b", PAGES[page]))
        assert named <= {*ours, "NAME.flags", "KIND.flags"}, page


def test_files_that_links_name_are_there():
    """Those of the site are the strict build's business, too."""
    missing = {
        (page, link)
        for page, text in PAGES.items()
        for link in re.findall(r"\]\((?!https?:)([^)#\s]+)[^)]*\)", text)
        if not ((ROOT / page).parent / link).exists()
    }
    assert missing == set()


@pytest.mark.parametrize("side", [512, 4096])
def test_the_time_of_a_search(side):
    [row] = [
        row
        for row in _json("benchmarks/results/searching.json")["searching"]
        if row["side"] == side
    ]
    words = " ".join(PAGES["README.md"].split())
    assert f"{row['seek_ms']:.0f} ms at {side}×{side}" in words
