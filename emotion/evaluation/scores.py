"""How well the classifier does on a set of faces: accuracy, precision, recall, F1, ROC AUC, calibration.

Every average over classes is over the classes that occur among the actual ones: of a class without faces no
recall is defined, and counting it as 0 would lower that of a perfect classifier.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from emotion.labels import CLASSES

INTERVAL = (2.5, 97.5)  # percentiles: a 95 % interval
LEAST_PROBABILITY = 1e-7  # what Keras clips to as well, so that a hopeless row has a finite loss
DIGITS = 4
SCORES = ("precision", "recall", "f1")  # of each class, and averaged over the classes


@dataclass(frozen=True)
class Calibration:
    """Confidence against accuracy in equal-width bins of the confidence; empty bins are left out.

    Attributes:
        low: float64 (B,), the lower edge of each bin, itself outside the bin.
        high: float64 (B,), the upper edge, inside the bin.
        rows: int64 (B,), how many predictions fall into the bin, at least 1.
        confidence: float64 (B,), their mean confidence.
        accuracy: float64 (B,), the share of them that is right.
    """

    low: np.ndarray
    high: np.ndarray
    rows: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error: the mean gap of a bin, weighted by its rows."""
        return float(np.average(np.abs(self.accuracy - self.confidence), weights=self.rows))


def calibration(confidence: np.ndarray, right: np.ndarray, bins: int) -> Calibration:
    """Return how far the confidence of the predictions can be trusted.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, equations 2 to 5.

    Args:
        confidence: float (N,), the probability of the predicted class, in [0, 1].
        right: bool (N,), whether the predicted class is the actual one.
        bins: how many bins divide [0, 1].
    """
    index = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    rows = np.bincount(index, minlength=bins)
    filled = np.flatnonzero(rows)
    return Calibration(
        low=filled / bins,
        high=(filled + 1) / bins,
        rows=rows[filled],
        confidence=np.bincount(index, confidence, bins)[filled] / rows[filled],
        accuracy=np.bincount(index, right, bins)[filled] / rows[filled],
    )


def cross_entropy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean negative logarithm of the actual class's probability, without any L2 penalty."""
    actual = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(actual, LEAST_PROBABILITY)).mean())


def roc_auc(labels: np.ndarray, probabilities: np.ndarray) -> float | None:
    """Return the mean area under the one-vs-rest ROC curves of the classes that stand in `labels`.

    None if fewer than two do: a curve needs rows of the class and rows of the rest.
    """
    present = np.unique(labels)
    if len(present) < 2:
        return None
    return float(np.mean([area(labels == label, probabilities[:, label]) for label in present]))


def area(positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the area under a ROC curve: how often a positive row outscores one of the rest.

    Source: Hanley and McNeil, "The meaning and use of the area under a ROC curve", Radiology 1982. Equal
    scores count half.

    Args:
        positive: bool (N,), with at least one row of each kind.
        scores: float (N,).
    """
    rest, number = np.sort(scores[~positive]), np.count_nonzero(positive)
    below, up_to = (np.searchsorted(rest, scores[positive], side) for side in ("left", "right"))
    return float((below.sum() + up_to.sum()) / (2 * number * len(rest)))


def bootstrap_interval(right: np.ndarray, resamples: int, seed: int) -> tuple[float, float]:
    """Return the 95 % percentile interval of the accuracy over resampled rows.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.

    Args:
        right: bool (N,), whether each row is predicted rightly.
        resamples: how many times N rows are drawn with replacement.
        seed: of the draws.
    """
    rows = len(right)
    # A row drawn with replacement is right with probability `accuracy`, so the number of right rows in
    # a resample is binomial: drawing it is drawing the rows.
    accuracies = np.random.default_rng(seed).binomial(rows, right.mean(), resamples) / rows
    low, high = np.percentile(accuracies, INTERVAL)
    return float(low), float(high)


def evaluation(
    labels: np.ndarray,
    probabilities: np.ndarray,
    clean: np.ndarray,
    bootstrap: int,
    bins: int,
    seed: int,
    classes: tuple[str, ...] = CLASSES,
    near_clean: np.ndarray | None = None,
) -> dict[str, Any]:
    """Return the metrics of the predictions, by the names that `dvc metrics diff` shows.

    A precision, recall or F1 whose denominator is zero counts as 0. A class that does not occur has these
    scores as 0 and support 0 in `per_class`, and no part in any average.

    Args:
        labels: integers (N,), the actual classes.
        probabilities: float (N, K), rows that sum to 1.
        clean: bool (N,), the rows whose exact image the training has not seen; they are scored again.
        bootstrap: resamples for the interval of the accuracy.
        bins: confidence bins of the expected calibration error.
        seed: of the bootstrap.
        classes: their K names, by their numbers.
        near_clean: bool (N,), the rows whose image does not even look like one that the training has seen; if
            given, they are scored again, too.
    """
    predicted = probabilities.argmax(axis=1)
    right = predicted == labels
    by_class = class_scores(labels, predicted, classes)
    low, high = bootstrap_interval(right, bootstrap, seed)
    metrics = {
        "rows": len(labels),
        "accuracy": right.mean(),
        "accuracy_low": low,
        "accuracy_high": high,
        "loss": cross_entropy(labels, probabilities),
        **{f"macro_{score}": macro(by_class, score) for score in SCORES},
        **{f"weighted_{score}": weighted(by_class, score) for score in SCORES},
        "roc_auc": roc_auc(labels, probabilities),
        "ece": calibration(probabilities.max(axis=1), right, bins).error,
        **{
            name: clean_scores(labels[chosen], predicted[chosen], classes)
            for name, chosen in (("clean", clean), ("near_clean", near_clean))
            if chosen is not None
        },
        "per_class": {
            name: {score: by_class[score][label].item() for score in (*SCORES, "support")}
            for label, name in enumerate(classes)
        },
    }
    return _rounded(metrics)


def class_scores(
    labels: np.ndarray, predicted: np.ndarray, classes: tuple[str, ...] = CLASSES
) -> dict[str, np.ndarray]:
    """Return columns of each class's name, precision, recall, F1 and support, each (K,); see `evaluation`."""
    hits, support, named = (
        np.bincount(chosen, minlength=len(classes))
        for chosen in (labels[predicted == labels], labels, predicted)
    )
    return {
        "class": np.array(classes),
        "precision": hits / np.maximum(named, 1),
        "recall": hits / np.maximum(support, 1),
        "f1": 2 * hits / np.maximum(named + support, 1),
        "support": support,
    }


def macro(by_class: dict[str, np.ndarray], score: str) -> float:
    """Return the mean of one of the `class_scores` over the classes that occur."""
    return float(by_class[score][by_class["support"] > 0].mean())


def weighted(by_class: dict[str, np.ndarray], score: str) -> float:
    """Return the mean of one of the `class_scores`, each class weighted by its faces."""
    return float(np.average(by_class[score], weights=by_class["support"]))


def clean_scores(
    labels: np.ndarray, predicted: np.ndarray, classes: tuple[str, ...] = CLASSES
) -> dict[str, float | int | None]:
    """Return accuracy and macro F1 of the clean rows, both None where there are none, and their number."""
    if len(labels) == 0:
        return {"accuracy": None, "macro_f1": None, "rows": 0}
    return {
        "accuracy": float((predicted == labels).mean()),
        "macro_f1": macro(class_scores(labels, predicted, classes), "f1"),
        "rows": len(labels),
    }


def report_table(labels: np.ndarray, predicted: np.ndarray, classes: tuple[str, ...] = CLASSES) -> str:
    """Return the paper's table: precision, recall, F1 and support of each class, then the averages.

    Classes that do not occur have no row; a last line names them.
    """
    by_class = class_scores(labels, predicted, classes)
    occurs = by_class["support"] > 0
    found = np.flatnonzero(occurs)
    wide = max(map(len, ["weighted avg", *(classes[label] for label in found)]))
    lines = [f"{'':>{wide}} {'precision':>10}{'recall':>10}{'f1-score':>10}{'support':>10}", ""]
    for label in found:
        scores = [by_class[score][label] for score in SCORES]
        lines.append(_report_row(classes[label], wide, scores, by_class["support"][label]))
    lines += ["", f"{'accuracy':>{wide}} {'':>20}{(predicted == labels).mean():>10.3f}{len(labels):>10}"]
    for name, average in (("macro avg", macro), ("weighted avg", weighted)):
        lines.append(_report_row(name, wide, [average(by_class, score) for score in SCORES], len(labels)))
    if not occurs.all():
        absent = ", ".join(by_class["class"][~occurs])
        lines += ["", f"no face of {absent}: the averages are over the other classes"]
    return "\n".join(lines)


def _report_row(name: str, wide: int, scores: list[float], support: int) -> str:
    return f"{name:>{wide}} " + "".join(f"{score:>10.3f}" for score in scores) + f"{support:>10}"


def _rounded(metrics: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _rounded(value) if isinstance(value, dict) else _short(value) for name, value in metrics.items()
    }


def _short(value: float | int | None) -> float | int | None:
    return round(float(value), DIGITS) if isinstance(value, float) else value
