"""One training, epoch by epoch: the same seed gives the same weights, killed and resumed or not."""

import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field
from tqdm import tqdm

from emotion.augment import augmentation
from emotion.backend import keras
from emotion.checkpoint import Checkpoint, History, longest_checkpoint
from emotion.errors import UserError
from emotion.labels import CLASSES
from emotion.models import Precision, from_pixels
from emotion.params import Section
from emotion.splits import Split

TENSORFLOW = keras.backend.backend() == "tensorflow"
if TENSORFLOW:
    from emotion.fast_gradients import with_fast_gradients

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "adamw": keras.optimizers.AdamW,
    "nadam": keras.optimizers.Nadam,
    "adagrad": keras.optimizers.Adagrad,
}


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

    After every epoch the state goes to `checkpoint`. Training goes on from the longest checkpoint of that
    folder that lies on its way: its own after a kill, that of a shorter training after a rise of epochs or
    patience. The best epoch is the first with the highest accuracy on validation.

    Args:
        network: scaled pixels to probabilities, with its initial weights.
        params: how to train.
        train: the faces to learn from; augmented anew in each epoch.
        validation: the faces that choose the best epoch.
        checkpoint: the file for the state, in a folder of trainings that differ in nothing but epochs and
            patience.
        on_epoch: called with the entry of each epoch, those of a resumed training included.

    Returns:
        An entry for each epoch: loss and accuracy on train (augmented, with dropout) and validation.
        Losses include the L2 penalty.

    Raises:
        UserError: the loss is no longer a finite number.
    """
    trained = with_fast_gradients(network) if TENSORFLOW else network
    model = from_pixels(trained, augmentation(params.flip, params.shift, params.zoom))
    model.compile(
        optimizer=OPTIMIZERS[params.optimizer](learning_rate=params.lr),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        # XLA's convolutions on a CPU are slower than TensorFlow's own
        jit_compile=keras.backend.backend() == "jax",
    )
    model.optimizer.build(model.trainable_variables)
    variables = model.variables + model.optimizer.variables

    history: History = []
    best = _values(trained.weights)
    if saved := longest_checkpoint(checkpoint.parent.glob("*.npz"), lambda past: _on_the_way(past, params)):
        history, best = saved.history, saved.best
        _assign(variables, saved.variables)
        print(f"resuming after epoch {len(history)} ({checkpoint.parent})")
    for entry in history:
        on_epoch(entry)

    targets = keras.utils.to_categorical(train.labels, len(CLASSES))
    validation_targets = keras.utils.to_categorical(validation.labels, len(CLASSES))
    while len(history) < params.epochs and not _stalled(history, params.patience):
        epoch = len(history) + 1
        title = f"epoch {epoch:>2}/{params.epochs}"
        order = np.random.default_rng([params.seed, epoch]).permutation(len(train))
        _reseed(model, params.seed, epoch)
        faces, wanted = train.images[order], targets[order]
        entry = _run(model, model.train_on_batch, faces, wanted, params.batch_size, title)
        known = _run(model, model.test_on_batch, validation.images, validation_targets, params.batch_size)
        entry |= {f"val_{name}": value for name, value in known.items()}
        if not all(map(math.isfinite, entry.values())):
            raise UserError(f"the loss is not finite after epoch {epoch}; try a train.lr under {params.lr}")
        history.append(entry)
        if best_epoch(history) == epoch:
            best = _values(trained.weights)
        Checkpoint(history, _values(variables), best).save(checkpoint)
        print(f"{title}  {'  '.join(f'{name} {value:.4f}' for name, value in entry.items())}", flush=True)
        on_epoch(entry)

    _assign(network.weights, best)
    _reseed(network, params.seed, 0)
    return history


def best_epoch(history: History) -> int:
    """Return the number, from 1, of the first epoch with the highest accuracy on validation."""
    return int(np.argmax([entry["val_accuracy"] for entry in history])) + 1


def _run(
    model: keras.Model,
    step: Callable[..., dict[str, Any]],
    images: np.ndarray,
    targets: np.ndarray,
    batch_size: int,
    title: str | None = None,
) -> dict[str, float]:
    """Take a step with each batch in turn and return the means over all; a title shows a progress bar.

    A plain loop over batches: one call of `Model.fit` an epoch was seen to stall on its return, idle, for
    up to as long as the epoch had taken (TensorFlow 2.21 on a CPU).
    """
    sums: dict[str, float] = defaultdict(float)
    silent = None if title else True  # None: silent where there is no terminal
    with tqdm(desc=title, total=len(images), unit=" images", leave=False, disable=silent) as bar:
        for start in range(0, len(images), batch_size):
            batch = slice(start, start + batch_size)
            faces = images[batch]
            model.reset_metrics()  # each step reports its own batch
            logs = step(faces, targets[batch], return_dict=True)
            for name, value in logs.items():
                sums[name] += float(value) * len(faces)
            bar.set_postfix(logs, refresh=False)
            bar.update(len(faces))
    return {name: value / len(images) for name, value in sums.items()}


def _stalled(history: History, patience: int) -> bool:
    return bool(history) and len(history) - best_epoch(history) >= patience


def _on_the_way(history: History, params: TrainParams) -> bool:
    """Say whether a training with these params passes through this history."""
    stopped = any(_stalled(history[:epoch], params.patience) for epoch in range(len(history)))
    return len(history) <= params.epochs and not stopped


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
