"""A strict reading of a FER-2013 CSV, row by row and slow: what it refuses, the reader must not accept."""

import io
import re
from functools import lru_cache
from typing import NamedTuple

from emotion.source.fer2013 import LONGEST_LINE, PIXELS

ROW = re.compile(rb"([^,\r\n]*),([^,\r\n]*),(Training|PublicTest|PrivateTest)(?:\r?\n)?")


class Faces(NamedTuple):
    """The content of an acceptable CSV, with an entry for each row."""

    labels: list[int]
    images: list[list[int]]
    usages: list[str]


def strict(content: bytes) -> Faces | None:
    """Return the faces of a CSV, or None if anything is wrong with it.

    It may have a byte-order mark, CRLF for any LF and no newline at the end; any blanks and tabs round
    and between pixels; leading zeros; and -0 for 0.
    """
    header, *lines = io.BytesIO(content.removeprefix(b"\xef\xbb\xbf")).readlines() or [b""]
    if header not in (b"emotion,pixels,Usage\n", b"emotion,pixels,Usage\r\n") or not lines:
        return None
    faces = Faces([], [], [])
    for line in lines:
        match = ROW.fullmatch(line)
        if match is None or len(line.removesuffix(b"\n")) > LONGEST_LINE:
            return None
        label = integer(match[1])
        pixels = [integer(token) for token in re.split(rb"[ \t]+", match[2].strip(b" \t"))]
        image = [value for value in pixels if value is not None and value <= 255]
        if label is None or label > 6 or len(pixels) != PIXELS or len(image) != PIXELS:
            return None
        faces.labels.append(label)
        faces.images.append(image)
        faces.usages.append(match[3].decode())
    return faces


@lru_cache(10_000)
def integer(text: bytes) -> int | None:
    """Return an integer 0 to 999 in ASCII digits, or None for anything else."""
    match = re.fullmatch(rb"0*([0-9]{1,3})|-0+", text)
    return match and int(match[1] or b"0")
