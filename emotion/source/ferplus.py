"""The votes of FER+: ten people on each face of FER-2013, in a file of their own.

Source: Barsoum et al., "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label
Distribution", ICMI 2016; the file is fer2013new.csv of https://github.com/microsoft/FERPlus, under the MIT
licence. It has a row for each row of FER-2013's CSV, in the same order, and no pixels. The names of images in
it say nothing of that order: four of them stand twice, and 173 rows have none: no face, to all ten.
"""

import hashlib
import re
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emotion.labels import CLASSES
from emotion.runtime.errors import UserError
from emotion.source.fer2013 import FIRST_LINE, USAGES

# FER-2013's seven keep their numbers, and what FER+ adds comes after them
FERPLUS_CLASSES = (*CLASSES, "Contempt")
UNKNOWN, NO_FACE = "unknown", "NF"  # what voters could say besides
_THEIRS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "contempt")
VOTED = (*_THEIRS, UNKNOWN, NO_FACE)  # columns of the votes, by our numbers of the classes
COLUMNS = (
    *("Usage", "Image name", "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear"),
    *("contempt", UNKNOWN, NO_FACE),
)
HEADER = f"{','.join(COLUMNS)}\n".encode("ascii")
VOTERS = 10  # of a face; one has the votes of nine
LIMIT = 16 << 20  # bytes, ten times the file's
TIMEOUT = 30  # seconds without a byte
_ROW = re.compile(rf"({'|'.join(USAGES)}),(fer\d{{7}}\.png)?,(\d\d?(?:,\d\d?){{9}})", re.ASCII)
_ORDER = [COLUMNS.index(name) - 2 for name in VOTED]


class Votes(NamedTuple):
    """The votes on each row of FER-2013's CSV.

    Attributes:
        usage: int8 (rows,), the part of the split that the file gives, an index into USAGES.
        counts: uint8 (rows, 10), how many voted for each of FERPLUS_CLASSES, for "unknown" and for "no face".
    """

    usage: np.ndarray
    counts: np.ndarray


def get_votes(where: str | Path, sha256: str | None) -> bytes:
    """Return the bytes of a file of votes.

    Args:
        where: the file, or a URL of http or https.
        sha256: its SHA-256; None accepts any.

    Raises:
        UserError: it is not there, has more than LIMIT bytes or another SHA-256, or holds no votes (see
            `parse_votes`).
    """
    try:
        if isinstance(where, str):
            with urllib.request.urlopen(where, timeout=TIMEOUT) as answer:
                content: bytes = answer.read(LIMIT + 1)
                if answer.length:  # so many bytes are missing
                    raise HTTPException("the server broke off")
        else:
            with where.open("rb") as file:
                content = file.read(LIMIT + 1)
    except (OSError, HTTPException, ValueError) as error:  # a URL without a host is a ValueError
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UserError(
            f"fetch.ferplus '{where}' cannot be read ({reason}): set it to FERPlus's fer2013new.csv, as a "
            "path or URL, or to null"
        ) from error
    if len(content) > LIMIT:
        raise UserError(f"fetch.ferplus '{where}' has more than {LIMIT:,} bytes: it is no file of votes")
    found = hashlib.sha256(content).hexdigest()
    if sha256 not in (None, found):
        raise UserError(
            f"fetch.ferplus '{where}' has SHA-256 {found}, and fetch.ferplus_sha256 is {sha256}: get the "
            "right file, or set fetch.ferplus_sha256 to the first (to null: any content)"
        )
    parse_votes(content, f"fetch.ferplus '{where}'")
    return content


def parse_votes(content: bytes, name: str) -> Votes:
    """Return the votes of a file as FERPlus writes it.

    Args:
        content: its bytes.
        name: what a message calls it.

    Raises:
        UserError: a row is none of votes, has not those of VOTERS (or one fewer), or has no name of an image
            though someone sees a face; the message names its line.
    """
    header, *lines = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").splitlines() or [""]
    if tuple(header.split(",")) != COLUMNS:
        raise UserError(f"{name} does not begin with the header of FERPlus's fer2013new.csv: get that file")
    usage = np.zeros(len(lines), np.int8)
    counts = np.zeros((len(lines), len(VOTED)), np.uint8)
    for row, line in enumerate(lines):
        found = _ROW.fullmatch(line)
        votes = [int(count) for count in found[3].split(",")] if found else []
        if not found or not VOTERS - 1 <= sum(votes) <= VOTERS:
            raise UserError(f"{name}, line {row + FIRST_LINE}: no row of {VOTERS} votes; get the file anew")
        if not found[2] and votes[-1] < VOTERS:
            raise UserError(f"{name}, line {row + FIRST_LINE}: a face without a name; get the file anew")
        usage[row], counts[row] = USAGES.index(found[1]), [votes[place] for place in _ORDER]
    return Votes(usage, counts)


def read_votes(path: Path) -> Votes | None:
    """Return the votes that fetch has put in place; None where it was given none.

    Raises:
        UserError: the file cannot be read; see `parse_votes`.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); run: dvc repro fetch") from error
    return None if content == HEADER else parse_votes(content, str(path))
