"""The FER-2013 CSV: its columns, its published counts, and how it is read and written.

Source: Goodfellow et al., "Challenges in Representation Learning: A report on three machine learning
contests", ICONIP 2013. A file has the header `emotion,pixels,Usage` and a row for each face: a class
0 to 6, 48 x 48 grey values 0 to 255 separated by spaces, and the part of the contest's split.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from emotion.errors import UserError
from emotion.labels import CLASSES, SIDE

PUBLISHED_COUNTS = (4953, 547, 5121, 8989, 6077, 4002, 6198)
COLUMNS = ("emotion", "pixels", "Usage")
USAGES = ("Training", "PublicTest", "PrivateTest")
PIXELS = SIDE * SIDE
FIRST_LINE = 2  # the line of row 0 in an editor: the header is line 1

UNKNOWN = -1
LONGEST_LINE = 64 * 1024  # an official row has at most 9,230 bytes
BLOCK = 4 * 1024 * 1024
INT32 = np.iinfo(np.int32)

IntArray = np.ndarray[tuple[int], np.dtype[np.int32]]
ByteArray = np.ndarray[tuple[int], np.dtype[np.uint8]]


@dataclass(frozen=True)
class Table:
    """A CSV as it was found, faults included; every array has one entry a row.

    Attributes:
        columns: the header's names, in their order; empty for an empty file.
        emotion: int32, the class; UNKNOWN where it is not an integer.
        usage: int32, an index into USAGES; UNKNOWN where it is none of them.
        images: uint8 (rows, 48, 48, 1); zeros where a row has not exactly 2,304 values 0 to 255.
        fields: int32, how many fields the row has.
        pixel_count: int32, how many values the pixel field has.
        non_integers: int32, how many of those are not integers.
        pixel_min: int32, the least of the integers; 0 where there is none.
        pixel_max: int32, the greatest of the integers; 0 where there is none.
        faults: what is wrong with a row, by its number from 0, for the rows that have a fault.
    """

    columns: tuple[str, ...]
    emotion: IntArray
    usage: IntArray
    images: np.ndarray[tuple[int, int, int, int], np.dtype[np.uint8]]
    fields: IntArray
    pixel_count: IntArray
    non_integers: IntArray
    pixel_min: IntArray
    pixel_max: IntArray
    faults: dict[int, str]

    def __len__(self) -> int:
        return len(self.emotion)


def read_csv(path: Path) -> Table:
    """Read a CSV of the FER-2013 schema in blocks, one vectorised parse a block.

    A byte-order mark and CRLF line ends are read rightly. Faults of single rows do not raise: they
    are described in the table, for validation to judge.

    Raises:
        UserError: the file is not there, or a line is too long for any CSV of this kind.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    with file:
        blocks = _whole_lines(file, path)
        first = next(blocks, b"").removeprefix(b"\xef\xbb\xbf")
        header, _, rest = first.partition(b"\n")
        columns = _columns(header)
        parts: list[Table] = []
        rows = 0
        for block in _chain(rest, blocks):
            part = _parse(np.frombuffer(block, np.uint8), columns, rows)
            rows += len(part)
            parts.append(part)
    return _joined(columns, parts)


def write_csv(path: Path, images: np.ndarray, emotion: Iterable[int], usage: Iterable[int]) -> None:
    """Write faces as a CSV of exactly the FER-2013 schema.

    Args:
        path: where to write.
        images: uint8 (rows, 48, 48) or (rows, 48, 48, 1).
        emotion: the class of each row, 0 to 6.
        usage: the index into USAGES of each row.
    """
    text = [str(value) for value in range(256)]
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write(",".join(COLUMNS) + "\n")
        for image, label, part in zip(images, emotion, usage, strict=True):
            pixels = " ".join([text[value] for value in image.ravel().tolist()])
            file.write(f"{label},{pixels},{USAGES[part]}\n")


def _columns(header: bytes) -> tuple[str, ...]:
    text = header.removesuffix(b"\r").decode("utf-8", "backslashreplace")
    return tuple(text.split(",")) if text else ()


def _chain(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from others


def _whole_lines(file: BinaryIO, path: Path) -> Iterator[bytes]:
    """Yield blocks that end at a line's end, in memory bounded by the block and the longest line."""
    rest, line = b"", 1
    while data := file.read(BLOCK):
        cut = data.rfind(b"\n") + 1
        if cut:
            block = rest + data[:cut]
            yield block
            line += block.count(b"\n")
            rest = data[cut:]
        else:
            rest += data
        if len(rest) > LONGEST_LINE:
            raise UserError(f"{path}: line {line} has more than {LONGEST_LINE:,} bytes: not a FER-2013 CSV")
    if rest:
        yield rest + b"\n"


def _parse(data: ByteArray, columns: tuple[str, ...], first_row: int) -> Table:
    """Parse whole lines: regular rows all at once, each other row by `_parse_line`."""
    ends = np.flatnonzero(data == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    stops = ends - (data[np.maximum(ends - 1, 0)] == ord("\r"))
    rows = len(ends)

    commas = np.flatnonzero(data == ord(","))
    first_comma = np.searchsorted(commas, starts)
    comma_count = np.searchsorted(commas, ends) - first_comma
    regular = (comma_count == 2) & (stops - starts < LONGEST_LINE)
    padded = np.append(commas, [0, 0])
    comma1 = np.where(regular, padded[np.minimum(first_comma, len(commas))], starts + 1)
    comma2 = np.where(regular, padded[np.minimum(first_comma + 1, len(commas))], starts + 1)

    digits = data - np.uint8(ord("0"))  # wraps round: only digits come out below 10
    is_digit = digits < 10
    emotion = digits[starts].astype(np.int32)
    regular &= (comma1 == starts + 1) & is_digit[starts]
    usage = _usages(data, comma2 + 1, stops)
    regular &= usage != UNKNOWN

    # In a regular row the only bytes besides digits, commas and spaces are the letters of its Usage.
    others = np.flatnonzero(~is_digit & (data != ord(" ")) & (data != ord(",")))
    other_count = np.searchsorted(others, stops) - np.searchsorted(others, starts)
    regular &= other_count == np.maximum(stops - comma2 - 1, 0)

    is_digit[starts] = False  # the class is not a pixel
    last = np.flatnonzero(is_digit & ~np.append(is_digit[1:], False))
    values, too_long = _numbers(digits, is_digit, last)
    first_value = np.searchsorted(last, starts)
    pixel_count = np.searchsorted(last, ends) - first_value
    regular &= pixel_count == PIXELS
    bad = np.flatnonzero(too_long | (values > 255))
    regular &= np.searchsorted(bad, first_value + pixel_count) == np.searchsorted(bad, first_value)

    images = np.zeros((rows, PIXELS), np.uint8)
    if regular.all():
        images[:] = values.reshape(rows, PIXELS)
    else:
        for row in np.flatnonzero(regular):
            images[row] = values[first_value[row] : first_value[row] + PIXELS]
    table = Table(
        columns=columns,
        emotion=emotion,
        usage=usage,
        images=images.reshape(rows, SIDE, SIDE, 1),
        fields=np.full(rows, len(COLUMNS), np.int32),
        pixel_count=pixel_count.astype(np.int32),
        non_integers=np.zeros(rows, np.int32),
        pixel_min=images.min(axis=1, initial=255).astype(np.int32),
        pixel_max=images.max(axis=1, initial=0).astype(np.int32),
        faults={},
    )
    for row in np.flatnonzero(~regular | (emotion >= len(CLASSES))):
        line = data[starts[row] : stops[row]][:LONGEST_LINE].tobytes()
        _parse_line(line, row, table, first_row)
    return table


def _usages(data: ByteArray, starts: np.ndarray, stops: np.ndarray) -> IntArray:
    """Return which of USAGES stands between each start and stop, or UNKNOWN."""
    usage = np.full(len(starts), UNKNOWN, np.int32)
    for index, name in enumerate(USAGES):
        rows = np.flatnonzero(stops - starts == len(name))
        letters = data[starts[rows, None] + np.arange(len(name))]
        usage[rows[(letters == np.frombuffer(name.encode(), np.uint8)).all(axis=1)]] = index
    return usage


def _numbers(digits: ByteArray, is_digit: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers that end at `last`, and which of them have more than three digits."""
    tens = is_digit[last - 1]
    hundreds = tens & is_digit[last - 2]
    values = digits[last].astype(np.uint16)
    values += digits[last - 1] * tens * np.uint16(10)
    values += digits[last - 2] * hundreds * np.uint16(100)
    return values, hundreds & is_digit[last - 3]


def _parse_line(line: bytes, row: int, table: Table, first_row: int) -> None:
    """Read one irregular line with care, and enter what is wrong with it into the table."""
    fields = line.split(b",")
    emotion, pixels, usage = [*fields, b"", b"", b""][:3]
    tokens = pixels.split()
    numbers = [int(token[:12]) for token in tokens if re.fullmatch(rb"-?[0-9]+", token)]
    low, high = min(numbers, default=0), max(numbers, default=0)

    table.fields[row] = len(fields)
    table.emotion[row] = _integer(emotion)
    table.usage[row] = USAGES.index(usage.decode()) if usage in _USAGE_BYTES else UNKNOWN
    table.pixel_count[row] = len(tokens)
    table.non_integers[row] = len(tokens) - len(numbers)
    table.pixel_min[row] = np.clip(low, INT32.min, INT32.max)
    table.pixel_max[row] = np.clip(high, INT32.min, INT32.max)
    whole = len(numbers) == len(tokens) == PIXELS and low >= 0 and high <= 255
    if whole:
        table.images[row] = np.array(numbers, np.uint8).reshape(SIDE, SIDE, 1)

    faults = []
    if len(fields) != len(COLUMNS):
        faults.append(f"{len(fields)} fields instead of {len(COLUMNS)}")
    if not 0 <= table.emotion[row] < len(CLASSES):
        faults.append(f"emotion is {_shown(emotion)}")
    if len(tokens) != PIXELS:
        faults.append(f"{len(tokens):,} pixels instead of {PIXELS:,}")
    if len(numbers) < len(tokens):
        odd = next(token for token in tokens if not re.fullmatch(rb"-?[0-9]+", token))
        faults.append(f"pixel value {_shown(odd)} is not an integer")
    if low < 0 or high > 255:
        faults.append(f"pixel value {low if low < 0 else high} is outside 0 to 255")
    if table.usage[row] == UNKNOWN:
        faults.append(f"Usage is {_shown(usage)}")
    if faults:
        table.faults[first_row + row] = ", ".join(faults)


_USAGE_BYTES = tuple(name.encode() for name in USAGES)


def _integer(text: bytes) -> int:
    return int(text) if re.fullmatch(rb"-?[0-9]{1,6}", text) else UNKNOWN


def _shown(text: bytes) -> str:
    return repr(text[:20].decode("utf-8", "backslashreplace"))


def _joined(columns: tuple[str, ...], parts: list[Table]) -> Table:
    if not parts:
        parts = [_parse(np.zeros(0, np.uint8), columns, 0)]
    faults = {row: fault for part in parts for row, fault in part.faults.items()}
    names = ("emotion", "usage", "images", "fields", "pixel_count", "non_integers", "pixel_min", "pixel_max")
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Table(columns=columns, faults=faults, **arrays)
