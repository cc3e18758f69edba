"""Parameters with some values changed: a whole params.yaml, a network's, and a small training's.

They come from a file of the tests' own, because the project's params.yaml belongs to the user, and the demo.
"""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from emotion.config.schema import ModelParams, TrainParams, load_params

PARAMS = Path(__file__).with_name("params.yaml")


def write_params(folder: Path, **changes: dict[str, Any]) -> None:
    """Write params.yaml into a folder; `changes` are values by section."""
    yaml = YAML()
    content = yaml.load(PARAMS)
    for section, values in changes.items():
        content[section] |= values
    yaml.dump(content, folder / "params.yaml")


def model_params(**changes: Any) -> ModelParams:
    """Return parameters of a network, with some values changed."""
    small = {"name": "fast_cnn", "conv_dropout": 0.25, "dense_dropout": 0.5, "l2": 0.001}
    return ModelParams(**(load_params(PARAMS)["model"].model_dump() | small | changes))


def train_params(**changes: Any) -> TrainParams:
    """Return parameters for a small training, with some values changed."""
    small = {"lr": 0.01, "batch_size": 16, "epochs": 4, "patience": 4, "small_side": 24}
    small |= {"shift": 0.1, "zoom": 0.1, "threads": 4, "seed": 5}
    return TrainParams(**(load_params(PARAMS)["train"].model_dump() | small | changes))
