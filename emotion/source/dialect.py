"""CSVs of FER-2013's columns in other dialects, told by their first two lines."""

import csv
import re
from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import numpy as np

from emotion.runtime.errors import UserError
from emotion.source.archive import shown
from emotion.source.classes import OWN_CLASSES, Classes
from emotion.source.faces import Face, Faces
from emotion.source.fer2013 import COLUMNS, LONGEST_LINE, USAGES, parse_lines

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
INDEX = ("", "unnamed: 0")  # the name of pandas' index: as it is written, and as it is read back
BOM = b"\xef\xbb\xbf"
FERPLUS = {"image name", "contempt", "nf"}  # among the columns of its votes
NO_USAGE = "no column Usage: every face counts as Training, so preprocess.split: official will refuse it"
_USAGES = {name.lower(): name for name in USAGES}


class Dialect(NamedTuple):
    """How a CSV is written.

    Attributes:
        delimiter: the character between its fields.
        fields: how many each row has.
        label: the place among them of the class; None where it is not read.
        pixels: the place of the pixels.
        usage: the place of the part of the split; None where there is no such column.
        differences: from FER-2013's own dialect, in words.
    """

    delimiter: str
    fields: int
    label: int | None
    pixels: int
    usage: int | None
    differences: list[str]


def dialect_of(start: bytes, name: str, classes: Classes) -> Dialect | None:
    """Tell the dialect of a CSV from its header and first row; None if they fit none.

    Args:
        start: the start of the CSV: 2 x LONGEST_LINE bytes, if it has so many.
        name: what a message calls the CSV.
        classes: its classes.

    Raises:
        UserError: it has no pixels or no classes, so that nothing can be learnt from it, or has them twice.
    """
    header, row = _first_lines(start)
    for delimiter in DELIMITERS:
        names, fields, places = _columns(header, row, delimiter, name)
        _refuse_what_cannot_be_learnt(places, name)
        if {"emotion", "pixels"} <= places.keys() and len(fields) == len(names):
            dialect = Dialect(
                delimiter, len(names), places["emotion"], places["pixels"], places.get("usage"), []
            )
            text = delimiter.encode().join((b"", header, row))
            dialect.differences.extend(_of_form(text, delimiter, names))
            dialect.differences.extend(_of_values(fields, dialect, classes))
            return dialect
    return None


def read_dialect(chunks: Iterator[bytes], dialect: Dialect, name: str, classes: Classes) -> Faces:
    """Return the faces of a CSV in a dialect; its empty lines are passed over.

    Args:
        chunks: the bytes of the CSV.
        dialect: see `dialect_of`.
        name: what a message calls the CSV.
        classes: its classes.
    """
    found = [f"csv, with {' and '.join(dialect.differences) or 'nothing unusual'}"]
    no_usage = [NO_USAGE] if dialect.usage is None else []
    return Faces(_rows(chunks, dialect, name, classes), found + no_usage)


def read_pixels(chunks: Iterator[bytes], name: str) -> Iterator[Face]:
    """Yield the faces of a CSV with a column `pixels`, whatever else it has; their labels mean nothing.

    Args:
        chunks: the bytes of the CSV; the first has its first two lines.
        name: what a message calls the CSV.

    Raises:
        UserError: it has no such column, or two of them.
    """
    start = next(chunks, b"")
    header, row = _first_lines(start)
    for delimiter in DELIMITERS:
        names, fields, places = _columns(header, row, delimiter, name)
        if "pixels" in places and len(fields) == len(names):
            dialect = Dialect(delimiter, len(names), None, places["pixels"], None, [])
            yield from _rows(chain([start], chunks), dialect, name, Classes())
            return
    raise UserError(f"{name} has no header with pixels and a row that fits it")


def _first_lines(start: bytes) -> tuple[bytes, bytes]:
    header, row = [*start[: 2 * LONGEST_LINE].removeprefix(BOM).splitlines(), b"", b""][:2]
    return header, row


def _columns(
    header: bytes, row: bytes, delimiter: str, name: str
) -> tuple[list[str], list[str], dict[str, int]]:
    """Return the names of the columns, the fields of the first row, and the place of each name.

    Raises:
        UserError: a column that is read stands there twice.
    """
    names, fields = _fields(header, delimiter), _fields(row, delimiter)
    if len(fields) == len(names) + 1:  # R leaves the index out of the header
        names = ["", *names]
    columns = [column.strip().lower() for column in names]
    for column in COLUMNS:
        if columns.count(column.lower()) > 1:
            raise UserError(f"{name} has the column {column} twice: leave one, or rename the other")
    return names, fields, {column: place for place, column in enumerate(columns)}


def _rows(chunks: Iterator[bytes], dialect: Dialect, name: str, classes: Classes) -> Iterator[Face]:
    waiting: deque[tuple[int, str]] = deque()  # numbers and faults of the lines that are being parsed

    def official_lines() -> Iterator[bytes]:
        for number, line in enumerate(_lines(chunks, name), start=1):
            if number > 1 and line.strip():
                fields = _fields(line, dialect.delimiter)
                fault = _fault(fields, dialect, classes)
                waiting.append((number, fault))
                yield b"" if fault else _official(fields, dialect, classes)

    for row, image, fault in parse_lines(official_lines(), len(classes.names)):
        number, of_form = waiting.popleft()
        if fault and not 0 <= row.emotion < len(classes.names):
            fault += f"; {OWN_CLASSES}"
        origin = f"{name}, line {number}"
        yield Face(np.frombuffer(image, np.uint8), row.emotion, row.usage, origin, of_form or fault)


def _lines(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Yield the lines of a CSV without their ends, each in bounded memory."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
        if len(rest) > LONGEST_LINE:
            raise UserError(f"{name} has a line of more than {LONGEST_LINE:,} bytes: no face has that many")
    yield rest


def _fault(fields: list[str], dialect: Dialect, classes: Classes) -> str:
    """Say what is wrong with a row that the parser would not find."""
    if len(fields) != dialect.fields:
        return f"{len(fields)} fields instead of {dialect.fields}"
    if classes.numeric and dialect.label is not None:  # else the parser would take 0 for the first of 1, 2, 3
        text = fields[dialect.label]
        if _class_of(text, classes) is None:
            return f"emotion is '{shown(text)}', and data.classes has no such name"
    return ""


def _official(fields: list[str], dialect: Dialect, classes: Classes) -> bytes:
    """Return a row as FER-2013 has it; what cannot be converted is left for the parser to find."""
    usage = USAGES[0] if dialect.usage is None else fields[dialect.usage]
    converted = (
        "0" if dialect.label is None else _label(fields[dialect.label], classes),
        fields[dialect.pixels],
        _USAGES.get(usage.lower(), usage),
    )
    return ",".join(converted).encode()


def _label(text: str, classes: Classes) -> str:
    """Return the number of a class that is written as a word or with decimals, else the text itself."""
    number = _class_of(text, classes)
    return _whole(text) if number is None else str(number)


def _class_of(text: str, classes: Classes) -> int | None:
    """Return the number of a class that is written as a word, which may be a number and have decimals."""
    number = classes.number(text)
    return classes.number(_whole(text)) if number is None else number


def _whole(text: str) -> str:
    """Return a whole number without its decimals, and any other text as it is."""
    return re.sub(r"^([0-9]{1,9})\.0{1,9}$", r"\1", text)


def _fields(line: bytes, delimiter: str) -> list[str]:
    try:
        text = line.decode("utf-8", "replace")
        fields = next(csv.reader([text], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []
    return [field.strip() for field in fields]


def _refuse_what_cannot_be_learnt(places: dict[str, int], name: str) -> None:
    if places.keys() >= FERPLUS:
        raise UserError(
            f"{name} is FERPlus's fer2013new.csv: votes on the faces of FER-2013 and no pixels; "
            "set fetch.ferplus to it, and give the CSV of the faces here"
        )
    if "pixels" in places and "emotion" not in places:
        raise UserError(
            f"{name} has pixels and no column emotion, as the test.csv of the challenge: "
            "nothing can be learnt from it; give a CSV with both (python -m emotion.predict takes such faces)"
        )


def _of_form(text: bytes, delimiter: str, names: list[str]) -> Iterator[str]:
    """Yield in words how the header and the first row are written otherwise than FER-2013's."""
    if delimiter != ",":
        yield f"{DELIMITERS[delimiter]} between its fields"
    if f"{delimiter} ".encode() in text or f" {delimiter}".encode() in text:
        yield "spaces round its fields"
    if b'"' in text:
        yield "quotes round its fields"
    if names[0].lower() in INDEX:
        yield "an index column"
        names = names[1:]
    known = {column.lower(): column for column in COLUMNS}
    columns = [name for name in names if name.lower() in known]
    if any(name not in COLUMNS for name in columns):
        yield "column names in another case"
    if others := [name for name in names if name not in columns]:
        yield f"columns that are not used ({', '.join(repr(name)[1:-1] for name in others)[:100]})"
    if [name.lower() for name in columns] != [name for name in known if name in map(str.lower, columns)]:
        yield "its columns in another order"
    if "usage" not in map(str.lower, columns):
        yield "no Usage"


def _of_values(fields: list[str], dialect: Dialect, classes: Classes) -> Iterator[str]:
    """Yield in words how the first row gives its class and its part of the split otherwise."""
    label = "" if dialect.label is None else fields[dialect.label]
    if classes.numeric or classes.number(label) is not None:
        yield "classes by name"
    elif _label(label, classes) != label:
        yield "classes with decimals"
    usage = "" if dialect.usage is None else fields[dialect.usage]
    if usage not in USAGES and usage.lower() in _USAGES:
        yield "Usage in another case"
