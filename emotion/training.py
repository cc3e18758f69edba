"""One training, epoch by epoch: the same seed gives the same weights, killed and resumed or not."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field
from tqdm import tqdm

from emotion.augment import augmentation
from emotion.backend import keras
from emotion.checkpoint import Checkpoint, load_checkpoint
from emotion.errors import UserError
from emotion.labels import CLASSES
from emotion.models import Precision, from_pixels
from emotion.params import Section
from emotion.splits import Split

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "adamw": keras.optimizers.AdamW,
    "nadam": keras.optimizers.Nadam,
    "adagrad": keras.optimizers.Adagrad,
}

History = list[dict[str, float]]


class TrainParams(Section):
    """The `train` section of params.yaml."""

    optimizer: Literal["adam", "sgd", "rmsprop", "adamw", "nadam", "adagrad"]
    lr: float = Field(gt=0, le=10)
    batch_size: int = Field(ge=1, le=65536)
    epochs: int = Field(ge=1, le=10000)
    patience: int = Field(ge=1, le=10000)
    flip: bool
    shift: float = Field(ge=0, le=0.5)
    zoom: float = Field(ge=0, le=0.5)
    precision: Precision
    seed: int = Field(ge=0, lt=2**32)


def fit(
    network: keras.Model,
    params: TrainParams,
    train: Split,
    validation: Split,
    checkpoint: Path,
    on_epoch: Callable[[dict[str, float]], Any],
) -> History:
    """Train `network` in place until early stopping, and leave it with its best weights.

    After every epoch the state goes to `checkpoint`; where that file is there already, training goes
    on after its last epoch. The best epoch is the first with the highest accuracy on validation.

    Args:
        network: scaled pixels to probabilities, with its initial weights.
        params: how to train.
        train: the faces to learn from; augmented anew in each epoch.
        validation: the faces that choose the best epoch.
        checkpoint: the file to resume from.
        on_epoch: called with the entry of each epoch, those of a resumed training included.

    Returns:
        An entry for each epoch: loss and accuracy on train (augmented, with dropout) and validation.
        Losses include the L2 penalty.

    Raises:
        UserError: the loss is no longer a finite number.
    """
    model = from_pixels(network, augmentation(params.flip, params.shift, params.zoom))
    model.compile(
        optimizer=OPTIMIZERS[params.optimizer](learning_rate=params.lr),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=keras.backend.backend()
        == "jax",  # XLA convolutions on a CPU are slower than TensorFlow's own
    )
    model.optimizer.build(model.trainable_variables)
    variables = model.variables + model.optimizer.variables

    history: History = []
    best = _values(network.weights)
    if saved := load_checkpoint(checkpoint):
        history, best = saved.history, saved.best
        _assign(variables, saved.variables)
        print(f"resuming after epoch {len(history)} ({checkpoint})")
    for entry in history:
        on_epoch(entry)

    targets = keras.utils.to_categorical(train.labels, len(CLASSES))
    known = (np.asarray(validation.images), keras.utils.to_categorical(validation.labels, len(CLASSES)))
    while len(history) < params.epochs and not _stalled(history, params.patience):
        epoch = len(history) + 1
        title = f"epoch {epoch:>2}/{params.epochs}"
        order = np.random.default_rng([params.seed, epoch]).permutation(len(train))
        _reseed(model, params.seed, epoch)
        logs = model.fit(
            train.images[order],
            targets[order],
            batch_size=params.batch_size,
            shuffle=False,  # in `order` already
            validation_data=known,
            verbose=0,
            callbacks=[EpochBar(title, len(train), params.batch_size)],
        ).history
        entry = {name: float(values[0]) for name, values in logs.items()}
        if not math.isfinite(entry["loss"]):
            raise UserError(
                f"the loss is {entry['loss']} after epoch {epoch}; try a train.lr under {params.lr}"
            )
        history.append(entry)
        if best_epoch(history) == epoch:
            best = _values(network.weights)
        Checkpoint(history, _values(variables), best).save(checkpoint)
        print(f"{title}  {'  '.join(f'{name} {value:.4f}' for name, value in entry.items())}", flush=True)
        on_epoch(entry)

    _assign(network.weights, best)
    _reseed(model, params.seed, 0)
    return history


def best_epoch(history: History) -> int:
    """Return the number, from 1, of the first epoch with the highest accuracy on validation."""
    return int(np.argmax([entry["val_accuracy"] for entry in history])) + 1


def _stalled(history: History, patience: int) -> bool:
    return bool(history) and len(history) - best_epoch(history) >= patience


def _reseed(model: keras.Model, seed: int, epoch: int) -> None:
    """Give each random layer a state that follows from the seed and the epoch alone."""
    states = [variable for variable in model.variables if variable.name == "seed_generator_state"]
    words = np.random.SeedSequence([seed, epoch]).generate_state(2 * len(states))
    _assign(states, list(words.reshape(-1, 2)))


def _values(variables: list[keras.Variable]) -> list[np.ndarray]:
    return [np.array(variable) for variable in variables]


def _assign(variables: list[keras.Variable], values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


class EpochBar(keras.callbacks.Callback):  # type: ignore[misc]
    """A progress bar for one epoch; silent where there is no terminal."""

    def __init__(self, title: str, images: int, batch_size: int) -> None:
        super().__init__()
        self.bar = tqdm(desc=title, total=images, unit=" images", leave=False, disable=None)
        self.images = images
        self.batch_size = batch_size

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Move the bar by a batch."""
        self.bar.set_postfix(logs or {}, refresh=False)
        self.bar.update(min(self.batch_size, self.images - self.bar.n))

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Take the bar away; the epoch's figures are printed when its checkpoint is safe."""
        self.bar.close()
