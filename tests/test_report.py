"""The report: its sections, and that RESULTS.md is not stale."""

import pathlib
import re

import pytest
import run_records
from PIL import Image

from ram_tf_commands import report
from ram_tf_reports import document, pictures
from ram_tf_reports.published import NETWORKS
from ram_tf_runs.records import workdir

ROOT = pathlib.Path(__file__).parents[1]


def test_the_committed_results_are_not_stale():
    """If this fails, run `python -m trainers.report` and commit."""
    written = (ROOT / "RESULTS.md").read_text()
    assert written == document.render(ROOT, ROOT / "results")


def test_links_of_the_committed_results():
    text = (ROOT / "RESULTS.md").read_text()
    links = [link for link in re.findall(r"\]\((\S+)\)", text)]
    local = [link for link in links if not link.startswith("https://")]
    assert pictures.OVERVIEW in local
    assert [link for link in local if not (ROOT / link).exists()] == []


def test_committed_pictures_are_small():
    files = list((ROOT / "docs" / "results").glob("*.png"))
    assert files
    assert [file for file in files if file.stat().st_size > 500_000] == []


def test_a_run_is_a_line_with_its_command(write_runs):
    task = write_runs(
        ram=run_records.values(git_revision="0123456789abcdef-dirty")
    )
    text = document.render(task.parent.parent, task.parent)
    assert (
        "- [ram](results/cluttered/ram.json): seed 0; error 2.00; 1.5 minutes; "
        "1,234 images/s; abacus, 2 threads; commit `0123456-dirty`.\n"
        "  `python -m trainers.mnist --flagfile=cluttered.flags"
    ) in text
    for name in document.OTHERS:
        assert f"{name}.flags" not in text


def test_videos_are_shown_with_their_own_control(write_runs):
    records = write_runs(ram=run_records.values()).parent
    first = {"test_error_first_frame_only_by_glimpse": [9.0] * 7 + [8.75]}
    settings = run_records.CLUTTERED | {"frames": 8, "speed": 3.0}
    video = run_records.values(config=settings, **first)
    (records / "video").mkdir()
    workdir.write_json(records / "video" / "ram.json", video)
    text = document.render(records.parent, records)
    section = text.partition("`video.flags`\n")[2].partition("\n## ")[0]
    header, _, row = [s for s in section.splitlines() if s.startswith("|")]
    assert header.endswith("| first frame only |")
    assert row.split("|")[-2].strip() == "8.75"
    command = "python -m trainers.mnist --flagfile=cluttered.flags --frames=8"
    assert section.rstrip().endswith(f"\n  `{command}`")
    assert "first frame only" not in text.replace(section, "")
    video["test_error_first_frame_only_by_glimpse"] = [9.0]
    workdir.write_json(records / "video" / "ram.json", video)
    with pytest.raises(ValueError, match=r"first_frame_only.*list of 8"):
        document.render(records.parent, records)


def test_notes_stand_under_their_task(write_runs):
    task = write_runs(ram=run_records.values())
    (task / "notes.md").write_text("A target was missed.\n")
    text = document.render(task.parent.parent, task.parent)
    section = run_records.section(text, "Cluttered 60×60")
    assert "\n\nA target was missed.\n\n" in section


def test_translation_invariance_is_shown_once_it_is_measured(write_runs):
    task = write_runs()
    root = task.parent.parent
    assert "invariance" not in document.render(root, task.parent)
    config = {"canvas": 60, "place": "left", "epochs": 9.0}
    found = {
        "models": {
            "ram": {
                "grid": [[1.0]],
                "left": 2.5,
                "right": 3.25,
                "config": config,
            },
            "conv": {
                "grid": [[1.0]],
                "left": 8.0,
                "right": 64.0,
                "config": config | {"network": "conv"},
            },
        },
        "rows": [0, 8, 16, 24, 32],
        "columns": [0, 16, 32],
        "cases_per_place": 2000,
    }
    workdir.write_json(task.parent / "invariance.json", found)
    text = document.render(root, task.parent)
    assert "5×3 places of the digit, with 2,000" in " ".join(text.split())
    assert re.search(r"\| RAM +\| +2\.50 \| +3\.25 \|", text)
    assert "(docs/invariance.png)" in text
    commands = text.partition("Trained by:")[2].splitlines()[2:4]
    for line in commands:
        assert "--place=left" in line
        assert "--epochs=9" in line
    assert "--network=conv" in commands[1]
    del found["rows"]
    workdir.write_json(task.parent / "invariance.json", found)
    with pytest.raises(ValueError, match=r"invariance\.json must hold `rows`"):
        document.render(root, task.parent)


def test_the_command_writes_text_and_pictures(
    write_runs, tmp_path, run_command
):
    task = write_runs(
        ram=run_records.values(),
        ram_seed_1=run_records.seeded(1),
        ram_4_glimpses=run_records.seeded(0, run_records.ERRORS[:4]),
        conv=run_records.network("conv", 8.0),
    )
    out = tmp_path / "RESULTS.md"
    folder = f"--records={task.parent}"
    assert not run_command(report, folder, f"--document={out}")
    text = out.read_text()
    assert text == document.render(tmp_path, task.parent)
    drawn = sorted((tmp_path / "docs" / "results").iterdir())
    names = ["cluttered_curve.png", "error_by_glimpse.png"]
    assert [file.name for file in drawn] == names
    for file in drawn:
        assert f"(docs/results/{file.name})" in text
        with Image.open(file) as picture:
            assert min(picture.size) > 400


def test_the_command_names_what_is_wrong(
    write_runs, tmp_path, run_command, capsys
):
    assert run_command(report, f"--records={tmp_path / 'nowhere'}") == 1
    assert "--records must name" in capsys.readouterr().err
    task = write_runs(ram=run_records.values(test_cases=None))
    folder = f"--records={task.parent}"
    assert run_command(report, folder, f"--document={tmp_path / 'R'}") == 1
    assert "ram.json: `test_cases`" in capsys.readouterr().err
    assert not (tmp_path / "R").exists()


def test_large_images_have_a_section(write_runs):
    records = write_runs(ram=run_records.values()).parent
    settings = run_records.CLUTTERED | {"canvas": 256, "clutter": 64}
    own = records / "large"
    own.mkdir()
    ram = run_records.values(config=settings, test_cases=2000)
    conv = run_records.network("conv", 50.0)
    conv["config"] = conv["config"] | {"canvas": 256, "clutter": 64}
    for name, values in {"conv": conv, "ram": ram}.items():
        workdir.write_json(own / f"{name}.json", values)
    text = document.render(records.parent, records)
    section = run_records.section(text, "Large images")
    assert "64 patches of other digits are anywhere on 256×256" in section
    assert "the first 2,000 digits" in section.replace("\n", " ")
    assert "1024" not in section
    ((first, second),) = run_records.read_tables(section)
    assert first["network"] == "RAM, 8 glimpses"
    assert (first["ours"], first["random fixations"]) == ("**2.00**", "61.00")
    assert second["network"] == NETWORKS["conv"]
    assert (second["ours"], second["centre only"]) == ("**50.00**", "–")
    assert second["parameters"] == "256,500"


def _sizes(error, random=88.0):
    def row(canvas, clutter, cases):
        return {
            "canvas": canvas,
            "clutter": clutter,
            "cases": cases,
            "error_by_glimpse": [90.0] * 7 + [error + 5, error],
            "found_by_glimpse": [0.0] * 8 + [97.0],
            "error_by_glimpse_random_fixations": [random] * 9,
            "error_by_glimpse_random_choices": [85.0] * 9,
        }

    return {
        "model": "seek",
        "looks": 9,
        "split": "test",
        "git_revision": "1234567890",
        "canvases": [row(512, 291, 100), row(1024, 64, 50), row(256, 64, 200)],
    }


def _stopped(record):
    stop = {"mean_glimpses": 2.5, "error_at_stop": 5.5}
    return {**record, "canvases": [r | stop for r in record["canvases"]]}


def test_any_size_has_a_table_and_a_curve(write_runs, run_command):
    records = write_runs(ram=run_records.values()).parent
    for seed, error in enumerate((4.0, 6.0)):
        path = records / "seek" / "sizes" / f"seed_{seed}.json"
        workdir.write_json(path, _sizes(error))
    others = {
        "networks/conv_any": _sizes(30.0),
        "networks/conv_128": {**_sizes(70.0), "canvases": []},
        "stops/cost_0.01": _stopped(_sizes(5.0)),
        "sensors/pyramid": _sizes(7.0),
        "sensors/integral": _sizes(6.5),
    }
    for name, values in others.items():
        workdir.write_json(records / "seek" / f"{name}.json", values)
    ram = run_records.values(
        config=run_records.CLUTTERED | {"canvas": 256, "clutter": 64}
    )
    workdir.write_json(records / "large" / "ram.json", ram)
    root = records.parent
    written = [f"--records={records}", f"--document={root / 'R.md'}"]
    assert run_command(report, *written) == 0
    text = (root / "R.md").read_text()
    section = run_records.section(text, "Large images")
    assert "9 looks and 2 seeds" in section.replace("\n", " ")
    assert "docs/results/sizes.png" in section
    with Image.open(root / "docs" / "results" / "sizes.png") as picture:
        assert min(picture.size) > 300
    rows, found, stops, sensors = run_records.read_tables(section)[:4]
    # Sparse canvases come first, by size.
    sides = [row["canvas"] for row in rows]
    assert sides == ["256×256", "1024×1024", "512×512"]
    assert rows[0]["error, mean"] == "**5.00**"
    assert rows[0]["each seed"] == "4.00 / 6.00"
    assert rows[0]["after 8 looks"] == "10.00"
    assert [row["Gaussian"] for row in rows] == ["2.00", "–", "–"]
    # Wilson's interval of 8 of 200, by hand.
    assert rows[0]["95% interval of the first"] == "2.04–7.69"
    assert [row["conv_any"] for row in rows] == ["30.00"] * 3
    assert [row["conv_128"] for row in rows] == ["–"] * 3
    assert found[0]["9"] == "97.0"
    assert len(stops) == 3
    assert stops[0]["looks"] == "2.50"
    assert stops[0]["error at the stop"] == "5.50"
    # By the size of the canvas.
    assert [row["canvas"] for row in sensors] == [
        "256×256",
        "512×512",
        "1024×1024",
    ]
    assert (sensors[0]["integral"], sensors[0]["pyramid"]) == ("6.50", "7.00")


def test_signs_in_photographs_have_tables_of_their_own(write_runs):
    records = write_runs(ram=run_records.values()).parent
    find = records / "find"
    workdir.write_json(find / "sizes" / "seed_0.json", _sizes(4.0))
    workdir.write_json(find / "networks" / "conv_128.json", _sizes(70.0))
    (find / "notes.md").write_text("Noted.\n")
    text = document.render(records.parent, records)
    section = run_records.section(text, "Large images")
    assert "A sign in a photograph" in section
    assert "Noted." in section
    assert "after 9 looks" in section.replace("\n", " ")
    errors, found = run_records.read_tables(section)
    assert [row["cases"] for row in errors] == ["200", "50", "100"]
    assert errors[0]["photograph"] == "256×256"
    assert errors[0]["error"] == "**4.00**"
    assert errors[0]["random fixations"] == "88.00"
    assert errors[0]["random cells"] == "85.00"
    # Wilson's interval of 8 of 200, by hand.
    assert errors[0]["95% interval"] == "2.04–7.69"
    assert errors[0]["conv_128"] == "70.00"
    assert found[0]["9"] == "97.0"


def test_a_model_beyond_its_canvas(write_runs):
    records = write_runs(ram=run_records.values()).parent
    row = {
        "canvas": 150,
        "clutter": 18,
        "error": 12.5,
        "error_random_fixations": 50.0,
        "error_centre_only": 75.0,
    }
    found = {
        "model": "cluttered_100",
        "canvases": [row],
        "trained_on": 100,
        "reach": 40.0,
        "test_cases": 2000,
    }
    path = records / "larger_canvases.json"
    workdir.write_json(path, found)
    text = document.render(records.parent, records)
    section = run_records.section(text, "Large images")
    assert "reaches 40 pixels from the middle" in section.replace("\n", " ")
    ((read,),) = run_records.read_tables(section)
    assert read == {
        "canvas": "150×150",
        "patches": "18",
        "error": "12.50",
        "random fixations": "50.00",
        "centre only": "75.00",
    }
    workdir.write_json(path, {"model": "cluttered_100"})
    with pytest.raises(ValueError, match="must hold `canvases`"):
        document.render(records.parent, records)
