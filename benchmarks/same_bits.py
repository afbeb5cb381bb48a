"""Whether this code gives what an older commit gave, to the bit.

    python -m benchmarks.same_bits --commit=2e2c5ee \\
        --out=benchmarks/results/same_bits.json

On one machine, by one Python, both trees are asked for the outputs of the
released models for seeded images, called eagerly and compiled by XLA; for what
`trainers.evaluate` measures of the released player; and for the weights and the
numbers that tiny runs of every kind end with, made by their commands. Nothing
is allowed for rounding. It exits with 1 if anything differs.

It takes eleven minutes, and goes on where it was stopped: what a tree has
answered stays in --work, until the tree's code is another.
"""

import hashlib
import json
import pathlib
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from absl import flags

from benchmarks.timing import show, write
from ram_tf_runs.command import run
from tests.fixtures import kinds_of_run, measured, probe
from tests.fixtures.source_tree import SHARED, SourceTree

_COMMIT = flags.DEFINE_string(
    "commit", kinds_of_run.OLD, "The older commit, as git names it."
)
_WORK = flags.DEFINE_string(
    "work", "runs/same_bits", "Directory for what was answered already."
)
_ROOT = pathlib.Path(__file__).resolve().parent.parent
# What is run of the present files.
_PACKAGES = ("ram_tf*", "data", "trainers")
# It plays; the others' answers are their outputs.
_PLAYER = "catch"

Arrays = dict[str, np.ndarray]


class Item(NamedTuple):
    """Something that both trees are asked for.

    Attributes:
        name: In the table and in the record.
        ask: Has a tree write it, in a directory of its own, to an .npz.
    """

    name: str
    ask: Callable[[SourceTree, pathlib.Path, pathlib.Path], None]


def main() -> int:
    work = pathlib.Path(_WORK.value).resolve()
    work.mkdir(parents=True, exist_ok=True)
    revisions = {
        "before": _git("rev-parse", "--verify", f"{_COMMIT.value}^{{commit}}"),
        "now": _git("describe", "--always", "--dirty", "--abbrev=40"),
    }
    before = _checked_out(revisions["before"], work)
    trees = {"before": before, "now": _copied(work)}
    rows = [_row(item, trees, work) for item in _items(before)]
    show(f"equal to the bit with {revisions['before'][:7]}", _told(rows))
    write({"revisions": revisions, "same_bits": rows}, repetitions=1)
    return 0 if all(row["equal"] for row in rows) else 1


def _items(before: SourceTree) -> list[Item]:
    """All that is asked for; of released models those that were there."""
    models = sorted((before.path / "ram_tf" / "pretrained").glob("*.keras"))
    kinds = {
        name: kind
        for name, kind in kinds_of_run.KINDS.items()
        if kind.shared is None or (SHARED / kind.shared).is_dir()
    }
    return [
        *(Item(f"model {path.stem}", _model(path.stem)) for path in models),
        Item(f"evaluate {_PLAYER}", _evaluated),
        *(Item(f"run {name}", _run(name)) for name in kinds),
    ]


def _model(name: str):
    def ask(tree: SourceTree, root: pathlib.Path, out: pathlib.Path) -> None:
        del root
        tree.probe("answers", name, out)

    return ask


def _evaluated(tree: SourceTree, root: pathlib.Path, out: pathlib.Path) -> None:
    record = root / "record.json"
    arguments = [f"--pretrained={_PLAYER}", f"--out={record}"]
    tree.run("-m", "trainers.evaluate", *arguments, root=root)
    np.savez(out, **_numbers(record))


def _run(name: str):
    def ask(tree: SourceTree, root: pathlib.Path, out: pathlib.Path) -> None:
        kinds_of_run.write_pictures(root)
        if needed := kinds_of_run.KINDS[name].needs:
            shutil.copytree(kinds_of_run.finished(needed), root / needed)
        tree.train(name, root)
        tree.probe("weights", str(root / name / "model.keras"), out)
        with np.load(out) as weights:
            arrays = {f"weight {place}": a for place, a in weights.items()}
        np.savez(out, **arrays, **_numbers(root / name / "result.json"))

    return ask


def _numbers(record: pathlib.Path) -> Arrays:
    numbers = measured.numbers(json.loads(record.read_text()))
    return {name: np.array(number) for name, number in numbers.items()}


def _row(
    item: Item, trees: dict[str, SourceTree], work: pathlib.Path
) -> dict[str, Any]:
    """Asks both trees, and compares all that the older one answered."""
    before, now = (
        _answer(item, tree, work / f"{when}_{tree.path.name}_{_questions()}")
        for when, tree in trees.items()
    )
    differing = [
        name
        for name, array in before.items()
        if name not in now or not _equal(array, now[name])
    ]
    digests = {
        "before": _digest(before, before),
        "now": _digest(now, before.keys() & now.keys()),
    }
    equal = not differing and digests["before"] == digests["now"]
    print("  equal" if equal else f"  not equal: {differing}", flush=True)
    return {
        "item": item.name,
        "arrays": len(before),
        "equal": equal,
        "differing": differing,
        "sha256": digests,
    }


def _answer(item: Item, tree: SourceTree, folder: pathlib.Path) -> Arrays:
    """What a tree answers, from the file if it has answered already."""
    out = folder / f"{item.name.replace(' ', '_')}.npz"
    print(f"{item.name}, {folder.name}", flush=True)
    if not out.exists():
        root = out.with_suffix("")
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        draft = root / "draft.npz"
        item.ask(tree, root, draft)
        draft.replace(out)
        shutil.rmtree(root)
    with np.load(out) as arrays:
        return dict(arrays)


def _equal(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype and np.array_equal(one, other)


def _digest(arrays: Arrays, names) -> str:
    """SHA-256 of names, types, shapes and bytes: -0.0 is not 0.0 here."""
    digest = hashlib.sha256()
    for name in sorted(names):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array)
    return digest.hexdigest()


def _told(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "item": row["item"],
            "arrays": row["arrays"],
            "equal": row["equal"],
            "differing": len(row["differing"]),
            "sha256": row["sha256"]["now"][:12],
        }
        for row in rows
    ]


def _checked_out(revision: str, work: pathlib.Path) -> SourceTree:
    """A commit's files."""
    archive = work / "draft.tar"
    _git("archive", f"--output={archive}", revision)
    draft = _new(work)
    with tarfile.open(archive) as files:
        files.extractall(draft, filter="data")
    return _named(draft)


def _copied(work: pathlib.Path) -> SourceTree:
    """The present files, which somebody may go on editing."""
    draft = _new(work)
    ignored = shutil.ignore_patterns("__pycache__", "node_modules")
    for pattern in _PACKAGES:
        for package in _ROOT.glob(pattern):
            shutil.copytree(package, draft / package.name, ignore=ignored)
    return _named(draft)


def _new(work: pathlib.Path) -> pathlib.Path:
    draft = work / "draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    return draft


def _named(draft: pathlib.Path) -> SourceTree:
    """The tree in a directory that is named after all that is in it."""
    files = sorted(path for path in draft.rglob("*") if path.is_file())
    place = draft.with_name(_digest_of_files(draft, files))
    shutil.rmtree(place, ignore_errors=True)
    return SourceTree(draft.rename(place))


def _questions() -> str:
    """A digest of what is asked: it may be another since it was answered."""
    asked = [pathlib.Path(module.__file__) for module in (kinds_of_run, probe)]
    return _digest_of_files(_ROOT, asked)


def _digest_of_files(root: pathlib.Path, files: list[pathlib.Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"git {' '.join(arguments)}: {done.stderr}")
    return done.stdout.strip()


if __name__ == "__main__":
    run(main)
