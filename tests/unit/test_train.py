import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotion.data.storage import Split, save_split
from emotion.network.blocks import PROBABILITIES
from emotion.network.keras_setup import keras, layers
from emotion.network.model import from_pixels, load_model, predict
from emotion.training import run
from emotion.training.imbalance import log_shares
from emotion.training.logit_adjustment import adjust
from emotion.training.loop import fit
from emotion.training.run import Trained, epoch_settings, summary
from stages import train
from tests.support.parameters import model_params, train_params, write_params

MODEL = model_params()

COMMON = np.repeat(np.arange(7), [40, 4, 36, 80, 48, 32, 60])  # labels of an imbalanced train split
GREYS, DEVIATION = np.linspace(0.2, 0.8, 7), 0.05


@pytest.mark.parametrize(
    ("model", "changes", "same"),
    [
        ({}, {"epochs": 9}, True),
        ({}, {"epochs": 9, "patience": 9}, True),
        ({}, {"logit_adjustment": True}, True),
        ({"flip_average": True, "shift_average": 1}, {}, True),
        ({"dropout": 0.3}, {}, False),
        ({}, {"lr": 0.02}, False),
        ({}, {"average": 0.9}, False),
        ({}, {"drop_faulty": True}, False),
    ],
)
def test_trainings_share_checkpoints_if_nothing_that_steers_an_epoch_differs(
    model: dict[str, Any], changes: dict[str, Any], same: bool
) -> None:
    other = epoch_settings(MODEL.model_copy(update=model), train_params(**changes))
    assert (other == epoch_settings(MODEL, train_params())) is same


def test_a_schedule_towards_another_end_is_another_training() -> None:
    shorter, longer = (epoch_settings(MODEL, train_params(schedule="cosine", epochs=n)) for n in (4, 9))
    assert shorter != longer


def test_another_version_of_what_computes_is_another_training(monkeypatch: pytest.MonkeyPatch) -> None:
    before = epoch_settings(MODEL, train_params())
    monkeypatch.setattr(np, "__version__", "1.0")
    assert epoch_settings(MODEL, train_params()) != before


def faces(labels: np.ndarray) -> Split:
    """Faces of one grey each, which is that of their class, more or less."""
    greys = np.random.default_rng(0).normal(GREYS[labels], DEVIATION) * 255
    images = np.clip(greys, 0, 255).astype(np.uint8)[:, None, None, None]
    whole = np.repeat(np.repeat(images, 48, axis=1), 48, axis=2)
    return Split(whole, labels.astype(np.uint8), np.arange(len(labels), dtype=np.int32))


def test_the_class_shares_are_taken_from_the_logits_of_a_network_that_has_them_once_too_often() -> None:
    shares = log_shares(COMMON, 7)
    classifier = layers.Dense(7, activation="softmax", name=PROBABILITIES)
    network = keras.Sequential([layers.Input((48, 48, 1)), layers.GlobalAveragePooling2D(), classifier])
    fair = [GREYS[None] / DEVIATION**2, -(GREYS**2) / (2 * DEVIATION**2)]  # Gaussian classes, equally common
    classifier.set_weights([fair[0], fair[1] + shares])
    validation = faces(np.tile(np.arange(7), 100))
    before = predict(from_pixels(network), validation.images)

    strength = adjust(network, faces(COMMON), validation, flip_average=True, shift_average=2)
    assert 0.6 < strength < 1.4
    shifted = before * np.exp(-strength * shares)
    expected = shifted / shifted.sum(axis=1, keepdims=True)
    assert predict(from_pixels(network), validation.images) == pytest.approx(expected, rel=1e-3, abs=1e-9)


@pytest.fixture
def random_faces() -> Split:
    images = np.random.default_rng(0).integers(0, 256, (9, 48, 48, 1), np.uint8)
    return Split(images, np.arange(9, dtype=np.uint8) % 7, np.arange(9, dtype=np.int32))


def run_stage(folder: Path, split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the stage in a folder that has params.yaml, with one split for both."""
    for name in ("train", "validation"):
        (folder / name).mkdir()
        save_split(folder / name, split)
    monkeypatch.setattr(run, "use_threads", lambda number: None)  # other tests have computed here before
    monkeypatch.chdir(folder)
    inputs = ["--train", "train", "--validation", "validation"]
    outputs = ["--model", "model.keras", "--curves", "curves", "--metrics", "metrics.json"]
    monkeypatch.setattr(sys, "argv", ["train", *inputs, *outputs, "--checkpoints", "checkpoints"])
    train.main()


@pytest.mark.parametrize("drop", [True, False])
def test_faulty_faces_are_left_out_of_training_alone_and_only_if_asked_for(
    tmp_path: Path, random_faces: Split, monkeypatch: pytest.MonkeyPatch, drop: bool
) -> None:
    images = np.asarray(random_faces.images)
    images[1], images[8] = 7, images[4]
    write_params(tmp_path, model={"name": "fast_cnn"}, train={"epochs": 1, "drop_faulty": drop})
    seen: list[list[int]] = []

    def recorded(network: Any, params: Any, *splits: Any) -> Any:
        seen.extend(split.rows.tolist() for split in splits[:2])
        return fit(network, params, *splits)

    monkeypatch.setattr(run, "fit", recorded)
    run_stage(tmp_path, random_faces, monkeypatch)
    everything = list(range(9))
    assert seen == [[0, 2, 3, 5, 6, 7] if drop else everything, everything]


def test_the_last_line_says_the_accuracy_of_the_epoch_and_that_of_the_model(
    tmp_path: Path, random_faces: Split, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = {"name": "fast_cnn", "flip_average": True}
    write_params(tmp_path, model=model, train={"epochs": 1})
    run_stage(tmp_path, random_faces, monkeypatch)
    lines = capsys.readouterr().out.splitlines()
    (epoch,) = (line for line in lines if line.startswith("epoch "))
    saved = json.loads((tmp_path / "metrics.json").read_text())["validation"]["accuracy"]
    assert lines[-1] == (
        f"best epoch 1 of 1: val_accuracy {epoch.split('val_accuracy ')[1].split()[0]}, "
        f"with averaging over the mirror image {saved:.4f}: model.keras"
    )


def test_a_training_in_bfloat16_saves_a_model_in_float32_and_measures_that(
    tmp_path: Path, random_faces: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other runtime computes convolutions in bfloat16, and Keras itself rounds otherwise elsewhere."""
    write_params(tmp_path, model={"name": "fast_cnn"}, train={"epochs": 1, "precision": "bfloat16"})
    run_stage(tmp_path, random_faces, monkeypatch)
    model = load_model(tmp_path / "model.keras")
    assert {layer.compute_dtype for layer in model.get_layer("fast_cnn").layers} == {"float32"}
    hits = predict(model, random_faces.images).argmax(axis=1) == random_faces.labels
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["validation"]["accuracy"] == round(float(hits.mean()), 4)


@pytest.mark.parametrize(
    ("model", "changes", "said"),
    [
        ({}, {}, "best epoch 9 of 10: val_accuracy 0.6480"),
        ({}, {"precision": "bfloat16"}, "val_accuracy 0.6480, with convolutions in float32 0.6585"),
        ({"shift_average": 2}, {}, "val_accuracy 0.6480, with averaging over shifts of 2 px 0.6585"),
        (
            {"flip_average": True},
            {"logit_adjustment": True},
            "val_accuracy 0.6480, with averaging over the mirror image and logit adjustment 0.6585",
        ),
    ],
)
def test_the_summary_names_what_the_model_does_after_the_epochs(
    model: dict[str, Any], changes: dict[str, Any], said: str
) -> None:
    metrics = {"best_epoch": 9, "epochs": 10, "validation": {"accuracy": 0.6585}}
    trained = Trained(keras.Sequential(), metrics, val_accuracy=0.648, minutes=1.0)
    assert summary(trained, MODEL.model_copy(update=model), train_params(**changes)).endswith(said)
