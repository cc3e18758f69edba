"""The two trainings that benchmarks.training compares: same network, augmentation and random pixels.

What the images show does not change the speed.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from emotion.config.schema import Precision, load_params
from emotion.data.storage import Split
from emotion.labels import CLASSES, SIDE
from emotion.network.keras_setup import keras
from emotion.network.model import build, from_pixels
from emotion.training.augmentation import augmentation
from emotion.training.loop import fit
from emotion.training.optimizers import OPTIMIZERS

EndOfEpoch = Callable[..., Any]


def plain(images: int, epochs: int, end_of_epoch: EndOfEpoch) -> None:
    """Train as a Keras tutorial would: compile with the defaults, one `fit` over all epochs, float32."""
    every = load_params()
    params = every["train"]
    network = build(every["model"])
    model = from_pixels(network, augmentation(params))
    model.compile(
        optimizer=OPTIMIZERS[params.optimizer](learning_rate=params.lr),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    train, validation = random_splits(images)
    model.fit(
        train.images,
        keras.utils.to_categorical(train.labels, len(CLASSES)),
        batch_size=params.batch_size,
        epochs=epochs,
        validation_data=(validation.images, keras.utils.to_categorical(validation.labels, len(CLASSES))),
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=end_of_epoch)],
    )


def this_project(images: int, epochs: int, precision: Precision, end_of_epoch: EndOfEpoch) -> None:
    """Train as stages/train.py does: each epoch has its own order and seeds, and ends in a checkpoint."""
    update = {"precision": precision, "epochs": epochs, "patience": epochs, "small_epochs": 0}
    every = load_params()
    params = every["train"].model_copy(update=update)
    network = build(every["model"], precision)
    with tempfile.TemporaryDirectory() as folder:
        fit(network, params, *random_splits(images), Path(folder, "checkpoint.npz"), end_of_epoch)


def random_splits(images: int) -> tuple[Split, Split]:
    """Return `images` faces to train on and a ninth of them for validation, as in the paper."""
    rng = np.random.default_rng(0)

    def split(number: int) -> Split:
        pixels = rng.integers(0, 256, (number, SIDE, SIDE, 1), dtype=np.uint8)
        labels = rng.integers(0, len(CLASSES), number, dtype=np.uint8)
        return Split(pixels, labels, rows=np.arange(number, dtype=np.int32))

    return split(images), split(images // 9)
