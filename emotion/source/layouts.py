"""The layouts in which faces come, and how each becomes the CSV that the pipeline reads."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from emotion.config.schema import Layout
from emotion.runtime.errors import UserError
from emotion.source.archive import CHUNK
from emotion.source.contents import csv_chunks
from emotion.source.dialect import dialect_of, read_dialect
from emotion.source.faces import Faces, as_csv


def official_csv(source: Path, layout: Layout, member: str | None) -> Iterator[bytes]:
    """Yield the bytes of the CSV that the pipeline reads, and print what was found and how it was taken.

    A CSV that is in FER-2013's own layout stays as it is, byte for byte, but for empty lines at its end; what
    is wrong with its rows is validation's to say. So does one of no layout that is known.

    Args:
        source: a file.
        layout: the name of the layout, or `auto` to recognise it.
        member: the CSV to read of an archive with several; None where there is one.

    Raises:
        UserError: the faces cannot be read; the message says why and what helps.
    """
    chunks = csv_chunks(source, member)
    start = next(chunks, b"")
    dialect = None if layout == "official" else dialect_of(start, str(source))
    if layout == "csv" and dialect is None:
        raise UserError(f"{source} has no header with emotion and pixels and a row that fits it")
    if dialect is None or (layout == "auto" and not dialect.differences):
        known = dialect or layout == "official"
        print("layout: official, left as it is" if known else "layout: none that is known, left as it is")
        return _without_empty_end(chain([start], chunks))
    return _converted(read_dialect(chain([start], chunks), dialect, str(source)))


def _converted(faces: Faces) -> Iterator[bytes]:
    print("layout:", *faces.found, sep="\n  ")
    return as_csv(faces)


def _without_empty_end(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a text without the empty lines at its end."""
    held = b""
    for chunk in chunks:
        text = chunk.rstrip(b"\r\n")
        if text or len(held) > CHUNK:
            yield held
            yield text
            held = chunk[len(text) :]
        else:
            held += chunk
    yield held[: 2 if held.startswith(b"\r\n") else 1]
