"""The tutorial runs from start to end, and what it says is so."""

import json

import nbformat
import pytest
from documents import ROOT
from nbclient import NotebookClient

_NOTEBOOK = ROOT / "docs" / "tutorial.ipynb"
_BYTES = 2 * 10**6
_LINES = 30  # Of a cell, at most.
# A cell that is added at the end, to ask for what the others have found.
_ASK = """
import json

print(
    json.dumps(
        {
            "accuracy": accuracy[-1],
            "errors": {how: each[-1] for how, each in errors.items()},
            "found": int(found.sum()),
            "named": int(right.sum()),
            "shown": [int(answers[chosen]), int(large.label[chosen])],
            "glimpse": int(glimpses[0].size),
            "agree": {
                file: float((ask(file, images).argmax(-1)
                    == by_keras.argmax(-1)).mean())
                for file in ("eye.tflite", "eye_int8.tflite")
            },
            "apart": float(abs(ask("eye.tflite", images) - by_keras).max()),
        }
    )
)
"""


def _read():
    return nbformat.read(_NOTEBOOK, as_version=4)


def _code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _prose():
    cells = (cell for cell in _read().cells if cell.cell_type == "markdown")
    return " ".join(" ".join(cell.source.split()) for cell in cells)


def _assert_ran(cells):
    """In their order, from a fresh start, and none of them failed."""
    assert [cell.execution_count for cell in cells] == [
        *range(1, len(cells) + 1)
    ]
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert kinds == {"stream", "display_data", "execute_result"}


def test_the_notebook_is_kept_with_its_outputs():
    nbformat.validate(_read())
    _assert_ran(_code(_read()))
    assert _NOTEBOOK.stat().st_size < _BYTES


def test_cells_are_short():
    cells = _read().cells
    assert max(len(cell.source.splitlines()) for cell in cells) <= _LINES


def test_figures_in_its_words_are_those_of_the_records():
    path = ROOT / "results" / "seek" / "sizes" / "seed_0.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["canvases"]
    [row] = [
        row for row in rows if (row["canvas"], row["clutter"]) == (1024, 64)
    ]
    error = row["error_by_glimpse"][-1]
    assert f"MNIST's test digits, {error:.2f}% of its answers" in _prose()


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Of Jupyter's own packages.
def test_the_notebook_runs_and_its_claims_hold(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = _read()
    notebook.cells.append(nbformat.v4.new_code_cell(_ASK))
    client = NotebookClient(
        notebook,
        timeout=900,  # Of a cell, beside other tests.
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()  # Raises where a cell does.
    *cells, asked = _code(notebook)
    _assert_ran(cells)
    said = "".join(o.text for o in asked.outputs if o.get("name") == "stdout")
    _check(json.loads(said))


def _check(told):
    """What the prose says: each bound has room for another machine's bits."""
    errors = told["errors"]
    assert told["accuracy"] > 0.9
    assert errors["learned"] < 15
    assert errors["random"] > 2.5 * errors["learned"]
    assert errors["at the centre"] > 2 * errors["learned"]
    assert told["found"] >= 9
    assert 5 <= told["named"] < 10  # "Not all of these."
    answer, label = told["shown"]
    assert answer == label
    assert f"A glimpse has {told['glimpse']} numbers" in _prose()
    assert told["agree"]["eye.tflite"] == 1
    assert told["apart"] < 1e-4
    assert told["agree"]["eye_int8.tflite"] > 0.95
