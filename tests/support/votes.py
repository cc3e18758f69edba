"""Invented votes of FER+ on the rows of a test."""

import numpy as np

from emotion.source.fer2013 import USAGES
from emotion.source.ferplus import COLUMNS, HEADER, VOTED, VOTERS

MOST = 7  # votes for the class that a row is to have


def votes_of(voted: np.ndarray, usage: np.ndarray, second: int = 8) -> bytes:
    """Return a file of votes, as FERPlus writes it.

    Args:
        voted: integers (rows,), the place in VOTED that has MOST votes; negative for five votes each for two.
        usage: integers (rows,), an index into USAGES.
        second: the place of the other votes.
    """
    lines = []
    for row, (most, part) in enumerate(zip(voted, usage, strict=True)):
        counts = np.zeros(len(VOTED), int)
        counts[[0, 1]] += (5, 5) if most < 0 else (0, 0)
        if most >= 0:
            counts[most] += MOST
            counts[second] += VOTERS - MOST
        by_name = dict(zip(VOTED, counts, strict=True))
        name = f"fer{row:07d}.png" if counts[-1] < VOTERS else ""
        lines.append(",".join([USAGES[part], name, *(str(by_name[column]) for column in COLUMNS[2:])]))
    return HEADER + "".join(f"{line}\n" for line in lines).encode()
