"""Rendered faces: FER-2013's schema and shares, the same bytes for a seed, too hard for a linear model."""

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

from emotion.data.storage import Split
from emotion.labels import CLASSES, SIDE
from emotion.network.keras_setup import keras
from emotion.network.model import build
from emotion.source.fer2013 import COLUMNS, PUBLISHED_COUNTS, USAGES, Table, read_csv
from emotion.synthetic.drawing import ACTION_UNITS, draw_batch
from emotion.synthetic.expressions import (
    BATCH,
    EXPRESSIONS,
    USAGE_COUNTS,
    in_shares,
    render_faces,
    write_faces,
)
from emotion.training.loop import fit
from tests.support.parameters import model_params, train_params

MOUTH = np.s_[:, 30:44, 10:38]  # rows and columns where the mouths are
UPPER = np.s_[:, 6:26]  # and the brows and eyes


def written(path: Path, rows: int, seed: int = 0) -> Table:
    write_faces(path, rows, seed)
    return read_csv(path)


def unlike(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return for each pair how much their pixels differ, on average."""
    return np.asarray(np.abs(a.astype(float) - b).mean((1, 2)))


@pytest.mark.parametrize("rows", [1, 6, 7, 8, 60, 500])
def test_a_csv_has_the_schema_and_the_rows_that_were_asked_for(tmp_path: Path, rows: int) -> None:
    table = written(tmp_path / "faces.csv", rows)
    assert table.columns == COLUMNS
    assert len(table) == rows
    assert table.faults == {}
    assert table.whole.all()


@pytest.mark.parametrize(
    ("rows", "classes", "usages"),
    [
        (1, [0, 0, 0, 1, 0, 0, 0], [1, 0, 0]),
        (6, [1, 0, 1, 1, 1, 1, 1], [5, 1, 0]),
        (7, [1, 1, 1, 1, 1, 1, 1], [5, 1, 1]),
        (60, [8, 1, 9, 15, 10, 7, 10], [48, 6, 6]),
        (300, [41, 5, 43, 75, 51, 33, 52], [240, 30, 30]),
    ],
)
def test_classes_and_usages_have_the_published_shares(
    tmp_path: Path, rows: int, classes: list[int], usages: list[int]
) -> None:
    table = written(tmp_path / "faces.csv", rows)
    assert np.bincount(table.emotion, minlength=len(CLASSES)).tolist() == classes
    assert np.bincount(table.usage, minlength=len(USAGES)).tolist() == usages


@pytest.mark.parametrize("counts", [PUBLISHED_COUNTS, USAGE_COUNTS])
def test_the_full_number_of_rows_gives_the_published_counts(counts: tuple[int, ...]) -> None:
    assert tuple(np.bincount(in_shares(sum(PUBLISHED_COUNTS), counts))) == counts


@pytest.mark.parametrize("rows", range(7, 100))
def test_no_class_is_missing_from_seven_rows_on(rows: int) -> None:
    shares = np.bincount(in_shares(rows, PUBLISHED_COUNTS, least=1))
    assert shares.sum() == rows
    assert shares.min() >= 1


def test_rows_are_in_no_order(tmp_path: Path) -> None:
    table = written(tmp_path / "faces.csv", 300)
    assert (np.diff(table.emotion) < 0).sum() > 50
    assert (np.diff(table.usage) < 0).sum() > 20


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    here, there, other = tmp_path / "here.csv", tmp_path / "there.csv", tmp_path / "other.csv"
    write_faces(here, 150, 4)
    write_faces(other, 150, 5)
    code = (
        "import pathlib, sys; from emotion.synthetic.expressions import write_faces; "
        "write_faces(pathlib.Path(sys.argv[1]), 150, 4)"
    )
    subprocess.run([sys.executable, "-c", code, str(there)], check=True)
    assert here.read_bytes() == there.read_bytes()
    assert here.read_bytes() != other.read_bytes()


def test_no_two_of_a_thousand_faces_are_equal_and_none_is_blank() -> None:
    faces = render_faces(np.arange(1000) % len(CLASSES), 0)
    assert faces.dtype == np.uint8
    assert faces.shape == (1000, SIDE, SIDE)
    assert len(np.unique(faces.reshape(1000, -1), axis=0)) == 1000
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


def test_a_linear_model_of_the_pixels_learns_something_and_a_network_far_more(tmp_path: Path) -> None:
    rows = np.arange(1400, dtype=np.int32)
    labels = (rows % len(CLASSES)).astype(np.uint8)
    images = render_faces(labels, 0)[..., np.newaxis]
    train, test = (Split(images[part], labels[part], part) for part in (rows[:1050], rows[1050:]))

    components = PCA(100, svd_solver="randomized", random_state=0)
    model = make_pipeline(StandardScaler(), components, StandardScaler(), LogisticRegression(C=0.1))
    known, unknown = (np.asarray(split.images).reshape(len(split), -1) / 255 for split in (train, test))
    linear = model.fit(known, train.labels).score(unknown, test.labels)

    keras.utils.set_random_seed(0)
    # Small batches, because batch normalisation needs some hundreds of steps before it can predict
    params = train_params(batch_size=4, epochs=3, lr=0.001, shift=0.0, zoom=0.0)
    history, _ = fit(build(model_params(dropout=0.0)), params, train, test, tmp_path / "c.npz", print)
    assert 2 / len(CLASSES) < linear < 0.75
    assert linear + 0.1 < history[-1]["val_accuracy"]


def test_the_command_draws_a_contact_sheet(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "emotion.synthetic.expressions"]
    subprocess.run([*command, str(tmp_path / "sheet"), "--seed", "3"], check=True)
    assert imread(tmp_path / "sheet", format="png").shape[:2] == (7 * 3 * SIDE, 8 * 3 * SIDE)
    refused = subprocess.run(
        [*command, "sheet", "--seed", "-1"], cwd=Path.cwd(), capture_output=True, text=True
    )
    assert refused.returncode == 2
    assert "--seed is -1: it must not be negative" in refused.stderr
