import json
import math
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import classification_report, f1_score, precision_score, recall_score, roc_auc_score

from emotion.evaluation.scores import (
    bootstrap_interval,
    calibration,
    class_scores,
    clean_scores,
    cross_entropy,
    evaluation,
    report_table,
    roc_auc,
)
from emotion.labels import CLASSES

ROWS = 400
KEYS = [
    *("rows", "accuracy", "accuracy_low", "accuracy_high", "loss"),
    *("macro_precision", "macro_recall", "macro_f1"),
    *("weighted_precision", "weighted_recall", "weighted_f1"),
    *("roc_auc", "ece", "clean", "per_class"),
]
CLASS_KEYS = ["precision", "recall", "f1", "support"]
SKLEARN = {"precision": precision_score, "recall": recall_score, "f1": f1_score}


@pytest.fixture
def labels() -> np.ndarray:
    return np.random.default_rng(1).integers(0, len(CLASSES), ROWS).astype(np.uint8)


@pytest.fixture
def probabilities(labels: np.ndarray) -> np.ndarray:
    """Better than chance, far from perfect."""
    scores = np.random.default_rng(2).normal(size=(ROWS, len(CLASSES)))
    scores[np.arange(ROWS), labels] += 1.5
    return np.asarray(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True))


def one_hot(classes: list[int]) -> np.ndarray:
    return np.eye(len(CLASSES))[classes]


def test_cross_entropy_is_the_mean_negative_logarithm_of_the_actual_class() -> None:
    probabilities = np.array([[0.5, 0.5, 0, 0, 0, 0, 0], [0.25, 0.75, 0, 0, 0, 0, 0]])
    expected = (math.log(2) + math.log(4)) / 2
    assert cross_entropy(np.array([1, 0]), probabilities) == pytest.approx(expected)


def test_cross_entropy_of_a_class_held_impossible_is_large_and_finite() -> None:
    assert cross_entropy(np.array([0]), one_hot([1])) == pytest.approx(-math.log(1e-7))


def test_calibration_bins_hold_their_upper_edge_and_empty_bins_are_left_out() -> None:
    confidence = np.array([0.25, 0.26, 0.5, 0.9, 1.0])
    bins = calibration(confidence, np.array([True, False, True, True, True]), bins=4)
    assert bins.low.tolist() == [0, 0.25, 0.75]
    assert bins.high.tolist() == [0.25, 0.5, 1]
    assert bins.rows.tolist() == [1, 2, 2]
    assert bins.confidence == pytest.approx([0.25, 0.38, 0.95])
    assert bins.accuracy.tolist() == [1, 0.5, 1]
    assert bins.error == pytest.approx((1 * 0.75 + 2 * 0.12 + 2 * 0.05) / 5)


def test_calibration_error_of_a_classifier_as_sure_as_it_is_right_is_zero() -> None:
    right = np.array([True, True, True, False])
    assert calibration(np.full(4, 0.75), right, bins=15).error == pytest.approx(0)


def test_confidence_a_rounding_error_above_one_falls_into_the_last_bin() -> None:
    assert calibration(np.array([np.nextafter(1, 2)]), np.array([True]), bins=10).high.tolist() == [1]


def test_roc_auc_is_sklearns_one_vs_rest_mean(labels: np.ndarray, probabilities: np.ndarray) -> None:
    expected = roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
    assert roc_auc(labels, probabilities) == pytest.approx(expected)


def test_roc_auc_leaves_out_classes_without_rows(labels: np.ndarray, probabilities: np.ndarray) -> None:
    chosen = labels < 2
    both = [roc_auc_score(labels[chosen] == label, probabilities[chosen, label]) for label in (0, 1)]
    assert roc_auc(labels[chosen], probabilities[chosen]) == pytest.approx(np.mean(both))


def test_roc_auc_of_a_single_class_is_undefined() -> None:
    assert roc_auc(np.array([3, 3]), one_hot([3, 4])) is None


def test_bootstrap_interval_is_that_of_resampled_rows() -> None:
    right = np.arange(300) < 195
    rows = np.random.default_rng(0).integers(0, len(right), (20_000, len(right)))
    resampled = np.percentile(right[rows].mean(axis=1), [2.5, 97.5])
    assert bootstrap_interval(right, 20_000, seed=1) == pytest.approx(resampled, abs=0.004)


def test_bootstrap_interval_follows_its_seed() -> None:
    right = np.arange(3589) < 2333
    assert bootstrap_interval(right, 1000, seed=5) == bootstrap_interval(right, 1000, seed=5)
    assert bootstrap_interval(right, 1000, seed=5) != bootstrap_interval(right, 1000, seed=6)


def test_bootstrap_interval_of_a_perfect_classifier_is_a_point() -> None:
    assert bootstrap_interval(np.ones(10, bool), 100, seed=0) == (1, 1)


def test_evaluation_has_the_promised_keys_in_order(labels: np.ndarray, probabilities: np.ndarray) -> None:
    metrics = evaluation(labels, probabilities, labels < 3, bootstrap=1000, bins=15, seed=0)
    assert list(metrics) == KEYS
    assert list(metrics["clean"]) == ["accuracy", "macro_f1", "rows"]
    assert list(metrics["per_class"]) == list(CLASSES)
    assert all(list(scores) == CLASS_KEYS for scores in metrics["per_class"].values())


def test_evaluation_agrees_with_sklearn_to_four_digits(labels: np.ndarray, probabilities: np.ndarray) -> None:
    metrics = evaluation(labels, probabilities, labels < 3, bootstrap=1000, bins=15, seed=0)
    predicted = probabilities.argmax(axis=1)
    assert metrics["accuracy"] == round((predicted == labels).mean(), 4)
    assert metrics["accuracy_low"] < metrics["accuracy"] < metrics["accuracy_high"]
    classes = metrics["per_class"].values()
    for name, score in SKLEARN.items():
        for average in ("macro", "weighted"):
            assert metrics[f"{average}_{name}"] == round(score(labels, predicted, average=average), 4)
        expected = [round(value, 4) for value in score(labels, predicted, average=None)]
        assert [scores[name] for scores in classes] == expected
    assert [scores["support"] for scores in classes] == np.bincount(labels).tolist()


def test_class_scores_agree_with_sklearn(labels: np.ndarray, probabilities: np.ndarray) -> None:
    predicted = probabilities.argmax(axis=1)
    scores = class_scores(labels, predicted)
    assert list(scores) == ["class", *CLASS_KEYS]
    assert scores["class"].tolist() == list(CLASSES)
    for name, score in SKLEARN.items():
        assert scores[name] == pytest.approx(score(labels, predicted, average=None))
    assert scores["support"].tolist() == np.bincount(labels).tolist()


def test_evaluation_scores_the_clean_rows_alone() -> None:
    labels = np.array([0, 1, 2, 3])
    clean = np.array([True, True, False, False])
    metrics = evaluation(labels, one_hot([0, 0, 2, 3]), clean, bootstrap=100, bins=10, seed=0)
    assert metrics["accuracy"] == 0.75
    assert metrics["clean"] == {"accuracy": 0.5, "macro_f1": round(2 / 3 / 2, 4), "rows": 2}


def test_evaluation_scores_the_near_clean_rows_only_if_they_are_given() -> None:
    labels, clean, near_clean = np.array([0, 1, 2, 3]), np.ones(4, bool), np.array([True, False, True, True])
    given: dict[str, Any] = {"bootstrap": 100, "bins": 10, "seed": 0}
    metrics = evaluation(labels, one_hot([0, 0, 2, 3]), clean, near_clean=near_clean, **given)
    assert metrics["near_clean"] == {"accuracy": 1.0, "macro_f1": 1.0, "rows": 3}
    assert "near_clean" not in evaluation(labels, one_hot([0, 0, 2, 3]), clean, **given)


def test_evaluation_of_one_class_and_no_clean_row_is_valid_json() -> None:
    metrics = evaluation(np.array([3, 3]), one_hot([3, 4]), np.zeros(2, bool), bootstrap=100, bins=10, seed=0)
    assert metrics["roc_auc"] is None
    assert metrics["clean"] == {"accuracy": None, "macro_f1": None, "rows": 0}
    assert metrics["per_class"]["Disgust"] == {"precision": 0, "recall": 0, "f1": 0, "support": 0}
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics


AVERAGES = [f"{average}_{score}" for average in ("macro", "weighted") for score in SKLEARN]


def test_perfect_predictions_of_six_classes_are_perfect_in_every_average() -> None:
    labels = np.array([0, 2, 3, 4, 5, 6])
    metrics = evaluation(labels, one_hot(labels.tolist()), labels > 2, bootstrap=100, bins=10, seed=0)
    assert {name: metrics[name] for name in (*AVERAGES, "roc_auc")} == dict.fromkeys(
        [*AVERAGES, "roc_auc"], 1
    )
    assert metrics["clean"]["macro_f1"] == 1  # of four classes
    assert metrics["per_class"]["Disgust"] == {"precision": 0, "recall": 0, "f1": 0, "support": 0}


def test_a_face_taken_for_a_class_that_does_not_occur_costs_its_own_class_alone() -> None:
    labels = np.array([0, 0, 3, 3])
    metrics = evaluation(labels, one_hot([0, 1, 3, 3]), labels >= 0, bootstrap=100, bins=10, seed=0)
    assert metrics["macro_recall"] == (0.5 + 1) / 2
    assert metrics["macro_f1"] == metrics["clean"]["macro_f1"] == round((2 / 3 + 1) / 2, 4)


def test_clean_scores_are_averaged_over_the_classes_of_the_clean_rows() -> None:
    labels = np.array([0, 1])
    assert clean_scores(labels, labels)["macro_f1"] == 1


@pytest.mark.parametrize("classes", [CLASSES, (*CLASSES[:6], "neither happy nor sad")])
def test_the_report_of_all_classes_is_sklearns(
    classes: tuple[str, ...], labels: np.ndarray, probabilities: np.ndarray
) -> None:
    predicted = probabilities.argmax(axis=1)
    assert report_table(labels, predicted, classes) == classification_report(
        labels, predicted, target_names=classes, digits=3
    ).rstrip("\n")


def test_the_report_names_the_classes_that_do_not_occur() -> None:
    labels = np.array([0, 2, 3, 5, 6])
    lines = report_table(labels, labels).splitlines()
    assert lines[-1] == "no face of Disgust, Sad: the averages are over the other classes"
    rows = [line.split() for line in lines if line]
    assert [row[0] for row in rows[1:6]] == ["Angry", "Fear", "Happiness", "Surprise", "Neutral"]
    assert ["macro", "avg", "1.000", "1.000", "1.000", "5"] in rows


def test_the_metrics_have_each_of_more_classes_than_fer2013_has() -> None:
    classes = tuple("ABCDEFGHI")
    labels = np.arange(18) % 9
    metrics = evaluation(labels, np.eye(9)[labels], np.ones(18, bool), 100, 15, 0, classes)
    assert list(metrics["per_class"]) == list(classes)
    assert {scores["f1"] for scores in metrics["per_class"].values()} == {1.0}
    assert metrics["macro_f1"] == 1
