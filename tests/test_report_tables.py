"""The tables of the report."""

import run_records

from ram_tf_reports import document, markdown, pictures, records
from ram_tf_reports.published import NETWORKS


def _tables(task, title="Cluttered 60×60"):
    """Those of a section: errors, controls, networks, and seeds if any."""
    text = document.render(task.parent.parent, task.parent)
    return run_records.read_tables(run_records.section(text, title))


def test_errors_beside_the_published_ones(write_runs):
    four, six, eight = _tables(write_runs(ram=run_records.values()))[0]
    assert four == {
        "glimpses": "4",
        "arXiv": "7.10",
        "NIPS": "4.96",
        "best public": "5.15",
        "ours": "**6.00**",
        "95% interval": "5.55–6.48",
        "against NIPS": "worse",
        "against public": "worse",
    }
    assert six["against NIPS"] == "not distinguishable"
    assert six["against public"] == "worse"
    assert (eight["against NIPS"], eight["against public"]) == ("better",) * 2


def test_canvases_of_one_digit_are_not_cases_of_their_own(write_runs):
    # Wilson's interval of 60 of 1,000, by hand.
    cases = [1000] * len(run_records.ERRORS)
    ram = run_records.values(test_effective_cases_by_glimpse=cases)
    four, *_ = _tables(write_runs(ram=ram))[0]
    assert four["ours"] == "**6.00**"
    assert four["95% interval"] == "4.69–7.65"


def test_a_model_made_for_a_row_is_an_extra_row(write_runs):
    own = run_records.seeded(0, [60.0, 30.0, 12.0, 4.0])
    task = write_runs(ram=run_records.values(), ram_4_glimpses=own)
    rows = _tables(task)[0]
    assert [row["glimpses"] for row in rows] == ["4", "4, own model", "6", "8"]
    assert rows[0]["ours"] == "**6.00**"
    assert rows[1]["ours"] == "**4.00**"
    assert rows[1]["against NIPS"] == "better"


def test_the_cell_policy_has_rows_and_counts(write_runs):
    errors = [60.0, 30.0, 12.0, 5.0, 4.0, 3.0, 2.0, 1.0]
    other = [*errors[:-1], 1.5]
    task = write_runs(
        ram=run_records.values(),
        cells=run_records.seeded(0, errors, rollouts=3),
        cells_seed_1=run_records.seeded(1, other, rollouts=3),
    )
    rows, _, networks, _ = _tables(task)
    names = [f"{n}{more}" for n in (4, 6, 8) for more in ("", ", cell policy")]
    assert [row["glimpses"] for row in rows] == names
    assert [row["ours"] for row in rows[:2]] == ["**6.00**", "**5.00**"]
    assert rows[1]["against NIPS"] == "not distinguishable"
    assert networks[-1]["network"] == "RAM, cell policy"
    text = document.render(task.parent.parent, task.parent)
    summary = run_records.read_tables(text)[0][2]
    assert (summary["ours"], summary["mean of seeds"]) == (
        "**1.00**",
        "1.25 (2)",
    )
    assert summary["rows against NIPS"] == "2 / 1 / 0"


def test_what_is_missing_is_not_run(write_runs):
    task = write_runs(ram=run_records.seeded(0, run_records.ERRORS[:6]))
    rows = _tables(task)[0]
    assert [row["ours"] for row in rows] == ["**6.00**", "**4.20**", "not run"]
    assert rows[2]["against NIPS"] == "–"
    nothing = _tables(task, "Translated 60×60")
    assert len(nothing) == 3
    for table in nothing:
        assert {row["ours"] for row in table} == {"not run"}


def test_controls_and_costs(write_runs):
    assert _tables(write_runs(ram=run_records.values()))[1][2] == {
        "glimpses": "8",
        "ours": "**2.00**",
        "ten rollouts averaged": "1.00",
        "random fixations": "61.00",
        "centre only": "62.00",
        "multiply-adds": "8,000",
        "pixels": "3,456",
    }


def test_older_records_lack_costs(write_runs):
    values = run_records.values()
    for name in ("parameters", "multiply_adds_by_glimpse", "curve"):
        del values[name]
    task = write_runs(ram=values)
    _, controls, networks = _tables(task)
    assert controls[0]["multiply-adds"] == "–"
    assert networks[-1]["parameters"] == "–"
    assert pictures.curves(records.load(task)) == {}


def test_networks_without_attention(write_runs):
    conv = run_records.network("conv", 8.2)
    rows = _tables(write_runs(ram=run_records.values(), conv=conv))[2]
    assert [row["network"] for row in rows] == [
        *NETWORKS.values(),
        "RAM, 8 glimpses",
    ]
    assert rows[0]["ours"] == "not run"
    assert rows[2] == {
        "network": "conv net, 2 layers",
        "arXiv": "7.83",
        "NIPS": "8.09",
        "best public": "8.37",
        "ours": "**8.20**",
        "95% interval": "7.68–8.75",
        "parameters": "256,500",
        "multiply-adds": "1,000",
        "pixels": "432",
    }


def test_seeds_have_mean_and_deviation(write_runs):
    others = [[*run_records.ERRORS[:7], error] for error in (2.0, 3.0, 4.0)]
    task = write_runs(
        ram=run_records.seeded(0, others[0]),
        ram_seed_1=run_records.seeded(1, others[1]),
        ram_seed_2=run_records.seeded(2, others[2]),
        conv=run_records.network("conv", 8.0),
    )
    rows = _tables(task)[3]
    assert [row["glimpses"] for row in rows] == ["4", "6", "8"]
    assert rows[2] == {
        "run": "ram",
        "glimpses": "8",
        "n": "3",
        "mean": "**3.00**",
        "standard deviation": "1.00",
        "each": "2.00, 3.00, 4.00",
    }
    assert len(_tables(task, "Translated 60×60")) == 3  # It has no seeds.


def test_the_deviation_is_the_samples(write_runs):
    first = run_records.network("fc_64", 29.0)
    second = run_records.network("fc_64", 31.0)
    second["config"] = second["config"] | {"seed": 1}
    (row,) = _tables(write_runs(fc_64=first, again=second))[3]
    assert row["run"] == NETWORKS["fc_64"]
    assert (row["glimpses"], row["mean"]) == ("–", "**30.00**")
    assert row["standard deviation"] == "1.41"  # The root of two.


def test_the_summary_counts_rows(write_runs):
    task = write_runs(ram=run_records.values())
    text = document.render(task.parent.parent, task.parent)
    rows = {row["task"]: row for row in run_records.read_tables(text)[0]}
    row = rows["cluttered 60×60"]
    assert row["ours"] == "**2.00**"
    assert row["rows against NIPS"] == "1 / 1 / 1"
    assert row["against public"] == "1 / 0 / 2"
    assert rows["MNIST 28×28"]["rows against NIPS"] == "–"


def test_tables_are_padded():
    rows = "| a | n |\n| long cell | 1 |\n| b | 22 |"
    table = markdown.aligned(rows)
    assert table.splitlines() == [
        "| a         |   n |",
        "| :-------- | --: |",
        "| long cell |   1 |",
        "| b         |  22 |",
    ]
    assert markdown.aligned(table) == table
