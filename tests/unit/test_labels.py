"""What is measured of FER-2013's labels, and the page of it."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotion.config.schema import load_params
from emotion.data.storage import Split
from emotion.labels import CLASSES
from emotion.runtime.errors import UserError
from emotion.runtime.generated import with_part
from emotion.source.fer2013 import read_csv, write_csv
from emotion.source.ferplus import HEADER
from experiments import folds, labels, labels_page
from tests.support.parameters import PARAMS
from tests.support.paths import ROOT
from tests.support.votes import votes_of

ROWS = 60


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Faces of every class, of which each second is held out; every image stands twice."""
    images = np.random.default_rng(0).integers(0, 256, (ROWS // 2, 48, 48), np.uint8)
    usage = np.arange(ROWS) % 2 * 2
    write_csv(tmp_path / "faces.csv", np.tile(images, (2, 1, 1)), np.arange(ROWS) % len(CLASSES), usage)
    return tmp_path / "faces.csv"


def test_the_tables_of_the_page_are_those_that_were_measured() -> None:
    text = labels_page.PAGE.read_text(encoding="utf-8")
    for name, part in labels_page.parts(json.loads(labels.MEASURED.read_text(encoding="utf-8"))).items():
        assert with_part(text, name, part) == text


def test_labels_are_counted_against_votes_and_a_model_on_what_it_has_not_seen(
    faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, table = faces.parent, read_csv(faces)
    voted = np.where(np.arange(ROWS) % 6 == 1, 6, table.emotion)
    voted[:6] = [-1, 8, 9, 7, 1, 0]
    (folder / "votes.csv").write_bytes(votes_of(voted, table.usage))
    page = "".join(
        f"<!-- {name} -->\n<!-- end of the {name} -->\n"
        for name in ("votes", "voters", "disagreements", "ranking")
    )
    (folder / "labels.md").write_text(page)
    monkeypatch.setattr(labels, "MEASURED", folder / "labels.json")
    monkeypatch.setattr(labels_page, "PAGE", folder / "labels.md")
    monkeypatch.setattr(labels_page, "FIGURE", folder / "labels.png")
    model = str(ROOT / "pretrained/emotion.onnx")
    inputs = ["--csv", str(faces), "--votes", str(folder / "votes.csv"), "--model", model]
    monkeypatch.setattr(sys, "argv", ["labels", *inputs])
    labels.main()

    measured = json.loads((folder / "labels.json").read_text())
    counts = np.array([list(row.values()) for row in measured["votes"].values()])
    expected = np.zeros_like(counts)
    np.add.at(expected, (table.emotion, voted), 1)
    assert counts.tolist() == expected.tolist()
    assert list(measured["votes"]["Angry"])[-4:] == ["Contempt", "unknown", "NF", "no majority"]
    (held_out,) = measured["models"].values()
    assert held_out["rows"] == ROWS // 2
    known = (table.usage == 2) & (voted >= 0) & (voted < 8)
    assert held_out["ranking"]["rows"] == held_out["voters"]["rows"] == known.sum()
    assert held_out["ranking"]["contradicted"] == round((voted != table.emotion)[known].mean(), 4)
    assert f"| Angry | {counts[0, 0]} |" in (folder / "labels.md").read_text()
    assert (folder / "labels.png").read_bytes().startswith(b"\x89PNG")


def test_without_votes_it_is_said_where_they_come_from(faces: Path) -> None:
    (faces.parent / "none.csv").write_bytes(HEADER)
    with pytest.raises(UserError, match=r"none.csv has no votes: set fetch.ferplus and run: dvc repro fetch"):
        labels.read(faces, faces.parent / "none.csv")


def test_one_fold_leaves_nothing_to_train_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["labels", "--folds", "1"])
    with pytest.raises(UserError, match=r"^--folds 1: must be at least 2"):
        labels.main()


def test_each_face_is_judged_by_a_model_that_has_not_seen_it_nor_its_copies(
    faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = read_csv(faces)
    seen: list[set[bytes]] = []

    class Trained:
        model = None

    def train_model(train: Split, validation: Split, *rest: Any) -> type[Trained]:
        assert len(train) > len(validation) > 0
        seen.append({image.tobytes() for split in (train, validation) for image in split.images})
        return Trained

    def predict(model: None, images: np.ndarray) -> np.ndarray:
        assert not seen[-1] & {image.tobytes() for image in images}
        return np.full((len(images), len(CLASSES)), len(seen), np.float32)

    monkeypatch.setattr(folds, "train_model", train_model)
    monkeypatch.setattr(folds, "predict", predict)
    found = folds.out_of_fold(table, load_params(PARAMS), 3, faces.parent)
    assert len(seen) == 3
    assert np.bincount(found[:, 0].astype(int)).tolist() == [0, 20, 20, 20]
