"""A training that takes a second: few faces, a small network, and a way to kill it."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from emotion.data.storage import Split
from emotion.network.keras_setup import keras, layers
from emotion.training.checkpoint import History
from emotion.training.loop import fit
from tests.support.parameters import train_params


def split(rows: int, seed: int) -> Split:
    """Faces whose class shows in their brightness, so that there is something to learn."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 7, rows).astype(np.uint8)
    images = rng.integers(0, 60, (rows, 48, 48, 1)) + 30 * labels[:, None, None, None]
    return Split(images.astype(np.uint8), labels, np.arange(rows, dtype=np.int32))


TRAIN, VALIDATION = split(70, 0), split(35, 1)


def small_network() -> keras.Model:
    """Layers of every kind that carries state or randomness, but few weights."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            layers.Input((48, 48, 1)),
            layers.Conv2D(4, 3, strides=4, activation="relu"),
            layers.BatchNormalization(momentum=0.5),  # few steps: the averages must follow quickly
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(7, activation="softmax"),
        ]
    )


def train(
    checkpoint: Path, seen: list[dict[str, float]] | None = None, **changes: Any
) -> tuple[History, keras.Model]:
    network = small_network()
    entries = [] if seen is None else seen
    fitted = fit(network, train_params(**changes), TRAIN, VALIDATION, checkpoint, entries.append)
    return fitted.history, network


class Killed(BaseException):
    """Stands for a signal: nothing in the training catches it."""


def killed_after(epoch: int) -> Callable[[dict[str, float]], None]:
    epochs = count(1)

    def on_epoch(entry: dict[str, float]) -> None:
        if next(epochs) == epoch:
            raise Killed

    return on_epoch
