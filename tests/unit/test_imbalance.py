import numpy as np
import pytest

from emotion.training.imbalance import class_weights, epoch_rows, log_shares
from emotion.training.logit_adjustment import adjusted, adjustment_strength

LABELS = np.repeat(np.arange(7), [40, 4, 36, 80, 48, 32, 60]).astype(np.uint8)
COUNTS = np.bincount(LABELS)


def test_without_weights_there_is_none() -> None:
    assert class_weights(LABELS, "none", 7) is None


def test_balanced_weights_give_each_class_the_same_sum() -> None:
    weights = class_weights(LABELS, "balanced", 7)
    assert weights is not None
    assert weights * COUNTS == pytest.approx(np.full(7, len(LABELS) / 7))


def test_weights_of_the_square_root_are_half_way_and_keep_the_mean_of_the_rows() -> None:
    weights, balanced = class_weights(LABELS, "sqrt", 7), class_weights(LABELS, "balanced", 7)
    assert weights is not None
    assert balanced is not None
    assert weights / weights[0] == pytest.approx(np.sqrt(balanced / balanced[0]))
    assert weights[LABELS].mean() == pytest.approx(1)


def test_a_natural_epoch_has_every_row_once_in_another_order() -> None:
    rows = epoch_rows(LABELS, "natural", np.random.default_rng(0))
    assert sorted(rows) == list(range(len(LABELS)))
    assert list(rows) != sorted(rows)


def test_a_balanced_epoch_is_as_long_and_has_each_class_as_often() -> None:
    labels = np.tile(LABELS, 50)
    rows = epoch_rows(labels, "balanced", np.random.default_rng(0))
    assert len(rows) == len(labels)
    assert np.bincount(labels[rows]) == pytest.approx(len(labels) / 7, rel=0.1)


def test_shares_are_those_of_the_rows_and_an_absent_class_counts_as_one() -> None:
    assert np.exp(log_shares(LABELS, 7)) == pytest.approx(COUNTS / len(LABELS))
    assert np.exp(log_shares(np.array([0, 0, 3]), 7)[1]) == pytest.approx(1 / 8)


def test_a_network_that_favours_the_common_classes_is_adjusted_and_a_fair_one_is_not() -> None:
    """Logits in which the class shares stand once too often: the strength that takes them out is 1."""
    rng = np.random.default_rng(0)
    labels, shares = np.tile(np.arange(7), 300), log_shares(LABELS, 7)
    fair = 4 * np.eye(7)[labels] + rng.normal(size=(len(labels), 7))
    assert adjustment_strength([softmax(fair + shares)], labels, shares) == pytest.approx(1, abs=0.25)
    assert adjustment_strength([softmax(fair)], labels, shares) == pytest.approx(0, abs=0.25)


def test_of_equally_good_strengths_the_smallest_is_taken() -> None:
    labels = np.arange(7)
    assert adjustment_strength([np.eye(7)], labels, log_shares(LABELS, 7)) == 0


def test_each_view_is_adjusted_before_the_mean() -> None:
    rng = np.random.default_rng(0)
    one, other, shifts = rng.normal(size=(5, 7)), rng.normal(size=(5, 7)), rng.normal(size=7)
    expected = (softmax(one - shifts) + softmax(other - shifts)) / 2
    assert adjusted([softmax(one), softmax(other)], shifts) == pytest.approx(expected)


def softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits)
    probabilities: np.ndarray = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities
