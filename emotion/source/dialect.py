"""CSVs of the right content in another dialect: how they differ, and what converts them."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from emotion.source.fer2013 import COLUMNS, LONGEST_LINE, parse_line

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
INDEX = ("", "unnamed: 0")  # the name of pandas' index: as it is written, and as it is read back


class Difference(NamedTuple):
    """One difference in words, and what overcomes it in pandas.

    Attributes:
        words: what the CSV has that it must not have.
        read: an argument of read_csv.
        rename: a call of rename.
        write: an argument of to_csv.
    """

    words: str
    read: str = ""
    rename: str = ""
    write: str = ""


def conversion(path: Path) -> str:
    """Return in one line how the CSV at `path` differs from one of FER-2013, and what converts it.

    The header and the first row decide. The line is empty unless that row is good once it is converted.
    """
    with path.open("rb") as file:
        header, row = (file.readline(LONGEST_LINE).rstrip(b"\r\n") for _ in range(2))
    header = header.removeprefix(b"\xef\xbb\xbf")
    if header == ",".join(COLUMNS).encode() and not parse_line(row)[2]:
        return ""
    for delimiter in DELIMITERS:
        names, fields = _fields(header, delimiter), _fields(row, delimiter)
        if len(fields) == len(names) + 1:  # R leaves the index out of the header
            names = ["", *names]
        places = {name.strip().lower(): place for place, name in enumerate(names)}
        if len(fields) == len(names) and all(name.lower() in places for name in COLUMNS):
            text = delimiter.encode().join((b"", header, row))
            differences = list(_differences(text, delimiter, names))
            converted = ",".join(fields[places[name.lower()]] for name in COLUMNS)
            if differences and not parse_line(converted.encode())[2]:
                return _advice(differences)
    return ""


def _differences(text: bytes, delimiter: str, names: list[str]) -> Iterator[Difference]:
    """Yield what keeps a CSV with these first lines and names from being one of FER-2013."""
    if delimiter != ",":
        yield Difference(f"{DELIMITERS[delimiter]} between its fields", read=f"sep={delimiter!r}")
    if f"{delimiter} ".encode() in text:
        yield Difference("spaces before its fields", read="skipinitialspace=True")
    if b'"' in text:
        yield Difference("quotes around its fields", write="quoting=csv.QUOTE_MINIMAL")
    if names[0].lower() in INDEX:
        yield Difference("an index column", read="index_col=0")
        names = names[1:]
    spelt = {name.lower(): name for name in COLUMNS}
    others = {name: right for name in names if (right := spelt.get(name.strip().lower(), name)) != name}
    if others:
        yield Difference("column names in another spelling", rename=f".rename(columns={others})")
    if [name.strip().lower() for name in names] != list(spelt):
        more = len(names) > len(COLUMNS)
        words = "more columns" if more else "its columns in another order"
        yield Difference(words, write=f"columns={list(COLUMNS)}")


def _advice(differences: list[Difference]) -> str:
    words, *calls = zip(*differences, strict=True)
    read, rename, write = (list(filter(None, parts)) for parts in calls)
    found = f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
    read, write = ['"old.csv"', *read], ['"new.csv"', "index=False", *write]
    pandas = f"pandas.read_csv({', '.join(read)}){''.join(rename)}.to_csv({', '.join(write)})"
    return f"the CSV has {found}: convert it with {pandas}"


def _fields(line: bytes, delimiter: str) -> list[str]:
    try:
        text = line.decode("utf-8", "replace")
        return next(csv.reader([text], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []
