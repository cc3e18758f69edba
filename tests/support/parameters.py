"""Parameters with some values changed: the project's params.yaml, a network's, and a small training's."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from emotion.config.schema import ModelParams, TrainParams
from tests.support.paths import ROOT


def write_params(folder: Path, **changes: dict[str, Any]) -> None:
    """Write params.yaml into a folder; `changes` are values by section."""
    yaml = YAML()
    content = yaml.load(ROOT / "params.yaml")
    for section, values in changes.items():
        content[section] |= values
    yaml.dump(content, folder / "params.yaml")


def model_params(**changes: Any) -> ModelParams:
    """Return parameters of a network, with some values changed."""
    values: dict[str, Any] = {
        "name": "fast_cnn",
        "dropout": 0.2,
        "conv_dropout": 0.25,
        "dense_dropout": 0.5,
        "l2": 0.001,
        "flip_average": False,
        "shift_average": 0,
    }
    return ModelParams(**(values | changes))


def train_params(**changes: Any) -> TrainParams:
    """Return parameters for a small training, with some values changed."""
    values: dict[str, Any] = {
        "optimizer": "adam",
        "lr": 0.01,
        "schedule": "constant",
        "warmup": 0.0,
        "momentum": 0.0,
        "weight_decay": None,
        "batch_size": 16,
        "epochs": 4,
        "patience": 4,
        "small_epochs": 0,
        "small_side": 24,
        "flip": True,
        "shift": 0.1,
        "zoom": 0.1,
        "rotation": 0.0,
        "light": 0.0,
        "erase": 0.0,
        "mixup": 0.0,
        "average": 0.0,
        "drop_faulty": False,
        "class_weights": "none",
        "sampling": "natural",
        "focal_gamma": 0.0,
        "label_smoothing": 0.0,
        "logit_adjustment": False,
        "precision": "float32",
        "threads": 4,
        "seed": 5,
    }
    return TrainParams(**(values | changes))
