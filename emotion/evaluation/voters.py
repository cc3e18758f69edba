"""What the labels of FER-2013 are worth, by FER+'s voters, and what that says of a classifier's scores."""

from typing import Any, NamedTuple

import numpy as np

from emotion.evaluation.scores import area

DIGITS = 4


def voter_scores(labels: np.ndarray, predicted: np.ndarray, voted: np.ndarray) -> dict[str, Any]:
    """Return how far labels and predictions agree with the voters; a share of no rows is None.

    Args:
        labels: integers (N,).
        predicted: integers (N,).
        voted: integers (N,), the class of the voters' majority; negative where there is none.

    Returns:
        `rows`, how many have a majority; the share of these whose label (`labels`), and whose prediction
        (`predictions`), is that of the majority; and of the rows where the label is (`agreed`), or is not
        (`others`), the number and the accuracy.
    """
    known = voted >= 0
    agreed, others = known & (labels == voted), known & (labels != voted)
    right = predicted == labels
    return {
        "rows": int(known.sum()),
        "labels": share(agreed[known]),
        "predictions": share((predicted == voted)[known]),
        "agreed": {"rows": int(agreed.sum()), "accuracy": share(right[agreed])},
        "others": {"rows": int(others.sum()), "accuracy": share(right[others])},
    }


class Disagreement(NamedTuple):
    """The rows of a class whose prediction is not their label, and with whom the voters side.

    Attributes:
        rows: how many there are.
        model: of these, where the majority is the prediction.
        label: where the majority is the label.
        neither: where it is a third class.
    """

    rows: int
    model: int
    label: int
    neither: int


def disagreements(
    labels: np.ndarray, predicted: np.ndarray, voted: np.ndarray, classes: int
) -> list[Disagreement]:
    """Return for each class of the labels with whom the voters side where the model disagrees.

    Args:
        labels: integers (N,).
        predicted: integers (N,).
        voted: integers (N,); rows without a majority, which is negative there, are not counted.
        classes: how many the labels have.
    """
    differs = (voted >= 0) & (predicted != labels)
    model, label = differs & (voted == predicted), differs & (voted == labels)
    counted = (differs, model, label, differs & ~model & ~label)
    numbers = [np.bincount(labels[rows], minlength=classes).tolist() for rows in counted]
    return [Disagreement(*each) for each in zip(*numbers, strict=True)]


class Ranking(NamedTuple):
    """Labels ranked by how unlikely the model finds them, and what the voters say of the worst.

    Attributes:
        rows: how many labels are ranked: those of rows with a majority.
        contradicted: the share of all of them that the majority contradicts.
        first: the share among the first so many, by their number.
        auc: the area under the ROC curve: how well the ranking tells contradicted labels from the others; 0.5
            is chance.
    """

    rows: int
    contradicted: float
    first: dict[int, float]
    auc: float


def ranked(
    labels: np.ndarray, probabilities: np.ndarray, voted: np.ndarray, firsts: tuple[int, ...]
) -> Ranking:
    """Return what the voters say of the labels that a model finds least likely.

    The model must not have been trained on these rows. The given label's probability ("self-confidence") is
    the plainest of the rankings of Northcutt et al., "Confident Learning", JAIR 70, 2021.

    Args:
        labels: integers (N,).
        probabilities: float (N, K), of the model.
        voted: integers (N,); rows without a majority, which is negative there, are left out.
        firsts: how many of the worst to look at.
    """
    known = voted >= 0
    own = probabilities[np.arange(len(labels)), labels][known]
    wrong = (voted != labels)[known]
    order = np.argsort(own, kind="stable")
    return Ranking(
        rows=int(known.sum()),
        contradicted=round(float(wrong.mean()), DIGITS),
        first={
            first: round(float(wrong[order[:first]].mean()), DIGITS) for first in firsts if first <= len(own)
        },
        auc=round(area(wrong, -own), DIGITS),
    )


def share(right: np.ndarray) -> float | None:
    """Return the share of rows, bool (N,), that is true; None of no rows."""
    return round(float(right.mean()), DIGITS) if right.size else None
