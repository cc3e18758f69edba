"""Remedies for class imbalance while a network trains: class weights and resampling."""

import numpy as np

from emotion.config.schema import ClassWeights, Sampling


def class_weights(labels: np.ndarray, kind: ClassWeights, classes: int) -> np.ndarray | None:
    """Return how much a face of each class counts in the loss, float32 (K,); None where all count the same.

    The mean over the rows is 1, so that the loss keeps its size.

    Args:
        labels: integers (N,), the classes of the rows.
        kind: `balanced`, the inverse of the share of the class; `sqrt`, the square root of that.
        classes: how many there are: K.
    """
    if kind == "none":
        return None
    weights = np.exp(log_shares(labels, classes) * (-1.0 if kind == "balanced" else -0.5))
    return np.asarray(weights / weights[labels].mean(), np.float32)


def epoch_rows(labels: np.ndarray, sampling: Sampling, rng: np.random.Generator) -> np.ndarray:
    """Return the rows of an epoch, int (N,), in random order.

    `natural` is every row once; `balanced` draws with replacement, each class as often as every other.
    """
    if sampling == "natural":
        return rng.permutation(len(labels))
    weights = 1 / np.bincount(labels)[labels]
    return rng.choice(len(labels), len(labels), p=weights / weights.sum())


def log_shares(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the logarithm of the share of each class, float (K,); a class without rows counts as one row."""
    counts = np.maximum(np.bincount(labels, minlength=classes), 1)
    return np.asarray(np.log(counts / counts.sum()))
