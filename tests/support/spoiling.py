"""Ways to spoil a good CSV: each is a function from its bytes to others."""

import io
from collections.abc import Callable
from typing import Any

import pandas

LINE = 10  # the one that is mostly spoilt: row 8

Spoil = Callable[[bytes], bytes]


def line(change: Callable[[bytes], bytes], number: int = LINE) -> Spoil:
    """Return what changes one line, given and returned without its end."""

    def spoil(content: bytes) -> bytes:
        lines = content.split(b"\n")
        lines[number - 1] = change(lines[number - 1])
        return b"\n".join(lines)

    return spoil


def field(index: int, change: Callable[[bytes], bytes]) -> Spoil:
    """Return what changes one field of line 10."""

    def spoil(text: bytes) -> bytes:
        fields = text.split(b",")
        fields[index] = change(fields[index])
        return b",".join(fields)

    return line(spoil)


def pixel(value: bytes, place: int = 100) -> Spoil:
    """Return what puts another value in the place of one pixel of line 10."""

    def spoil(pixels: bytes) -> bytes:
        values = pixels.split()
        values[place] = value
        return b" ".join(values)

    return field(1, spoil)


def column(index: int) -> Spoil:
    """Return what removes a column from every line."""

    def spoil(content: bytes) -> bytes:
        rows = [text.split(b",") for text in content.splitlines()]
        return b"".join(b",".join(row[:index] + row[index + 1 :]) + b"\n" for row in rows)

    return spoil


def written(**options: Any) -> Spoil:
    """Return what reads the CSV with pandas and writes it with these options of to_csv."""
    return lambda content: pandas.read_csv(io.BytesIO(content)).to_csv(**options).encode()


def header(names: bytes) -> Spoil:
    return line(lambda _: names, 1)


def cut(size: int) -> Spoil:
    return lambda content: content[:-size]
