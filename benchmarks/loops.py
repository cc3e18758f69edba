"""The two trainings that benchmarks.training compares: same network, augmentation and random pixels.

What the images show does not change the speed.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from emotion.augment import augmentation
from emotion.backend import keras
from emotion.labels import CLASSES, SIDE
from emotion.models import ModelParams, Precision, from_pixels, paper_cnn
from emotion.params import load
from emotion.splits import Split
from emotion.training import OPTIMIZERS, TrainParams, fit

VALIDATION = 8  # images of the train split for each of the validation split, as in the paper: 81 % to 9 %

EndOfEpoch = Callable[..., Any]


def plain(images: int, epochs: int, end_of_epoch: EndOfEpoch) -> None:
    """Train as a Keras tutorial would: compile with the defaults, and one `fit` over all epochs."""
    params = load("train", TrainParams)
    model = from_pixels(
        paper_cnn(load("model", ModelParams)), augmentation(params.flip, params.shift, params.zoom)
    )
    model.compile(
        optimizer=OPTIMIZERS[params.optimizer](learning_rate=params.lr),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    train, validation = random_faces(images), random_faces(images // VALIDATION)
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
    """Train as stages/train.py does: order and seeds of each epoch drawn anew, and a checkpoint after it."""
    params = load("train", TrainParams).model_copy(
        update={"precision": precision, "epochs": epochs, "patience": epochs}
    )
    network = paper_cnn(load("model", ModelParams), precision)
    train, validation = random_faces(images), random_faces(images // VALIDATION)
    with tempfile.TemporaryDirectory() as folder:
        fit(network, params, train, validation, Path(folder, "checkpoint.npz"), end_of_epoch)


def random_faces(number: int) -> Split:
    """Return a split of random pixels and labels."""
    rng = np.random.default_rng(0)
    return Split(
        images=rng.integers(0, 256, (number, SIDE, SIDE, 1), dtype=np.uint8),
        labels=rng.integers(0, len(CLASSES), number, dtype=np.uint8),
        rows=np.arange(number, dtype=np.int32),
    )
