"""Rendered faces: FER-2013's schema and shares, the same bytes for a seed, and no task for pixel templates."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emotion.faces import BATCH, EXPRESSIONS, USAGE_COUNTS, render_faces, write_faces
from emotion.fer2013 import COLUMNS, PUBLISHED_COUNTS, USAGES, Table, read_csv
from emotion.labels import CLASSES, SIDE
from emotion.portrait import ACTION_UNITS, draw_batch

MOUTH = np.s_[:, 30:44, 10:38]  # rows and columns where the mouths are
UPPER = np.s_[:, 6:26]  # and the brows and eyes


def written(path: Path, rows: int, seed: int = 0) -> Table:
    write_faces(path, rows, seed)
    return read_csv(path)


def unlike(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return for each pair how much their pixels differ, on average."""
    return np.abs(a.astype(float) - b).mean((1, 2))


@pytest.mark.parametrize("rows", [1, 6, 7, 8, 60, 500])
def test_a_csv_has_the_schema_and_the_rows_that_were_asked_for(tmp_path: Path, rows: int) -> None:
    table = written(tmp_path / "faces.csv", rows)
    assert table.columns == COLUMNS
    assert len(table) == rows
    assert table.faults == {}
    assert table.whole.all()


@pytest.mark.parametrize("rows", [1, 6, 7, 60, 999, 3000])
def test_classes_and_usages_have_the_published_shares(
    tmp_path: Path, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "emotion.faces.render_faces", lambda labels, seed: np.zeros((len(labels), SIDE, SIDE), np.uint8)
    )
    table = written(tmp_path / "faces.csv", rows)
    for found, published in ((table.emotion, PUBLISHED_COUNTS), (table.usage, USAGE_COUNTS)):
        counts = np.bincount(found, minlength=len(published))
        ideal = rows * np.array(published) / sum(published)
        rare = (ideal < 1) & (counts == 1)  # taken from the most frequent class
        assert (np.abs(counts - ideal) < 1 + rare.sum()).all()
        assert (np.abs(counts - ideal) < 1)[counts != counts.max()].all()


@pytest.mark.parametrize("rows", [7, 8, 20, 60])
def test_every_class_is_there_from_seven_rows_on(tmp_path: Path, rows: int) -> None:
    assert set(written(tmp_path / "faces.csv", rows).emotion) == set(range(len(CLASSES)))


def test_the_full_number_of_rows_gives_the_published_counts() -> None:
    from emotion.faces import _in_shares

    assert tuple(np.bincount(_in_shares(sum(PUBLISHED_COUNTS), PUBLISHED_COUNTS))) == PUBLISHED_COUNTS
    assert tuple(np.bincount(_in_shares(sum(USAGE_COUNTS), USAGE_COUNTS))) == USAGE_COUNTS
    assert len(USAGE_COUNTS) == len(USAGES)


def test_rows_are_in_no_order(tmp_path: Path) -> None:
    table = written(tmp_path / "faces.csv", 300)
    assert (np.diff(table.emotion) < 0).sum() > 50
    assert (np.diff(table.usage) < 0).sum() > 20


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    here, there, other = tmp_path / "here.csv", tmp_path / "there.csv", tmp_path / "other.csv"
    write_faces(here, 150, 4)
    write_faces(other, 150, 5)
    code = f"from pathlib import Path; from emotion.faces import write_faces; write_faces(Path({str(there)!r}), 150, 4)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert here.read_bytes() == there.read_bytes()
    assert here.read_bytes() != other.read_bytes()


def test_no_two_of_two_thousand_faces_are_equal_and_none_is_blank() -> None:
    faces = render_faces(np.arange(2000) % len(CLASSES), 0)
    assert faces.dtype == np.uint8
    assert faces.shape == (2000, SIDE, SIDE)
    assert len(np.unique(faces.reshape(2000, -1), axis=0)) == 2000
    assert faces.std((1, 2)).min() > 5


def test_seeds_give_other_faces() -> None:
    labels = np.arange(BATCH) % len(CLASSES)
    assert unlike(render_faces(labels, 0), render_faces(labels, 1)).min() > 5


@pytest.mark.parametrize("size", [0, 1, BATCH, BATCH + 1])
def test_any_number_of_faces_can_be_drawn(size: int) -> None:
    assert render_faces(np.zeros(size, int), 0).shape == (size, SIDE, SIDE)


def test_every_emotion_has_its_own_set_of_known_action_units() -> None:
    assert tuple(EXPRESSIONS) == CLASSES
    assert {unit for units in EXPRESSIONS.values() for unit in units} == set(ACTION_UNITS)
    assert len({frozenset(units) for units in EXPRESSIONS.values()}) == len(CLASSES)


@pytest.mark.parametrize("unit", ACTION_UNITS)
def test_every_action_unit_changes_its_part_of_the_same_person(unit: int) -> None:
    people = 20
    rest = {known: np.zeros((people, 1, 1), np.float32) for known in ACTION_UNITS}
    moved = rest | {unit: np.ones((people, 1, 1), np.float32)}
    before, after = (draw_batch(units, np.random.default_rng(0)) for units in (rest, moved))
    upper, mouth = (np.median(unlike(before[part], after[part])) for part in (UPPER, MOUTH))
    if unit in (1, 2, 4, 5, 7, 43):
        assert upper > 1
        assert mouth == 0
    elif unit in (6, 9):  # cheeks and nose lie between the two
        assert upper > 1
    else:
        assert mouth > 1


def test_a_linear_model_of_the_pixels_learns_something_but_not_the_task() -> None:
    labels = np.arange(1400) % len(CLASSES)
    pixels = render_faces(labels, 0).reshape(len(labels), -1) / 255
    model = make_pipeline(
        StandardScaler(), PCA(60, svd_solver="randomized", random_state=0), LogisticRegression(C=0.01)
    )
    accuracy = model.fit(pixels[:1050], labels[:1050]).score(pixels[1050:], labels[1050:])
    assert 2 / len(CLASSES) < accuracy < 0.75


def test_the_command_draws_a_contact_sheet(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "emotion.faces"]
    subprocess.run([*command, str(tmp_path / "sheet"), "--seed", "3"], check=True)
    assert imread(tmp_path / "sheet", format="png").shape[:2] == (7 * 3 * SIDE, 8 * 3 * SIDE)
    refused = subprocess.run(
        [*command, "sheet", "--seed", "-1"], cwd=Path.cwd(), capture_output=True, text=True
    )
    assert refused.returncode == 2
    assert "--seed is -1: it must not be negative" in refused.stderr
