import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotion.data.storage import SPLITS, Split, save_split
from emotion.evaluation.maps import load_maps, save_maps
from emotion.labels import CLASSES
from emotion.runtime.errors import UserError
from emotion.runtime.files import write_json
from stages import plot
from tests.support.parameters import write_params
from tests.support.paths import ROOT

FIGURES = [
    "class_balance.png",
    "confusion_matrix.png",
    "gallery.png",
    "per_class_f1.png",
    "reliability.png",
    "training_curves.png",
]
ARGUMENTS = [
    *(word for name in SPLITS for word in (f"--{name}", name)),
    *("--curves", "training", "--predictions", "predictions.csv", "--calibration", "calibration.csv"),
    *("--maps", "maps.npz"),
    *("--metrics", "evaluation.json", "--plots", "plots"),
]
METRICS: dict[str, Any] = {"ece": 0.2, "per_class": {name: {"f1": 0.5, "support": 3} for name in CLASSES}}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder with everything that the stage reads."""
    rng = np.random.default_rng(0)
    write_params(tmp_path, plot={"dpi": 50, "gallery": 3})
    for name in SPLITS:
        (tmp_path / name).mkdir()
        split = Split(
            images=rng.integers(0, 256, (20, 48, 48, 1), np.uint8),
            labels=rng.integers(0, len(CLASSES), 20).astype(np.uint8),
            rows=np.arange(20, dtype=np.int32),
        )
        save_split(tmp_path / name, split)
    faces = [
        f"{row},{CLASSES[label]},{CLASSES[row % 7]},{0.3 + row / 50:.6f}"
        for row, label in enumerate(split.labels)
    ]
    lines(tmp_path / "predictions.csv", ["row,actual,predicted,confidence", *faces])
    lines(
        tmp_path / "calibration.csv",
        ["low,high,rows,confidence,accuracy", "0,0.5,11,0.4,0.3", "0.5,1,9,0.6,1"],
    )
    save_maps(tmp_path / "maps.npz", np.arange(10), rng.random((10, 6, 6)))
    write_json(tmp_path / "evaluation.json", METRICS)
    for name in ("train", "validation"):
        for metric in ("loss", "accuracy"):
            path = tmp_path / "training" / "plots" / "metrics" / name / f"{metric}.tsv"
            lines(path, [f"step\t{metric}", "1\t0.5", "2\t0.75"])
    return tmp_path


def lines(path: Path, content: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(content) + "\n")


def in_a_process(run: Path, *command: str, **environment: str) -> str:
    """Run Python in the folder of a run; return what it prints."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=run,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def main_in(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run)
    monkeypatch.setattr(sys, "argv", ["plot", *ARGUMENTS])
    plot.main()


def test_figures_are_the_same_bytes_in_two_processes_whatever_the_users_matplotlibrc(run: Path) -> None:
    first = in_a_process(run, "-m", "stages.plot", *ARGUMENTS, PYTHONHASHSEED="1")
    before = {path.name: path.read_bytes() for path in (run / "plots").iterdir()}
    assert sorted(before) == FIGURES
    assert first == "6 figures: plots\n"

    lines(run / "rc", ["font.size: 20", "axes.facecolor: pink", "savefig.facecolor: red"])
    in_a_process(run, "-m", "stages.plot", *ARGUMENTS, PYTHONHASHSEED="2", MATPLOTLIBRC=str(run / "rc"))
    assert {path.name: path.read_bytes() for path in (run / "plots").iterdir()} == before


def test_predictions_of_another_test_split_are_refused(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = run / "predictions.csv"
    path.write_text(path.read_text().replace("\n0,", "\n99,"))
    with pytest.raises(
        UserError, match=r"predictions\.csv is not of this test split; run: dvc repro evaluate"
    ):
        main_in(run, monkeypatch)
    assert not (run / "plots").exists()


def test_a_missing_curve_is_one_line_with_its_path(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (run / "training/plots/metrics/train/loss.tsv").unlink()
    with pytest.raises(
        UserError, match=r"train/loss\.tsv cannot be read \(.*No such file.*\); run: dvc repro"
    ):
        main_in(run, monkeypatch)


def test_maps_come_back_by_row_to_eight_bits_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    path, heat = tmp_path / "maps.npz", np.random.default_rng(0).random((2, 6, 6))
    save_maps(path, np.array([7, 3]), heat)
    found = load_maps(path)
    assert list(found) == [7, 3]
    assert found[3] == pytest.approx(heat[1], abs=0.002)
    save_maps(path, np.array([7]), heat)
    contents = [path.read_bytes(), path.read_bytes()[:100], b"hello", b""]
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"maps\.npz cannot be read \(.*\); run: dvc repro -f evaluate$"):
            load_maps(path)


def test_a_class_without_faces_has_no_f1() -> None:
    absent = {"Disgust": {"f1": 0.0, "support": 0}}
    f1 = plot.class_f1(METRICS["per_class"] | absent, CLASSES)
    assert f1 == pytest.approx([0.5, np.nan, *[0.5] * 5], nan_ok=True)
