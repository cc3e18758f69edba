"""The faces of an epoch, drawn from the train split a block at a time: their number costs no memory."""

from collections.abc import Iterator

import numpy as np

from emotion.config.schema import TrainParams
from emotion.data.storage import Images, Split
from emotion.network.keras_setup import keras
from emotion.training.augmentation import shrunk
from emotion.training.imbalance import class_weights, epoch_rows
from emotion.training.mixup import Mixup
from emotion.training.resampling import Resampling

BLOCK = 4096  # faces that are drawn at once, or a batch if that is larger

Batch = list[np.ndarray]


def drawn(train: Split, params: TrainParams, epoch: int) -> Iterator[Batch]:
    """Yield the batches of an epoch, which follow from the seed and its number.

    Args:
        train: the faces to learn from.
        params: how to train.
        epoch: its number, from 1.

    Yields:
        faces uint8 (B, side, side, 1), targets float (B, K) and, where the classes are weighted, the weights
        float32 (B,).
    """
    rng = np.random.default_rng([params.seed, epoch])
    rows = epoch_rows(train.labels, params.sampling, rng)
    resampling = Resampling(len(rows), params.resample, params.zoom, rng) if params.resample else None
    mixup = Mixup(len(rows), params.mixup, rng) if params.mixup else None
    weights = class_weights(train.labels, params.class_weights, len(train.classes))

    def at(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the faces and the targets at these places of the epoch."""
        chosen = rows[places]
        faces = train.images[chosen]
        if resampling:
            faces = resampling.of(faces, places)
        if train.targets is None:
            return faces, keras.utils.to_categorical(train.labels[chosen], len(train.classes))
        return faces, train.targets[chosen]

    size = max(BLOCK // params.batch_size, 1) * params.batch_size
    for start in range(0, len(rows), size):
        places = np.arange(start, min(start + size, len(rows)))
        faces, targets = at(places)
        if mixup:
            faces, targets = mixup.of(faces, targets, *at(mixup.partner[places]), places)
        if epoch <= params.small_epochs:
            faces = shrunk(faces, params.small_side)
        block = [faces, targets] if weights is None else [faces, targets, targets @ weights]
        yield from in_batches(block, params.batch_size)


def in_batches(arrays: list[Images], batch_size: int) -> Iterator[Batch]:
    """Yield arrays of the same length, `batch_size` entries of each at a time."""
    for start in range(0, len(arrays[0]), batch_size):
        yield [array[start : start + batch_size] for array in arrays]
