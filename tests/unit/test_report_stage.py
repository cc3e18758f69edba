"""The stage report reads what the other stages have written, and refuses what does not belong together."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emotion.data.storage import save_split
from emotion.evaluation.maps import save_maps
from emotion.labels import CLASSES
from emotion.runtime.errors import UserError
from emotion.runtime.files import write_json
from emotion.runtime.lockfile import md5
from stages import report
from tests.support.classifiers import write_classifier
from tests.support.parameters import write_params
from tests.support.paths import ROOT
from tests.support.runs import finished_run

METRICS = ("validate", "train", "evaluate", "export")
ARGUMENTS = [
    *(word for name in METRICS for word in (f"--{name}", f"{name}.json")),
    *("--curves", "training", "--predictions", "predictions.csv", "--calibration", "calibration.csv"),
    *("--maps", "maps.npz", "--test", "test", "--onnx", "emotion.onnx", "--recipes", "recipes.yaml"),
    *("--page", "report/index.html", "--card", "models/README.md"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with all that the stage reads, which is the current one."""
    run = finished_run()
    write_params(tmp_path, report={"mistakes": 4})
    for name, content in zip(METRICS, (run.verdict, run.training, run.scores, run.exports), strict=True):
        write_json(tmp_path / f"{name}.json", dict(content))
    for split, curve in run.curves.items():
        logged = tmp_path / "training/plots/metrics" / split
        logged.mkdir(parents=True)
        for metric in ("loss", "accuracy"):
            columns = {"step": curve["step"], metric: curve[metric]}
            pd.DataFrame(columns).to_csv(logged / f"{metric}.tsv", sep="\t", index=False)
    names = np.array(CLASSES)
    predictions = {
        "row": run.test.rows,
        "actual": names[run.actual],
        "predicted": names[run.predicted],
        "confidence": run.confidence,
    }
    pd.DataFrame(predictions).to_csv(tmp_path / "predictions.csv", index=False)
    pd.DataFrame(run.bins).to_csv(tmp_path / "calibration.csv", index=False)
    save_maps(tmp_path / "maps.npz", run.test.rows[:2], np.zeros((2, 6, 6)))
    (tmp_path / "test").mkdir()
    save_split(tmp_path / "test", run.test)
    write_classifier(tmp_path / "emotion.onnx")
    shutil.copy(ROOT / "experiments/recipes.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["report", *ARGUMENTS])
    return tmp_path


def in_a_process(**environment: str) -> str:
    """Run the stage, which holds its lock until its process ends; return what it prints."""
    return subprocess.run(
        [sys.executable, "-m", "stages.report", *ARGUMENTS],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_the_report_and_the_card_are_the_same_bytes_in_two_processes(folder: Path) -> None:
    outputs = [folder / "report/index.html", folder / "models/README.md"]
    printed = in_a_process(PYTHONHASHSEED="1")
    assert printed == "report: report/index.html; card of the model: models/README.md\n"
    before = [path.read_bytes() for path in outputs]
    assert md5(folder / "emotion.onnx").encode() in before[0]
    assert before[0].count(b"<img ") == 4
    in_a_process(PYTHONHASHSEED="2", TZ="Asia/Tokyo")
    assert [path.read_bytes() for path in outputs] == before


def refused(folder: Path, message: str) -> None:
    with pytest.raises(UserError, match=message):
        report.main()
    assert not (folder / "report").exists()
    assert not (folder / "models").exists()


def test_a_missing_curve_is_one_line_with_its_path(folder: Path) -> None:
    (folder / "training/plots/metrics/validation/loss.tsv").unlink()
    refused(folder, r"^training/.*/validation/loss\.tsv cannot be read \(.*No such file.*\); run: dvc repro$")


@pytest.mark.parametrize(("split", "epochs"), [("train", 3), ("validation", 4), ("both", 3)])
def test_curves_that_are_cut_short_are_not_of_the_training(folder: Path, split: str, epochs: int) -> None:
    for path in (folder / "training/plots/metrics").rglob("*.tsv"):
        if split in ("both", path.parent.name):
            path.write_text("\n".join(path.read_text().splitlines()[: epochs + 1]))
    refused(folder, r"^training and the metrics are not of one training; run: dvc repro -f train$")


def test_predictions_of_another_test_split_are_refused(folder: Path) -> None:
    path = folder / "predictions.csv"
    path.write_text(path.read_text().replace("\n0,", "\n99,"))
    refused(folder, r"^predictions\.csv is not of this test split; run: dvc repro evaluate$")


@pytest.mark.parametrize(("stage", "name"), [("validate", "conflicting"), ("export", "keras")])
def test_metrics_of_an_earlier_version_are_refused(folder: Path, stage: str, name: str) -> None:
    write_json(folder / f"{stage}.json", {"success": True})
    refused(folder, rf"^{stage}\.json has no \w+; run: dvc repro {stage}$")
    assert name in report.SHOWN[stage]


def test_a_model_without_names_of_classes_is_refused(folder: Path) -> None:
    write_classifier(folder / "emotion.onnx", metadata={})
    refused(folder, r"^emotion\.onnx names no classes")
