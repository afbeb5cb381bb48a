"""Files of `results/`: broken ones are named, and each run has a line."""

import re

import pytest

from ram_tf_reports import catch, document, environments
from ram_tf_runs.command import FLAGFILES
from ram_tf_runs.records import workdir
from ram_tf_runs.records.recipe import parse
from ram_tf_runs.settings.run import of_kind

# By their folders.
FILES = [
    "mnist/ram.json",
    "catch/ram.json",
    "catch/players.json",
    "minatar/ram.json",
    "invariance.json",
    "video/ram.json",
    "stopping/mnist.json",
    "numbers/ram.json",
    "large/ram.json",
    "larger_canvases.json",
]
SECTIONS = {"catch": catch.section, "minatar": environments.section}


def _values(name, **changes):
    """What result.json holds of a run of Catch or of an environment."""
    kind = of_kind({"catch": "catch", "minatar": "play"}[name])
    settings = parse(kind, [f"--flagfile={FLAGFILES / name}.flags"])
    record = {
        "config": settings.record() | {"seed": 3},
        "machine": {"processor": "abacus", "threads": 1},
        "git_revision": "0123456789abcdef-dirty",
        "seconds": 90.0,
        "frames": 1_000_000,
        "frames_per_second": 1234.5,
    }
    if name == "catch":
        own = {"catch_rate": 0.9, "test_games": 100, "curve": [[1e6, 0.9]]}
    else:
        own = {"test_episodes": 100, "episodes_cut": 0}
        own["standard_errors_above_random"] = None
        for suffix in ("", "_random_actions"):
            own |= {f"mean_return{suffix}": 1.0, f"standard_error{suffix}": 0.1}
    return record | own | changes


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", " is not JSON"),
        ("", " is not JSON"),
        ("[]", " must hold an object"),
        ("{}", r"( must hold|:) `\w+`"),
    ],
)
def test_a_broken_file_is_named(name, text, words, tmp_path):
    path = tmp_path / "results" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    with pytest.raises(ValueError, match=f"results/{re.escape(name)}{words}"):
        document.render(tmp_path, tmp_path / "results")


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("catch", "caught 90.00; 1.5 minutes"),
        ("minatar", "at most 100 steps an episode"),
    ],
)
def test_games_have_lines_too(name, facts, tmp_path):
    folder = tmp_path / "elsewhere" / name
    folder.mkdir(parents=True)
    workdir.write_json(folder / "ram.json", _values(name))
    assert list(SECTIONS[name](folder))[-1] == (
        f"- [ram](elsewhere/{name}/ram.json): seed 3; {facts}; "
        "1,234 frames/s; abacus, 1 thread; commit `0123456-dirty`.\n"
        f"  `python -m trainers.{'catch' if name == 'catch' else 'play'} "
        f"--flagfile={name}.flags --seed=3`"
    )


@pytest.mark.parametrize("name", SECTIONS)
def test_what_a_run_does_not_know_is_left_out(name, tmp_path):
    unknown = {"git_revision": None, "frames_per_second": None}
    workdir.write_json(tmp_path / "ram.json", _values(name, **unknown))
    line = list(SECTIONS[name](tmp_path))[-1]
    assert "; abacus, 1 thread; commit `–`.\n" in line
    assert "frames/s" not in line


@pytest.mark.parametrize("name", SECTIONS)
def test_notes_stand_above_the_runs(name, tmp_path):
    workdir.write_json(tmp_path / "ram.json", _values(name))
    (tmp_path / "notes.md").write_text("A target was missed.\n")
    blocks = list(SECTIONS[name](tmp_path))
    assert blocks[-3:-1] == ["A target was missed.", "### Runs"]
