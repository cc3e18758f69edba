"""The stage `validate`: what it counts, what blocks and what only warns, and what it writes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from emotion.config.schema import ValidateParams, load_params
from emotion.labels import SIDE
from emotion.runtime.errors import UserError
from emotion.source.fer2013 import USAGES, read_csv, write_csv
from emotion.validation.facts import row_facts
from stages.validate import fault, metrics, show, validate
from tests.support.csvs import ROWS, labels, write_good_csv
from tests.support.parameters import PARAMS, write_params
from tests.support.paths import ROOT
from tests.support.verdicts import LIMITS, verdict


def write_copies(path: Path, images: list[int], emotion: list[int], usage: list[int]) -> None:
    """Write a CSV whose rows show the given of a few different images; image 0 is constant."""
    different = np.random.default_rng(0).integers(0, 256, (10, SIDE, SIDE), dtype=np.uint8)
    different[0] = 7
    write_csv(path, different[images], emotion, usage)


def run_stage(folder: Path, csv: Path, **limits: Any) -> subprocess.CompletedProcess[str]:
    write_params(folder, validate=limits)
    command = [
        sys.executable,
        "-m",
        "stages.validate",
        *("--csv", str(csv)),
        *("--verdict", "metrics/validation.json"),
        *("--docs", "data/validation"),
    ]
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def good(tmp_path: Path) -> Path:
    write_good_csv(tmp_path / "faces.csv")
    return tmp_path / "faces.csv"


def test_a_good_file_passes_with_every_expectation_met(good: Path) -> None:
    found = verdict(good)
    assert found["success"] is True
    assert (found["failed"], found["warnings"], found["rows"], found["faulty_rows"]) == (0, 0, ROWS, 0)
    assert sum(found["classes"].values()) == sum(found["usages"].values()) == ROWS
    assert set(found["expectations"].values()) == {"ok"}


def test_counts_the_known_faults(tmp_path: Path) -> None:
    write_copies(
        tmp_path / "faces.csv",
        images=[1, 2, 1, 3, 2, 2, 0, 4, 4],
        emotion=[0, 1, 0, 2, 3, 1, 4, 5, 6],
        usage=[0, 0, 0, 0, 0, 1, 2, 1, 1],
    )
    frame = row_facts(read_csv(tmp_path / "faces.csv"))
    assert frame["constant"].tolist() == [0, 0, 0, 0, 0, 0, 1, 0, 0]
    assert frame["duplicates"].tolist() == [0, 0, 1, 0, 1, 1, 0, 0, 1]
    assert frame["cross_split"].tolist() == [0, 1, 0, 0, 1, 1, 0, 0, 0]
    assert frame["conflicting"].tolist() == [0, 1, 0, 0, 1, 1, 0, 1, 1]
    assert frame["line"].tolist() == list(range(2, 11))


def test_known_faults_agree_with_a_comparison_of_all_pairs(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    images, emotion, usage = random.integers(0, 9, 25), random.integers(0, 2, 25), random.integers(0, 2, 25)
    write_copies(tmp_path / "faces.csv", images.tolist(), emotion.tolist(), usage.tolist())
    frame = row_facts(read_csv(tmp_path / "faces.csv"))
    same = images[:, None] == images
    assert frame["duplicates"].tolist() == np.tril(same, -1).any(axis=1).tolist()
    assert frame["cross_split"].tolist() == (same & (usage[:, None] != usage)).any(axis=1).tolist()
    assert frame["conflicting"].tolist() == (same & (emotion[:, None] != emotion)).any(axis=1).tolist()


def test_rows_without_a_whole_image_are_neither_constant_nor_duplicates(tmp_path: Path) -> None:
    (tmp_path / "faces.csv").write_text("emotion,pixels,Usage\n0,1 2 3,Training\n1,1 2 3,PublicTest\n")
    frame = row_facts(read_csv(tmp_path / "faces.csv"))
    assert frame[["constant", "duplicates", "cross_split", "conflicting"]].to_numpy().sum() == 0


def test_near_duplicates_are_counted_named_and_warned_of_above_their_ceiling(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows 2, 3 and 5 show image 0: as it is, lighter, and as it is."""
    images = np.random.default_rng(0).integers(0, 200, (8, SIDE, SIDE), dtype=np.uint8)
    images[2], images[3], images[5] = images[0], images[0] + 40, images[0]
    csv = tmp_path / "faces.csv"
    write_csv(csv, images, [0, 1, 2, 3, 4, 5, 6, 0], [0] * 8)
    limits: dict[str, Any] = {"rows": 8, "class_tolerance": 1.0, "max_duplicates": 9, "max_conflicting": 9}
    off = verdict(csv, **limits)
    assert off["near_duplicates"] is None
    assert "near_duplicates" not in off["expectations"]
    assert not (tmp_path / "faces/near_duplicates.csv").exists()
    at_most = verdict(csv, **limits, near_distance=4, max_near_duplicates=3)
    assert (at_most["duplicates"], at_most["near_duplicates"], at_most["warnings"]) == (2, 3, 0)
    params = ValidateParams(**LIMITS | limits | {"near_distance": 4, "max_near_duplicates": 2})
    table, outcomes = validate(csv, params, tmp_path / "v.json", tmp_path / "docs")
    show(table, outcomes, Path("docs/index.html"))
    assert (
        "WARNING near_duplicates: expected at most 2 rows whose image looks like that of an earlier row "
        "(only a warning); found 3 (lines 4, 5, 7)\n"
    ) in capsys.readouterr().out
    assert (tmp_path / "docs/near_duplicates.csv").read_text() == "line,like_line\n4,2\n5,2\n7,2\n"


def test_rows_without_a_whole_image_look_like_no_other(tmp_path: Path) -> None:
    black = " ".join(["0"] * SIDE**2)
    rows = [f"{number},{pixels},Training" for number, pixels in enumerate(["1 2", black, "3 4", black])]
    (tmp_path / "faces.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]))
    found = verdict(tmp_path / "faces.csv", near_distance=4)
    assert found["near_duplicates"] == 1
    assert (tmp_path / "faces/near_duplicates.csv").read_text() == "line,like_line\n5,3\n"


@pytest.mark.parametrize("fault_name", ["constant", "duplicates", "cross_split", "conflicting"])
def test_a_ceiling_in_rows_warns_when_it_is_exceeded_and_does_not_block(
    tmp_path: Path, fault_name: str
) -> None:
    write_copies(
        tmp_path / "faces.csv", [0, 1, 1, 2, 3, 4, 5, 6], [0, 0, 1, 2, 3, 4, 5, 6], [0, 0, 1, 2, 0, 0, 0, 0]
    )
    count = {"constant": 1, "duplicates": 1, "cross_split": 2, "conflicting": 2}
    ceilings = {f"max_{name}": number for name, number in count.items()}
    at_most = verdict(tmp_path / "faces.csv", rows=8, class_tolerance=1.0, **ceilings)
    ceilings[f"max_{fault_name}"] -= 1
    above = verdict(tmp_path / "faces.csv", rows=8, class_tolerance=1.0, **ceilings)
    assert {name: at_most[name] for name in count} == count
    assert (at_most["warnings"], at_most["expectations"][fault_name]) == (0, "ok")
    assert (above["warnings"], above["expectations"][fault_name], above["success"]) == (1, "WARNING", True)


@pytest.mark.parametrize(
    ("fault_name", "images"),
    [("constant", [0, 0, 1, 2, 3, 4, 5, 6]), ("duplicates", [1, 1, 1, 2, 3, 4, 5, 6])],
)
def test_a_share_of_faults_above_the_one_that_is_refused_blocks(
    tmp_path: Path, fault_name: str, images: list[int]
) -> None:
    """Two rows of eight have the fault."""
    write_copies(tmp_path / "faces.csv", images, [0, *range(7)], [0] * 8)
    limits: dict[str, Any] = {"rows": 8, "class_tolerance": 1.0, "max_duplicates": 9, "max_conflicting": 9}
    at_most = verdict(tmp_path / "faces.csv", **limits, **{f"refuse_{fault_name}": 0.25})
    above = verdict(tmp_path / "faces.csv", **limits, **{f"refuse_{fault_name}": 0.24})
    assert at_most["expectations"][f"share_{fault_name}"] == "ok"
    assert at_most["success"] is True
    assert above["expectations"][f"share_{fault_name}"] == "FAILED"
    assert (above["failed"], above["success"]) == (1, False)


@pytest.mark.parametrize(("images", "shown"), [("black", "constant"), ("one face", "duplicates")])
def test_black_images_or_one_face_repeated_are_refused_by_the_limits_of_the_project(
    tmp_path: Path, images: str, shown: str
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    pixels = pixels * 0 if images == "black" else pixels
    write_csv(tmp_path / "faces.csv", np.tile(pixels, (70, 1, 1)), np.arange(70) % 7, np.zeros(70, int))
    done = run_stage(tmp_path, tmp_path / "faces.csv", rows=None, class_tolerance=1.0)
    assert done.returncode == 1
    assert re.match(r"error: validation failed: expected at most \d+ % are .*; found ", done.stderr)
    assert f"FAILED share_{shown}: " in done.stdout


@pytest.mark.parametrize("dataset", ["fer2013", "own"])
def test_a_class_without_a_row_blocks(
    tmp_path: Path, dataset: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Six classes of one's own, numbered 0 to 5, would else pass under the names of FER-2013."""
    images = np.random.default_rng(0).integers(0, 256, (60, SIDE, SIDE), dtype=np.uint8)
    write_csv(tmp_path / "faces.csv", images, np.arange(60) % 6, np.zeros(60, int))
    params = ValidateParams(**LIMITS | {"rows": None, "class_tolerance": 1.0, "dataset": dataset})
    table, outcomes = validate(tmp_path / "faces.csv", params, tmp_path / "v.json", tmp_path / "docs")
    (unmet,) = [outcome for outcome in outcomes if outcome.status != "ok"]
    assert (unmet.name, unmet.status) == ("every_class", "FAILED")
    show(table, outcomes, Path("docs/index.html"))
    assert re.search(
        r"FAILED every_class: expected rows of .*; found none of Neutral\n", capsys.readouterr().out
    )


@pytest.mark.parametrize(("tolerance", "success"), [(0.05, True), (0.02, False)])
def test_class_shares_may_differ_by_the_tolerance(tmp_path: Path, tolerance: float, success: bool) -> None:
    emotion = labels(100)
    emotion[np.flatnonzero(emotion == 3)[:4]] = 0
    images = np.random.default_rng(0).integers(0, 256, (100, SIDE, SIDE), dtype=np.uint8)
    write_csv(tmp_path / "faces.csv", images, emotion, np.zeros(100, int))
    assert verdict(tmp_path / "faces.csv", rows=100, class_tolerance=tolerance)["success"] is success


def test_rows_null_accepts_any_number_but_none(good: Path, tmp_path: Path) -> None:
    assert verdict(good, rows=None)["success"] is True
    (tmp_path / "empty.csv").write_text("emotion,pixels,Usage\n")
    assert verdict(tmp_path / "empty.csv", rows=None)["expectations"]["rows"] == "FAILED"


def test_the_verdict_is_the_same_bytes_whatever_the_limits_that_change_nothing(good: Path) -> None:
    verdict(good)
    first = good.with_suffix(".json").read_bytes()
    verdict(good, rows=None, class_tolerance=0.5, max_constant=99, max_duplicates=9, max_cross_split=3)
    assert good.with_suffix(".json").read_bytes() == first


def test_the_terminal_names_the_offending_lines(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = good.read_text().splitlines()
    for number in (4, 6, 9, 12, 20, 30, 31):
        lines[number - 1] = lines[number - 1].replace(" ", " x", 1)
    good.write_text("\n".join(lines))
    table, outcomes = validate(
        good, ValidateParams(**LIMITS), good.with_suffix(".json"), good.with_suffix("")
    )
    show(table, outcomes, Path("data/validation/index.html"))
    printed = capsys.readouterr().out
    named = [int(number) for number in re.findall(r"line (\d+): pixel value 'x\d+' is not an", printed)]
    assert named == [4, 6, 9, 12, 20]
    assert "all but 7" in printed
    assert "validation failed: 40 rows, 1 of 23 expectations failed, 0 warnings" in printed
    assert "data/validation/index.html" in printed


def test_a_warning_names_the_first_lines(tmp_path: Path) -> None:
    emotion = [0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6]
    write_copies(tmp_path / "faces.csv", [1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9], emotion, [0] * 11)
    params = ValidateParams(**LIMITS | {"rows": 11, "class_tolerance": 1.0})
    table, outcomes = validate(tmp_path / "faces.csv", params, tmp_path / "v.json", tmp_path / "docs")
    (duplicates,) = [outcome for outcome in outcomes if outcome.status != "ok"]
    assert fault(table, duplicates) == (
        "expected at most 0 rows whose image stands in an earlier row (only a warning); found 2 (lines 4, 6)"
    )
    assert metrics(table, {"duplicates": 2}, outcomes)["success"] is True


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rows", 0),
        ("rows", "40"),
        ("class_tolerance", 1.5),
        ("refuse_constant", 1.5),
        ("max_constant", -1),
        ("max_duplicates", 1.5),
    ],
)
def test_limits_are_checked(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        ValidateParams.model_validate(LIMITS | {key: value})


def test_a_missing_csv_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.csv cannot be read"):
        verdict(tmp_path / "nowhere.csv")
    assert list(tmp_path.iterdir()) == []


def test_stage_succeeds_in_a_pipe_without_colour_codes(good: Path) -> None:
    done = run_stage(good.parent, good, **LIMITS)
    assert done.returncode == 0, done.stderr
    assert "validation passed: 40 rows" in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == ""
    assert json.loads((good.parent / "metrics/validation.json").read_text())["success"] is True
    assert (good.parent / "data/validation/index.html").exists()


def test_stage_writes_its_report_before_it_fails_with_one_line(good: Path) -> None:
    good.write_text(good.read_text().replace(" ", " x", 1))
    done = run_stage(good.parent, good, **LIMITS)
    assert done.returncode == 1
    assert re.fullmatch(
        r"error: validation failed: line 2: pixel value 'x\d+' is not an integer; "
        r"see data/validation/index.html\n",
        done.stderr,
    )
    assert json.loads((good.parent / "metrics/validation.json").read_text())["failed"] == 1
    assert (good.parent / "data/validation/index.html").exists()


def test_stage_names_a_wrong_limit(good: Path) -> None:
    done = run_stage(good.parent, good, **LIMITS | {"max_constant": -3})
    assert done.returncode == 1
    assert done.stderr.startswith("error: params.yaml: validate.max_constant is -3:")
    assert done.stderr.count("\n") == 1


def test_official_file_passes_with_its_published_limits(tmp_path: Path) -> None:
    if "FER2013_CSV" not in os.environ:
        pytest.skip("FER2013_CSV does not point to the official file")
    params = load_params(PARAMS)["validate"].model_copy(update={"near_distance": 4})
    _, outcomes = validate(Path(os.environ["FER2013_CSV"]), params, tmp_path / "v.json", tmp_path / "docs")
    found = json.loads((tmp_path / "v.json").read_text())
    assert {outcome.status for outcome in outcomes} == {"ok"}
    assert (found["rows"], found["constant"], found["duplicates"]) == (35_887, 12, 1_853)
    assert (found["cross_split"], found["conflicting"], found["near_duplicates"]) == (1_323, 160, 2_894)
    assert found["usages"] == dict(zip(USAGES, (28_709, 3_589, 3_589), strict=True))
