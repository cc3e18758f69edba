"""What training and evaluation have written is read again, or refused in one line."""

from pathlib import Path

import numpy as np
import pytest

from emotion.evaluation.tables import class_numbers, read_columns, read_metrics, read_predictions
from emotion.labels import CLASSES
from emotion.runtime.errors import UserError
from emotion.runtime.files import write_json


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "curve.tsv").write_text("step\tloss\n")
    with pytest.raises(UserError, match=r"curve\.tsv has no row"):
        read_columns(tmp_path / "curve.tsv", ["step", "loss"])


def test_a_file_without_a_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "curve.tsv").write_text("step\taccuracy\n1\t0.5\n")
    with pytest.raises(UserError, match=r"curve\.tsv cannot be read \(.*loss.*\)"):
        read_columns(tmp_path / "curve.tsv", ["step", "loss"])


def test_an_unknown_class_is_named() -> None:
    with pytest.raises(UserError, match=r"p\.csv has the unknown class Bored"):
        class_numbers(np.array(["Sad", "Bored"]), Path("p.csv"), CLASSES)


@pytest.mark.parametrize("classes", [("None", "NA"), ("01", "1"), ("true", "False"), ("1e1", "10")])
def test_names_of_classes_are_read_as_they_are_written(tmp_path: Path, classes: tuple[str, str]) -> None:
    first, second = classes
    rows = f"7,{first},{second},0.5\n9,{second},{first},0.75\n"
    (tmp_path / "p.csv").write_text(f"row,actual,predicted,confidence\n{rows}")
    actual, predicted, confidence = read_predictions(tmp_path / "p.csv", np.array([7, 9]), classes)
    assert (actual.tolist(), predicted.tolist()) == ([0, 1], [1, 0])
    assert confidence.tolist() == [0.5, 0.75]


def test_metrics_without_a_class_are_refused(tmp_path: Path) -> None:
    per_class = {name: {"f1": 0.5} for name in CLASSES[1:]}
    write_json(tmp_path / "evaluation.json", {"ece": 0.1, "per_class": per_class})
    with pytest.raises(UserError, match=r"evaluation\.json has no Angry; run: dvc repro evaluate$"):
        read_metrics(tmp_path / "evaluation.json", {"ece", "per_class"}, "evaluate", CLASSES)


def test_metrics_without_a_name_are_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "training.json", {"epochs": 3})
    with pytest.raises(UserError, match=r"training\.json has no best_epoch; run: dvc repro train$"):
        read_metrics(tmp_path / "training.json", {"epochs", "best_epoch"}, "train")


@pytest.mark.parametrize("text", ["", "[1]", "{", "7"])
def test_metrics_that_are_no_metrics_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "training.json").write_text(text)
    with pytest.raises(UserError, match=r"training\.json cannot be read \(.+\); run: dvc repro train$"):
        read_metrics(tmp_path / "training.json", {"epochs"}, "train")
