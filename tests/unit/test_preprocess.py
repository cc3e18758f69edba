import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotion.config.schema import PreprocessParams
from emotion.data.protocols import split_rows
from emotion.data.storage import SPLITS, load_split
from emotion.runtime.errors import UserError
from emotion.source.fer2013 import USAGES, Table, read_csv, write_csv
from emotion.source.ferplus import FERPLUS_CLASSES, HEADER
from stages import preprocess
from tests.support.parameters import write_params
from tests.support.votes import votes_of

ROWS = 420
PARAMS = PreprocessParams(
    labels="fer2013", split="random", validation=0.2, test=0.2, stratify=False, near_distance=None, seed=1
)


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    """A CSV of equally many faces of each class, in which every image stands twice."""
    images = np.random.default_rng(0).integers(0, 256, (ROWS // 2, 48, 48), np.uint8)
    usage = np.repeat([0, 1, 2], [ROWS - 40, 20, 20])
    write_csv(tmp_path / "faces.csv", np.tile(images, (2, 1, 1)), np.arange(ROWS) % 7, usage)
    return tmp_path / "faces.csv"


def run(
    csv: Path,
    monkeypatch: pytest.MonkeyPatch,
    success: bool = True,
    split: str = "random",
    labels: str = "fer2013",
    votes: bytes = HEADER,
) -> Path:
    folder = csv.parent
    (folder / "votes.csv").write_bytes(votes)
    (folder / "verdict.json").write_text(json.dumps({"success": success}))
    write_params(
        folder, preprocess=PARAMS.model_dump() | {"split": split, "labels": labels}, fetch={"ferplus": "x"}
    )
    monkeypatch.chdir(folder)
    splits = [word for name in SPLITS for word in (f"--{name}", name)]
    inputs = ["--csv", csv.name, "--votes", "votes.csv", "--verdict", "verdict.json"]
    monkeypatch.setattr(sys, "argv", ["preprocess", *inputs, *splits])
    preprocess.main()
    return folder


def crossing(csv: Path, split: str) -> int:
    """Return how many test images stand in another split as well."""
    table = read_csv(csv)
    rows = split_rows(table, PARAMS.model_copy(update={"split": split}))
    train, validation, test = ({image.tobytes() for image in table.images[part]} for part in rows)
    return len(test & (train | validation))


def test_each_split_holds_the_faces_of_its_rows(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = read_csv(csv)
    folder = run(csv, monkeypatch)
    splits = [load_split(folder / name) for name in SPLITS]
    assert [len(split) for split in splits] == [252, 84, 84]
    for split in splits:
        assert np.array_equal(split.images, table.images[split.rows])
        assert np.array_equal(split.labels, table.emotion[split.rows])


def test_duplicates_cross_a_random_split_and_never_a_grouped_one(csv: Path) -> None:
    assert crossing(csv, "random") > 0
    assert crossing(csv, "grouped") == 0


def test_images_that_look_alike_cross_a_split_that_keeps_only_exact_duplicates_together(
    tmp_path: Path,
) -> None:
    """Every image stands there a second time, lighter."""
    images = np.random.default_rng(0).integers(0, 200, (ROWS // 2, 48, 48), np.uint8)
    write_csv(
        tmp_path / "a.csv", np.concatenate([images, images + 40]), np.arange(ROWS) % 7, np.zeros(ROWS, int)
    )
    table, grouped = read_csv(tmp_path / "a.csv"), PARAMS.model_copy(update={"split": "grouped"})
    exact, near = (
        {row % (ROWS // 2) for row in test} & {row % (ROWS // 2) for row in train}
        for distance in (None, 4)
        for train, _, test in [split_rows(table, grouped.model_copy(update={"near_distance": distance}))]
    )
    assert len(exact) > 0
    assert near == set()


def test_the_official_split_follows_usage(csv: Path) -> None:
    rows = split_rows(read_csv(csv), PARAMS.model_copy(update={"split": "official"}))
    bounds = [(0, ROWS - 40), (ROWS - 40, ROWS - 20), (ROWS - 20, ROWS)]
    assert [sorted(part.tolist()) for part in rows] == [list(range(*bound)) for bound in bounds]


@pytest.mark.parametrize("split", ["random", "official", "grouped"])
def test_the_seed_shuffles_the_rows_of_each_part(csv: Path, split: str) -> None:
    table = read_csv(csv)
    first, again, other = (
        split_rows(table, PARAMS.model_copy(update={"split": split, "seed": seed})) for seed in (1, 1, 2)
    )
    for rows, same, different in zip(first, again, other, strict=True):
        assert np.array_equal(rows, same)
        assert not np.array_equal(rows, different)
        assert np.mean(np.diff(rows) > 0) == pytest.approx(0.5, abs=0.2)


def test_a_csv_that_failed_validation_is_refused(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="did not pass validation"):
        run(csv, monkeypatch, success=False)
    assert not any((csv.parent / name).exists() for name in SPLITS)


@pytest.mark.parametrize("content", ["", '{"success"', "[]", '{"verdict": true}'])
def test_a_verdict_that_cannot_be_read_is_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "verdict.json").write_text(content)
    with pytest.raises(UserError, match=r"verdict\.json cannot be read .*; run: dvc repro -f validate$"):
        preprocess.passed(tmp_path / "verdict.json")


def test_an_empty_split_is_refused(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    csv.write_text(csv.read_text().replace("PrivateTest", "PublicTest"))
    with pytest.raises(
        UserError, match=r"^the test split is empty: add such faces with the Usage PrivateTest"
    ):
        run(csv, monkeypatch, split="official")
    assert not any((csv.parent / name).exists() for name in SPLITS)


def without(table: Table, label: int, rows: np.ndarray) -> Table:
    """Return the table with another class for the faces of one class among the given rows."""
    emotion = table.emotion.copy()
    emotion[rows[emotion[rows] == label]] = 0
    return replace(table, emotion=emotion)


@pytest.mark.parametrize("split", ["random", "official", "grouped"])
@pytest.mark.parametrize("part", SPLITS)
def test_a_split_without_a_face_of_some_class_is_refused(csv: Path, split: str, part: str) -> None:
    table, params = read_csv(csv), PARAMS.model_copy(update={"split": split})
    rows = dict(zip(SPLITS, split_rows(table, params), strict=True))
    with pytest.raises(UserError, match=f"^the {part} split has no face of Surprise: ") as caught:
        split_rows(without(table, 5, rows[part]), params)
    if split == "official":
        usage = dict(zip(SPLITS, USAGES, strict=True))[part]
        assert f"add such faces with the Usage {usage}, or set preprocess.split to random" in str(
            caught.value
        )
    else:
        assert "set preprocess.stratify to true, add faces of it, or set" in str(caught.value)


def test_a_class_that_the_csv_lacks_is_refused_whatever_the_split(csv: Path) -> None:
    table = read_csv(csv)
    with pytest.raises(
        UserError, match=r"^the CSV has no face of Neutral, and every split must have some: add"
    ):
        split_rows(without(table, 6, np.arange(ROWS)), PARAMS)


@pytest.mark.parametrize("seed", range(5))
def test_stratify_gives_a_rare_class_to_every_split_as_the_message_says(csv: Path, seed: int) -> None:
    """There are ten faces of it, and a fifth of the rows validates."""
    table = read_csv(csv)
    emotion = np.where(np.arange(ROWS) < 10, 0, np.arange(ROWS) % 6 + 1)
    stratified = PARAMS.model_copy(update={"seed": seed, "stratify": True})
    rows = split_rows(replace(table, emotion=emotion), stratified)
    assert [np.sum(emotion[part] == 0) for part in rows] == [6, 2, 2]


def test_a_class_too_rare_for_the_stratified_shares_needs_faces_or_larger_ones(csv: Path) -> None:
    table = read_csv(csv)
    rare = replace(table, emotion=np.where(np.arange(ROWS) < 3, 0, np.arange(ROWS) % 6 + 1))
    stratified = PARAMS.model_copy(update={"stratify": True, "validation": 0.1})
    with pytest.raises(
        UserError, match=r"no face of Angry: add faces of it, or set a larger preprocess\.validation$"
    ):
        split_rows(rare, stratified)
    split_rows(rare, stratified.model_copy(update={"validation": 0.3, "test": 0.3}))


def test_a_faulty_row_is_named_by_its_line(csv: Path) -> None:
    lines = csv.read_text().splitlines()
    lines[6] = lines[6].replace(",", ",300 ", 1)
    csv.write_text("\n".join(lines) + "\n")
    with pytest.raises(UserError, match="line 7 of the CSV has a fault"):
        split_rows(read_csv(csv), PARAMS)


def test_classes_too_rare_to_stratify_are_one_line(csv: Path) -> None:
    table = read_csv(csv)
    table.emotion[:] = 0
    table.emotion[0] = 1
    with pytest.raises(UserError, match=r"faces cannot be split as .*: add some, or set other shares"):
        split_rows(table, PARAMS.model_copy(update={"stratify": True}))


def test_the_voters_majority_is_the_label_and_the_face_stays_in_its_split(
    csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = read_csv(csv)
    voted = np.where(np.arange(ROWS) % 5 == 0, 7, table.emotion)  # a fifth is Contempt
    voted[:: 7 * 3] = -1  # and some have no majority
    votes = votes_of(voted, table.usage)
    before = [load_split(run(csv, monkeypatch, votes=votes) / name) for name in SPLITS]
    folder = run(csv, monkeypatch, labels="ferplus_majority", votes=votes)
    for name, under_fer2013 in zip(SPLITS, before, strict=True):
        split = load_split(folder / name)
        assert split.classes == FERPLUS_CLASSES
        assert split.rows.tolist() == [row for row in under_fer2013.rows if voted[row] >= 0]
        assert np.array_equal(split.labels, voted[split.rows])
        assert np.array_equal(split.images, table.images[split.rows])
        assert split.targets is None


def test_soft_labels_are_the_shares_of_the_votes_and_only_training_has_them(
    csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = read_csv(csv)
    voted = np.where(np.arange(ROWS) % 5 == 0, 7, table.emotion)
    votes = votes_of(voted, table.usage, second=6)
    hard = [
        load_split(run(csv, monkeypatch, labels="ferplus_majority", votes=votes) / name) for name in SPLITS
    ]
    soft = [load_split(run(csv, monkeypatch, labels="ferplus_soft", votes=votes) / name) for name in SPLITS]
    train, *scored = soft
    assert train.targets is not None
    assert train.targets.shape == (len(train), 8)
    assert np.array_equal(train.labels, voted[train.rows])
    for target, label in zip(train.targets, train.labels, strict=True):
        expected = np.eye(8)[label] if label == 6 else 0.7 * np.eye(8)[label] + 0.3 * np.eye(8)[6]
        assert target == pytest.approx(expected)
    for split, same in zip(scored, hard[1:], strict=True):
        assert split.targets is None
        assert np.array_equal(split.rows, same.rows)
        assert np.array_equal(split.labels, same.labels)


def test_votes_without_a_class_in_some_split_are_refused_before_anything_is_written(
    csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = read_csv(csv)
    with pytest.raises(UserError, match=r"^the train split has no face of Contempt by FER\+'s votes"):
        run(csv, monkeypatch, labels="ferplus_majority", votes=votes_of(table.emotion, table.usage))
    assert not any((csv.parent / name).exists() for name in SPLITS)


def test_labels_of_voters_need_votes(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"^preprocess.labels is ferplus_soft, and there are no votes: set"):
        run(csv, monkeypatch, labels="ferplus_soft")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda voted, usage: (voted[1:], usage[1:]), "419 rows of votes, 420 of faces"),
        (lambda voted, usage: (voted, np.roll(usage, 1)), "in line 2 they give another Usage"),
        (lambda voted, usage: (np.roll(voted, 1), usage), "they agree with 0% of the labels"),
        (lambda voted, usage: (np.full(ROWS, -1), usage), "they agree with 0% of the labels"),
    ],
)
def test_votes_on_other_rows_are_refused_whatever_the_labels(
    csv: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    says: str,
) -> None:
    table = read_csv(csv)
    with pytest.raises(UserError, match=f"^the votes of FER\\+ are not of these faces: {says}"):
        run(csv, monkeypatch, votes=votes_of(*change(table.emotion, table.usage)))
    assert not any((csv.parent / name).exists() for name in SPLITS)
