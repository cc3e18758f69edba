"""A remedy for class imbalance after training: logits shifted towards rare classes.

Source: Menon et al., "Long-tail learning via logit adjustment", ICLR 2021.
"""

import numpy as np

from emotion.data.storage import Split
from emotion.network.blocks import shift_logits
from emotion.network.keras_setup import keras
from emotion.network.model import each_view, predict
from emotion.training.imbalance import log_shares

STRENGTHS = np.linspace(0, 1.5, 31)  # of the adjustment: 0 is none, 1 assumes equal classes


def adjust(
    network: keras.Model, train: Split, validation: Split, flip_average: bool, shift_average: int
) -> float:
    """Shift the logits of a trained network towards rare classes; return the strength that was best."""
    shares = log_shares(train.labels, len(train.classes))
    views = [predict(model, validation.images) for model in each_view(network, flip_average, shift_average)]
    strength = adjustment_strength(views, validation.labels, shares)
    shift_logits(network, -strength * shares)
    return strength


def adjustment_strength(views: list[np.ndarray], labels: np.ndarray, shares: np.ndarray) -> float:
    """Return how much of the logarithm of the class shares to take from the logits: best macro F1.

    Source: Menon et al., "Long-tail learning via logit adjustment", ICLR 2021, equation 9, whose tau it is.
    The smallest of equally good ones is taken.

    Args:
        views: probabilities, float (N, 7), of the validation split; of several, as of the faces and of their
            mirror images, each is adjusted before the mean is taken.
        labels: integers (N,), its classes.
        shares: float (K,), `log_shares` of the train split.
    """
    from sklearn.metrics import f1_score  # two CPU seconds, for trainings with this remedy alone

    scores = [
        f1_score(labels, adjusted(views, strength * shares).argmax(axis=1), average="macro", zero_division=0)
        for strength in STRENGTHS
    ]
    return float(STRENGTHS[int(np.argmax(scores))])


def adjusted(views: list[np.ndarray], shifts: np.ndarray) -> np.ndarray:
    """Return the mean of probabilities, each float (N, 7), with these shifts (7,) taken from their logits."""
    shifted = [view * np.exp(-shifts) for view in views]
    return np.asarray(np.mean([view / view.sum(axis=1, keepdims=True) for view in shifted], axis=0))
