import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from emotion.data.protocols import at_random, by_usage, divided
from emotion.source.fer2013 import PUBLISHED_COUNTS

ROWS = 35_887
LABELS = np.repeat(np.arange(7), PUBLISHED_COUNTS)
ALONE = np.arange(ROWS)


def split(
    labels: np.ndarray = LABELS, groups: np.ndarray = ALONE, stratify: bool = False, seed: int = 42
) -> tuple[np.ndarray, ...]:
    return at_random(labels, groups, validation=0.09, test=0.10, stratify=stratify, seed=seed)


def test_official_split_follows_usage() -> None:
    usage = np.array([0, 2, 1, 0, 2, 0])
    train, validation, test = by_usage(usage)
    assert (train.tolist(), validation.tolist(), test.tolist()) == ([0, 3, 5], [2], [1, 4])


def test_random_split_has_the_sizes_of_the_paper() -> None:
    assert [len(rows) for rows in split()] == [29_068, 3_230, 3_589]


def test_every_row_is_in_exactly_one_split() -> None:
    assert np.array_equal(np.sort(np.concatenate(split())), ALONE)


def test_same_seed_same_rows_in_the_same_order() -> None:
    for first, second in zip(split(), split(), strict=True):
        assert np.array_equal(first, second)


def test_another_seed_another_test_split() -> None:
    assert not np.array_equal(split()[2], split(seed=43)[2])


@pytest.mark.parametrize("rows", [7, 1001, ROWS])
@pytest.mark.parametrize("share", [0.1, 1 / 3, 0.09 / 0.9])
def test_a_share_is_the_one_that_scikit_learn_takes(rows: int, share: float) -> None:
    numbers = 3 * np.arange(rows)
    for seed in (0, 42, 2**32 - 1):
        expected = train_test_split(numbers, test_size=share, random_state=seed)
        for ours, theirs in zip(divided(numbers, share, seed), expected, strict=True):
            assert np.array_equal(ours, theirs)


def test_a_share_that_leaves_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"^a share of 0\.96 leaves nothing of 7$"):
        divided(np.arange(7), 0.96, seed=0)


def test_rows_are_shuffled() -> None:
    train = split()[0]
    assert np.mean(np.diff(train) > 0) == pytest.approx(0.5, abs=0.02)


def test_stratified_splits_have_equal_class_shares() -> None:
    shares = np.array(PUBLISHED_COUNTS) / ROWS
    for rows in split(stratify=True):
        assert np.bincount(LABELS[rows], minlength=7) / len(rows) == pytest.approx(shares, abs=2e-4)


def test_unstratified_splits_differ_in_class_shares() -> None:
    shares = [np.bincount(LABELS[rows], minlength=7) / len(rows) for rows in split()]
    assert np.abs(shares[1] - shares[2]).max() > 1e-3


@pytest.mark.parametrize("stratify", [False, True])
def test_groups_never_cross_splits(stratify: bool) -> None:
    groups = np.random.default_rng(0).integers(0, 20_000, ROWS)
    groups = np.unique(groups, return_inverse=True)[1]
    owners = [set(groups[rows].tolist()) for rows in split(groups=groups, stratify=stratify)]
    assert sum(map(len, owners)) == len(set(groups.tolist()))
    assert set.union(*owners) == set(groups.tolist())


def test_a_class_too_rare_to_stratify_is_an_error() -> None:
    labels = np.array([0] * 50 + [1])
    with pytest.raises(ValueError, match="least populated class"):
        split(labels, np.arange(51), stratify=True)
