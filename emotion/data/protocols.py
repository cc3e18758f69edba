"""The protocols of the split: which row goes to train, validation and test."""

from math import ceil

import numpy as np

from emotion.config.schema import PreprocessParams
from emotion.data.duplicates import duplicate_groups
from emotion.data.storage import SPLITS
from emotion.runtime.errors import UserError
from emotion.source.fer2013 import FIRST_LINE, USAGES, Table


def split_rows(table: Table, params: PreprocessParams) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows of the train, validation and test split, each in random order.

    Raises:
        UserError: a row has a fault, or a split has no face of some class: it would not be learnt, or the
            scores would leave it out without a word.
    """
    if table.faults:
        row, fault = next(iter(table.faults.items()))
        raise UserError(f"line {row + FIRST_LINE} of the CSV has a fault ({fault}); run: dvc repro validate")
    splits = _split_rows(table, params)
    _check_classes(table, splits, params)
    return splits


def _split_rows(table: Table, params: PreprocessParams) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if params.split == "official":
        rng = np.random.default_rng(params.seed)
        train, validation, test = (rng.permutation(rows) for rows in by_usage(table.usage))
        return train, validation, test
    groups = (
        _alike(table.images, params.near_distance) if params.split == "grouped" else np.arange(len(table))
    )
    try:
        return at_random(table.emotion, groups, params.validation, params.test, params.stratify, params.seed)
    except ValueError as error:
        raise UserError(
            f"{len(table):,} faces cannot be split as preprocess says ({error}): add some, or set other "
            "shares in preprocess.validation and .test"
        ) from error


def _alike(images: np.ndarray, near_distance: int | None) -> np.ndarray:
    """Return a number for each image, the same for those that are to stay in one split."""
    if near_distance is None:
        return duplicate_groups(images)
    from emotion.data.near_duplicates import near_groups  # here, because it imports SciPy

    return near_groups(images, near_distance)


def _check_classes(table: Table, splits: tuple[np.ndarray, ...], params: PreprocessParams) -> None:
    """Refuse splits of which one has no face of some class, and say what helps."""
    if absent := _absent(table.emotion, table.classes):
        raise UserError(
            f"the CSV has no face of {absent}, and every split must have some: add them, or name in "
            "data.classes the classes that it has"
        )
    for name, rows in zip(SPLITS, splits, strict=True):
        if absent := _absent(table.emotion[rows], table.classes):
            found = f"has no face of {absent}" if len(rows) else "is empty"
            raise UserError(f"the {name} split {found}: {_remedy(name, params)}")


def _absent(labels: np.ndarray, classes: tuple[str, ...]) -> str:
    """Return the names of the classes that are not among the labels."""
    return ", ".join(name for label, name in enumerate(classes) if label not in labels)


def _remedy(name: str, params: PreprocessParams) -> str:
    """Say what gives the split `name` faces of every class."""
    if params.split == "official":
        part = USAGES[SPLITS.index(name)]
        return f"add such faces with the Usage {part}, or set preprocess.split to random"
    stratify = "" if params.stratify else "set preprocess.stratify to true, "
    shares = "smaller preprocess.validation and .test" if name == "train" else f"a larger preprocess.{name}"
    return f"{stratify}add faces of it, or set {shares}"


def by_usage(usage: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows of the official train, validation (PublicTest) and test (PrivateTest) split.

    Args:
        usage: int (rows,), an index into USAGES for each row.
    """
    train, validation, test = (np.flatnonzero(usage == part) for part in range(len(USAGES)))
    return train, validation, test


def at_random(
    labels: np.ndarray,
    groups: np.ndarray,
    validation: float,
    test: float,
    stratify: bool,
    seed: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows of a random train, validation and test split.

    Args:
        labels: int (rows,), the class of each row.
        groups: int (rows,), numbered from 0; rows of one group stay together. A group a row is a
            plain random split.
        validation: share of the groups that validates.
        test: share of the groups that tests.
        stratify: keep the class shares equal in the three; a group counts as the class of its first row.
        seed: of the shuffle.
    """
    _, first_row = np.unique(groups, return_index=True)
    strata = labels[first_row] if stratify else None
    rest, tested = divided(np.arange(len(first_row)), test, seed, strata)
    trained, validated = divided(rest, validation / (1 - test), seed, strata)
    rng = np.random.default_rng(seed)
    train_rows, validation_rows, test_rows = (
        rng.permutation(np.flatnonzero(np.isin(groups, part))) for part in (trained, validated, tested)
    )
    return train_rows, validation_rows, test_rows


def divided(
    numbers: np.ndarray, share: float, seed: int, strata: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return what is left of the numbers and a random share of them: what train_test_split returns.

    Args:
        numbers: int (N,).
        share: how much is taken, in (0, 1), rounded up to whole numbers.
        seed: of the shuffle.
        strata: int, the class of each number; the share is then taken of every class alike.

    Raises:
        ValueError: nothing would be left, or a class has too few.
    """
    if strata is not None:
        from sklearn.model_selection import train_test_split  # two CPU seconds

        left, taken = train_test_split(numbers, test_size=share, random_state=seed, stratify=strata[numbers])
        return left, taken
    number = ceil(share * len(numbers))
    if number >= len(numbers):
        raise ValueError(f"a share of {share:.3g} leaves nothing of {len(numbers)}")
    order = np.random.RandomState(seed).permutation(len(numbers))
    return numbers[order[number:]], numbers[order[:number]]
