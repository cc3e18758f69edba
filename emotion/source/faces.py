"""Faces of any layout, as every reader returns them and as they become the CSV of the pipeline."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from emotion.runtime.errors import UserError
from emotion.source.fer2013 import HEADER, csv_line

MOST_FAULTS = 1000  # faulty rows after which reading stops: the file is not what it should be
SHOWN = 3  # of them, in a message


class Face(NamedTuple):
    """One row.

    Attributes:
        image: uint8, 48 x 48 values in any shape; of no use where there is a fault.
        label: the number of its class.
        usage: its part of the split, an index into USAGES.
        origin: where it came from: a file and its line, or the name of a picture.
        fault: what is wrong with it; empty for a good one.
    """

    image: np.ndarray
    label: int
    usage: int
    origin: str
    fault: str = ""


class Faces(NamedTuple):
    """A table of faces, read row by row, so that its size costs no memory.

    Attributes:
        rows: the faces.
        found: what the reader found and how it took it, a line for the user each.
    """

    rows: Iterator[Face]
    found: list[str]


def as_csv(faces: Faces) -> Iterator[bytes]:
    """Yield the lines of the CSV that the pipeline reads.

    Raises:
        UserError: rows are faulty; the message names the first.
    """
    yield HEADER
    faults: list[str] = []
    for face in faces.rows:
        if face.fault:
            faults.append(f"{face.origin}: {face.fault}")
            if len(faults) == MOST_FAULTS:
                break
        elif not faults:  # what cannot be put in place need not be written
            yield csv_line(face.image, face.label, face.usage)
    if faults:
        more = f"; and {len(faults) - SHOWN:,} more faulty rows" if len(faults) > SHOWN else ""
        raise UserError(f"{'; '.join(faults[:SHOWN])}{more}")
