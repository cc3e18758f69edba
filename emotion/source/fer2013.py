"""The FER-2013 CSV: its columns, its published counts, and how it is read and written.

Source: Goodfellow et al., "Challenges in Representation Learning: A report on three machine learning
contests", ICONIP 2013. A file has the header `emotion,pixels,Usage` and a row for each face: a class
0 to 6 (or one of `data.classes`), 48 x 48 grey values 0 to 255 separated by spaces, and the part of the
contest's split.
"""

import errno
import mmap
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple

import numpy as np

from emotion.labels import CLASSES, SIDE
from emotion.runtime.errors import FULL, UserError
from emotion.runtime.files import scratch
from emotion.source.pixels import PixelReader

PUBLISHED_COUNTS = (4953, 547, 5121, 8989, 6077, 4002, 6198)
COLUMNS = ("emotion", "pixels", "Usage")
USAGES = ("Training", "PublicTest", "PrivateTest")
PIXELS = SIDE * SIDE
FIRST_LINE = 2  # the line of row 0 in an editor: the header is line 1

NO_ROOM = (*FULL, errno.EFBIG)  # what reading never fails with
INT32 = np.iinfo(np.int32)
UNKNOWN = INT32.min  # no integer, or none of USAGES
LONGEST_LINE = 16 * 1024  # bytes; an official row has at most 9,230
LONGEST_HEADER = 300  # characters of a header that are kept to be shown
BATCH = 12  # rows that are parsed at once: few enough for a processor's cache
BLOCK = 1024  # rows whose facts are kept as Python's own numbers, which take ten times the memory
MOST_FAULTS = 1000  # faulty rows after which reading stops: the file is not what it should be

HEADER = f"{','.join(COLUMNS)}\n".encode("ascii")
_PIXELS = [str(value) for value in range(256)]
_USAGES = {name.encode(): index for index, name in enumerate(USAGES)}


@dataclass(frozen=True)
class Table:
    """A CSV as it was found, faults included; every array has one entry a row.

    Attributes:
        columns: the header's names, in their order, as far as a message can show them; empty for an empty
            file.
        emotion: int32, the class as it stands there; UNKNOWN where it is not an integer.
        usage: int32, an index into USAGES; UNKNOWN where it is none of them.
        images: uint8 (rows, 48, 48, 1), mapped from a file; zeros where a row has not exactly 2,304 values 0
            to 255.
        fields: int32, how many fields the row has.
        pixel_count: int32, how many values the pixel field has.
        non_integers: int32, how many of those are not integers.
        out_of_range: int32, how many of the integers are not 0 to 255.
        faults: what is wrong with a row, by its number from 0, for the rows that have a fault.
        classes: the names of the classes, by their numbers.
    """

    columns: tuple[str, ...]
    emotion: np.ndarray
    usage: np.ndarray
    images: np.ndarray
    fields: np.ndarray
    pixel_count: np.ndarray
    non_integers: np.ndarray
    out_of_range: np.ndarray
    faults: dict[int, str]
    classes: tuple[str, ...] = CLASSES

    def __len__(self) -> int:
        return len(self.emotion)

    @property
    def whole(self) -> np.ndarray:
        """Bool (rows,): which rows have an image of exactly 2,304 values 0 to 255."""
        faults = np.abs(self.pixel_count - PIXELS) + self.non_integers + self.out_of_range
        return np.asarray(faults == 0)


class Row(NamedTuple):
    """What is known of a row besides its image; the defaults are those of a row without a fault."""

    emotion: int = UNKNOWN
    usage: int = UNKNOWN
    fields: int = len(COLUMNS)
    pixel_count: int = PIXELS
    non_integers: int = 0
    out_of_range: int = 0


def read_csv(path: Path, classes: tuple[str, ...] = CLASSES) -> Table:
    """Read a CSV of the FER-2013 schema in one pass; the images go to a file beside it that has no name.

    The system keeps as much of that file in memory as it has room for.
    A byte-order mark and CRLF line ends are read rightly. Faults of the content do not raise: they
    are described in the table, for validation to judge. After MOST_FAULTS faulty rows the rest of
    the file is not read, which the last fault says.

    Args:
        path: the CSV.
        classes: the names of its classes, by their numbers.

    Raises:
        UserError: the file cannot be read, or there is no room for the images.
    """
    facts = bytearray()
    faults: dict[int, str] = {}
    try:
        with path.open("rb") as file, scratch(path.parent) as pixels:
            lines = _lines(file)
            columns = _columns(next(lines, b""))
            parsed = _until_too_many(parse_lines(lines, len(classes)), faults)
            while block := list(islice(parsed, BLOCK)):
                facts += np.array([row for row, _ in block], np.int32).tobytes()
                pixels.writelines(image for _, image in block)
            images = _mapped(pixels).reshape(-1, SIDE, SIDE, 1)
    except OSError as error:
        if error.errno in NO_ROOM:
            reason = f"could not be written beside it ({error.strerror}): is the disk full?"
            raise UserError(f"the images of {path} {reason}") from error
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    return Table(
        columns=columns,
        images=images,
        faults=faults,
        classes=classes,
        **dict(zip(Row._fields, np.frombuffer(facts, np.int32).reshape(-1, len(Row._fields)).T, strict=True)),
    )


def _until_too_many(
    parsed: Iterable[tuple[Row, bytes, str]], faults: dict[int, str]
) -> Iterator[tuple[Row, bytes]]:
    """Yield the facts and the image of each row, and note the faults, until there are MOST_FAULTS of them."""
    for number, (row, image, fault) in enumerate(parsed):
        if fault:
            faults[number] = fault
        if len(faults) == MOST_FAULTS:
            faults[number] += f"; reading stopped here, after {MOST_FAULTS:,} faulty rows"
            yield row, image
            return
        yield row, image


def _mapped(file: IO[bytes]) -> np.ndarray:
    """Return the bytes of a file, uint8 (size,), in memory that the system can take back."""
    file.flush()
    if file.tell() == 0:  # which cannot be mapped
        return np.empty(0, np.uint8)
    return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)


def write_csv(path: Path, images: Iterable[np.ndarray], emotion: Iterable[int], usage: Iterable[int]) -> None:
    """Write faces as a CSV of exactly the FER-2013 schema.

    Args:
        path: where to write.
        images: uint8 (48, 48) or (48, 48, 1) each.
        emotion: the class of each row.
        usage: the index into USAGES of each row.
    """
    with path.open("wb") as file:
        file.write(HEADER)
        for image, label, part in zip(images, emotion, usage, strict=True):
            file.write(csv_line(image, label, part))


def csv_line(image: np.ndarray, label: int, part: int) -> bytes:
    """Return the line of a face, with its end.

    Args:
        image: uint8, 2,304 values in any shape.
        label: the number of its class.
        part: the index into USAGES.
    """
    pixels = " ".join([_PIXELS[value] for value in image.ravel().tolist()])
    return f"{label},{pixels},{USAGES[part]}\n".encode("ascii")


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines without their ends; of a longer one, the first LONGEST_LINE + 1 bytes."""
    while line := file.readline(LONGEST_LINE + 1):
        if line.endswith(b"\n"):
            yield line[:-1].removesuffix(b"\r")
            continue
        yield line
        rest = line
        while len(rest) > LONGEST_LINE and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST_LINE + 1)


def _columns(header: bytes) -> tuple[str, ...]:
    """Return the names of a header; of a long one, those at its start."""
    text = header.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "backslashreplace")
    shown = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text[: LONGEST_HEADER + 1])
    if len(shown) > LONGEST_HEADER:
        shown = f"{shown[:LONGEST_HEADER]}…"
    return tuple(shown.split(",")) if shown else ()


def parse_lines(lines: Iterator[bytes], classes: int = len(CLASSES)) -> Iterator[tuple[Row, bytes, str]]:
    """Yield for each line the facts, the image as bytes, and the fault in words or ''.

    Args:
        lines: without their ends.
        classes: how many there are.
    """
    labels = {str(label).encode(): label for label in range(classes)}
    pixels = PixelReader(PIXELS, BATCH * PIXELS * 4)  # three digits and a space each
    while batch := list(islice(lines, BATCH)):
        yield from _parse(batch, labels, pixels)


def _parse(lines: list[bytes], labels: dict[bytes, int], pixels: PixelReader) -> list[tuple[Row, bytes, str]]:
    """Parse lines all at once if all are regular, else one by one."""
    rows = [line.split(b",") for line in lines]
    if all(len(row) == len(COLUMNS) and row[0] in labels and row[2] in _USAGES for row in rows):
        images = pixels.read([row[1] for row in rows])
        if images is not None:
            facts = [Row(labels[label], _USAGES[usage]) for label, _, usage in rows]
            return [(row, image.tobytes(), "") for row, image in zip(facts, images, strict=True)]
    if len(lines) == 1:
        return [parse_line(lines[0], len(labels))]
    return [row for line in lines for row in _parse([line], labels, pixels)]


def parse_line(line: bytes, classes: int = len(CLASSES)) -> tuple[Row, bytes, str]:
    """Read any line, slowly, and say everything that is wrong with it."""
    if not line:
        return Row(fields=0, pixel_count=0), bytes(PIXELS), "the line is empty"
    if len(line) > LONGEST_LINE:
        fault = f"the line has more than {LONGEST_LINE:,} bytes"
        return Row(fields=0, pixel_count=0), bytes(PIXELS), fault
    fields = line.split(b",")
    label, pixels, usage = [*fields, b"", b""][:3]
    emotion = _integer(label)
    tokens = re.findall(rb"[^ \t]+", pixels)  # split() would also take a lone CR for white space
    integers = [_integer(token) for token in tokens]
    odd = [token for token, integer in zip(tokens, integers, strict=True) if integer is None]
    outside = [integer for integer in integers if integer is not None and not 0 <= integer <= 255]

    faults = []
    if len(fields) != len(COLUMNS):
        faults.append(f"{_counted(len(fields), 'field')} instead of {len(COLUMNS)}")
    if emotion is None or not 0 <= emotion < classes:
        faults.append(f"emotion is {_shown(label)}")
    if len(tokens) != PIXELS:
        faults.append(f"{_counted(len(tokens), 'pixel')} instead of {PIXELS:,}")
    if odd:
        faults.append(f"pixel value {_shown(odd[0])} is not an integer")
    if outside:
        faults.append(f"pixel value {outside[0]} is outside 0 to 255")
    if usage not in _USAGES:
        faults.append(f"Usage is {_shown(usage)}")
    row = Row(
        emotion=UNKNOWN if emotion is None else emotion,
        usage=_USAGES.get(usage, UNKNOWN),
        fields=len(fields),
        pixel_count=len(tokens),
        non_integers=len(odd),
        out_of_range=len(outside),
    )
    whole = len(tokens) == PIXELS and not odd and not outside
    image = bytes(integer or 0 for integer in integers) if whole else bytes(PIXELS)
    return row, image, ", ".join(faults)


@lru_cache(1000)  # rows that are read slowly repeat a few hundred values
def _integer(text: bytes) -> int | None:
    """Return the integer, one of many digits as an end of int32, or None if it is not one."""
    if not re.fullmatch(rb"-?[0-9]+", text):
        return None
    return int(min(max(float(text), INT32.min), INT32.max))  # int() is quadratic in the digits


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _shown(text: bytes) -> str:
    """Return the start of a field as it can stand in a message of one line."""
    return repr(text[:20])[1:]
