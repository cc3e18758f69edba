"""What can be done about rare classes: weights, sampling, and the adjustment of a trained network."""

import numpy as np
from sklearn.metrics import f1_score

from emotion.labels import CLASSES
from emotion.schema import ClassWeights, Sampling

STRENGTHS = np.linspace(0, 1.5, 31)  # of the adjustment: 0 is none, 1 assumes equal classes


def class_weights(labels: np.ndarray, kind: ClassWeights) -> np.ndarray | None:
    """Return how much a face of each class counts in the loss, float32 (7,); None where all count the same.

    The mean over the rows is 1, so that the loss keeps its size.

    Args:
        labels: integers (N,), the classes of the rows.
        kind: `balanced`, the inverse of the share of the class; `sqrt`, the square root of that.
    """
    if kind == "none":
        return None
    weights = np.exp(log_shares(labels) * (-1.0 if kind == "balanced" else -0.5))
    return np.asarray(weights / weights[labels].mean(), np.float32)


def epoch_rows(labels: np.ndarray, sampling: Sampling, rng: np.random.Generator) -> np.ndarray:
    """Return the rows of an epoch, int (N,), in random order.

    `natural` is every row once; `balanced` draws with replacement, each class as often as every other.
    """
    if sampling == "natural":
        return rng.permutation(len(labels))
    weights = 1 / np.bincount(labels, minlength=len(CLASSES))[labels]
    return rng.choice(len(labels), len(labels), p=weights / weights.sum())


def log_shares(labels: np.ndarray) -> np.ndarray:
    """Return the logarithm of the share of each class, float (7,); a class without rows counts as one row."""
    counts = np.maximum(np.bincount(labels, minlength=len(CLASSES)), 1)
    return np.asarray(np.log(counts / counts.sum()))


def adjustment_strength(views: list[np.ndarray], labels: np.ndarray, shares: np.ndarray) -> float:
    """Return how much of the logarithm of the class shares to take from the logits: best macro F1.

    Source: Menon et al., "Long-tail learning via logit adjustment", ICLR 2021, equation 9, whose tau it is.
    The smallest of equally good ones is taken.

    Args:
        views: probabilities, float (N, 7), of the validation split; of several, as of the faces and of their
            mirror images, each is adjusted before the mean is taken.
        labels: integers (N,), its classes.
        shares: float (7,), `log_shares` of the train split.
    """
    scores = [
        f1_score(labels, adjusted(views, strength * shares).argmax(axis=1), average="macro", zero_division=0)
        for strength in STRENGTHS
    ]
    return float(STRENGTHS[int(np.argmax(scores))])


def adjusted(views: list[np.ndarray], shifts: np.ndarray) -> np.ndarray:
    """Return the mean of probabilities, each float (N, 7), with these shifts (7,) taken from their logits."""
    shifted = [view * np.exp(-shifts) for view in views]
    return np.asarray(np.mean([view / view.sum(axis=1, keepdims=True) for view in shifted], axis=0))
