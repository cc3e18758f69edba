"""From the ten votes of FER+ on a face to its label, by the rules of those who collected them.

Source: Barsoum et al., ICMI 2016, as their code has it (`_process_data` in src/ferplus.py of
https://github.com/microsoft/FERPlus): a class with a single vote loses it first.
"""

from functools import lru_cache

import numpy as np

from emotion.runtime.errors import UserError
from emotion.source.fer2013 import FIRST_LINE, Table
from emotion.source.ferplus import FERPLUS_CLASSES, Votes

NONE = -1  # in place of a class: the voters do not agree on one, or hold it for no face
MOST_CLASSES = 3  # that share a face
ENOUGH = 0.75  # of the votes: classes with fewer votes than those that have so many together get no share
# Of the rows with a majority, the share under FER-2013's own label: 0.676 in the official order, 0.18 one row
# further down
LEAST_AGREEMENT = 0.4


def majority(counts: np.ndarray) -> np.ndarray:
    """Return the class that more than half of the votes are for, int8 (rows,), NONE where there is none.

    Args:
        counts: uint8 (rows, 10), see emotion.source.ferplus.Votes.
    """
    found = outcome(counts)
    return np.where(found < len(FERPLUS_CLASSES), found, NONE).astype(np.int8)


def outcome(counts: np.ndarray) -> np.ndarray:
    """Return the place in VOTED, also of "unknown" and "no face", that more than half are for; else NONE."""
    kept = np.where(counts > 1, counts, 0)
    clear = 2 * kept.max(axis=1) > kept.sum(axis=1)
    return np.where(clear, kept.argmax(axis=1), NONE).astype(np.int8)


def distribution(counts: np.ndarray) -> np.ndarray:
    """Return the share of each class, float32 (rows, 8); all 0 where the voters agree on too little.

    Args:
        counts: uint8 (rows, 10), see emotion.source.ferplus.Votes.
    """
    return np.array([_shares(*row) for row in counts.tolist()], np.float32).reshape(-1, len(FERPLUS_CLASSES))


@lru_cache(None)  # 35,887 rows have 5,335 different ones
def _shares(*votes: int) -> tuple[float, ...]:
    """Return the shares of the classes that have most votes.

    Classes are taken in the order of their votes, those with equally many together, until they have ENOUGH of
    the votes, are MOST_CLASSES, or "unknown" or "no face" is among them. None has a share if they have not
    more than half of the votes, or are more than MOST_CLASSES.
    """
    kept = [count if count > 1 else 0 for count in votes]
    chosen: list[int] = []
    taken = 0
    for most in sorted({*kept} - {0}, reverse=True):
        tied = [place for place, count in enumerate(kept) if count == most]
        of_faces = [place for place in tied if place < len(FERPLUS_CLASSES)]
        chosen += of_faces
        taken += most * len(of_faces)
        if of_faces != tied or taken >= ENOUGH * sum(kept) or len(chosen) >= MOST_CLASSES:
            break
    if 2 * taken <= sum(kept) or len(chosen) > MOST_CLASSES:
        chosen = []
    return tuple(kept[place] / taken if place in chosen else 0.0 for place in range(len(FERPLUS_CLASSES)))


def check_rows(votes: Votes, table: Table) -> None:
    """Refuse votes that are not of the rows of a CSV, in their order.

    Raises:
        UserError: there are more or fewer, a row is of another part of the split, or the voters agree with
            the labels no more often than by chance.
    """
    why = "the votes of FER+ are not of these faces"
    remedy = "fetch FER-2013 in its official order, or set fetch.ferplus to null"
    if len(votes.counts) != len(table):
        raise UserError(f"{why}: {len(votes.counts):,} rows of votes, {len(table):,} of faces; {remedy}")
    if other := np.flatnonzero(votes.usage != table.usage).tolist():
        raise UserError(f"{why}: in line {other[0] + FIRST_LINE} they give another Usage; {remedy}")
    most = majority(votes.counts)
    agreed = (most == table.emotion)[most != NONE]
    if not agreed.size or agreed.mean() < LEAST_AGREEMENT:
        share = agreed.mean() if agreed.size else 0
        raise UserError(f"{why}: they agree with {share:.0%} of the labels, as with other rows; {remedy}")
