"""The splits, under the labels that are asked for."""

from collections.abc import Iterator, Sequence

import numpy as np

from emotion.config.schema import Labels
from emotion.data.storage import SPLITS, Chosen, Split
from emotion.data.votes import NONE, distribution, majority
from emotion.runtime.errors import UserError
from emotion.source.fer2013 import Table
from emotion.source.ferplus import FERPLUS_CLASSES, Votes


def labelled(
    table: Table, rows: Sequence[np.ndarray], labels: Labels, votes: Votes | None = None
) -> Iterator[Split]:
    """Yield the train, validation and test split.

    A face is in the same split whatever the labels are; under FER+'s, faces on which the voters do not agree
    are left out. Validation and test are always under the majority, so that `ferplus_soft` is measured on the
    same faces as `ferplus_majority`.

    Args:
        table: the faces, and FER-2013's labels.
        rows: the rows of each split, see emotion.data.protocols.split_rows.
        labels: `fer2013`, the majority of FER+'s voters, or, to learn from, the shares of their votes.
        votes: those of FER+.

    Raises:
        UserError: a split has no face of some class, or there are no votes.
    """
    if labels == "fer2013":
        for chosen in rows:
            yield _split(table, chosen, table.emotion[chosen], table.classes)
        return
    if votes is None:
        raise UserError(f"preprocess.labels is {labels}, and there are no votes: set fetch.ferplus")
    known = []
    for name, chosen in zip(SPLITS, rows, strict=True):
        numbers, targets = majority(votes.counts[chosen]), None
        if labels == "ferplus_soft" and name == "train":
            targets = distribution(votes.counts[chosen])
            numbers = np.where(targets.any(axis=1), targets.argmax(axis=1), NONE)
        kept = numbers != NONE
        _check_classes(name, numbers[kept])
        known.append((chosen[kept], numbers[kept], None if targets is None else targets[kept]))
    for chosen, numbers, targets in known:
        yield _split(table, chosen, numbers, FERPLUS_CLASSES, targets)


def _split(
    table: Table,
    rows: np.ndarray,
    labels: np.ndarray,
    classes: tuple[str, ...],
    targets: np.ndarray | None = None,
) -> Split:
    return Split(Chosen(table.images, rows), labels.astype(np.uint8), rows.astype(np.int32), classes, targets)


def _check_classes(name: str, labels: np.ndarray) -> None:
    absent = [each for number, each in enumerate(FERPLUS_CLASSES) if number not in labels]
    if absent:
        raise UserError(
            f"the {name} split has no face of {', '.join(absent)} by FER+'s votes: set preprocess.labels to "
            "fer2013, or take more faces"
        )
