"""The stage export as DVC runs it: in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emotion.config.recipes import find_row
from emotion.config.schema import load_params
from emotion.data.storage import Split, save_split
from emotion.inference.metadata import from_metadata
from emotion.inference.sessions import open_session
from emotion.labels import CLASSES
from emotion.network.keras_setup import keras
from emotion.network.model import save_model
from stages.export import recipe
from tests.support.parameters import PARAMS, write_params
from tests.support.paths import ROOT

ROWS = 40
PATHS = {
    "--model": "emotion.keras",
    "--train": "train",
    "--test": "test",
    "--onnx": "models/emotion.onnx",
    "--others": "models/exports",
    "--metrics": "metrics/export.json",
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the stage has run, with a format left of an earlier run; JAX is Keras's backend."""
    folder = tmp_path_factory.mktemp("export")
    rng = np.random.default_rng(0)
    for name in ("train", "test"):
        (folder / name).mkdir()
        images = rng.integers(0, 256, (ROWS, 48, 48, 1), np.uint8)
        rows = np.arange(ROWS)
        save_split(folder / name, Split(images, (rows % 7).astype(np.uint8), rows.astype(np.int32)))
    pixels = keras.layers.Input((48, 48, 1), dtype="uint8")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(pixels))
    save_model(
        keras.Model(pixels, keras.layers.Dense(len(CLASSES), activation="softmax")(x)),
        folder / "emotion.keras",
    )
    write_params(folder, export={"litert": False}, train={"seed": 3}, preprocess={"split": "official"})
    (folder / "models/exports").mkdir(parents=True)
    (folder / "models/exports/emotion.tflite").touch()
    done = subprocess.run(
        [sys.executable, "-m", "stages.export", *(word for pair in PATHS.items() for word in pair)],
        cwd=folder,
        env=os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_only_the_formats_that_are_asked_for_are_there_although_keras_trains_with_jax(exported: Path) -> None:
    assert [path.name for path in (exported / "models").rglob("*.*")] == ["emotion.onnx", "emotion.int8.onnx"]


def test_metrics_hold_each_format_beside_keras(exported: Path) -> None:
    metrics = json.loads((exported / "metrics/export.json").read_text())
    assert set(metrics) == {"keras", "emotion.onnx", "emotion.int8.onnx"}
    onnx = metrics["emotion.onnx"]
    assert onnx["accuracy"] == metrics["keras"]["accuracy"]
    assert onnx["agreement"] == 1
    assert onnx["max_difference"] < 1e-4
    assert onnx["faces"] == ROWS
    assert onnx["bytes"] == (exported / "models/emotion.onnx").stat().st_size


def test_a_training_that_cannot_stop_early_has_all_its_epochs() -> None:
    every = load_params(PARAMS, find_row("fast-random").settings)
    assert recipe(every["model"], every["train"]) == "fast_cnn, muon, 10 epochs, seed 0"


def test_both_onnx_models_say_what_they_are(exported: Path) -> None:
    metrics = json.loads((exported / "metrics/export.json").read_text())
    for name in ("emotion.onnx", "exports/emotion.int8.onnx"):
        path = exported / "models" / name
        info = from_metadata(open_session(path, threads=1).get_modelmeta().custom_metadata_map, path)
        assert info.classes == tuple(CLASSES)
        assert info.recipe == "paper_cnn, adam, at most 50 epochs, seed 3"
        assert info.score == {"accuracy": metrics["keras"]["accuracy"], "split": "official test"}
        assert len(info.data) == 64
