"""Hostile inputs for the reader, drawn by Hypothesis: spoilt CSVs, plain or zipped, spoilt zips, noise."""

import io
import zipfile
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from hypothesis import strategies as st

from emotion.source.fer2013 import PIXELS, USAGES

Change = Callable[[bytes, int, int, bytes], bytes]

END_OF_ZIP = b"PK\x05\x06" + bytes(18)
SEVERAL_DISKS = b"PK\x06\x07" + bytes(12) + b"\x02\0\0\0" + END_OF_ZIP
PIECES = [
    *b"0 6 7 -1 -0 +1 03 255 256 300 0255 1000 4294967297 1e2 1_0 0x1 1.0 nan ,, PK\x03\x04".split(),
    *b"Training PublicTest training emotion,pixels,Usage 3,1,Training =1+1".split(),
    *"\N{ARABIC-INDIC DIGIT TWO} \N{FULLWIDTH DIGIT TWO} \N{MINUS SIGN}1".encode().split(),
    *(bytes([character]) for character in b' \t\n\r\v\f\0\x1b\x85\xa0,;-+"'),
    *(b"", b"  ", b"\r\n", b"\n\n"),
    *(b"0" * 30 + b"5", b"0" * 5_000 + b"5", b"9" * 5_000, b" " * 8_000, b"1 " * 9_000),
    *(b"\xef\xbb\xbf", b"\xef\xbb\xbf" * 2, END_OF_ZIP, SEVERAL_DISKS),
    *(b"\xff" * 4, b"\xff" * 8, b"\x01\0\x08\0" + b"\xff" * 8),  # sizes and places in a zip
]
REPLACEMENTS = [
    *(
        (b"\n", b"\r\n"),
        (b"\n", b"\r"),
        (b"\n", b"\n\r"),
        (b"\n", b"\r\r\n"),
        (b"\n", b"\n\n"),
        (b"g\n", b"g,\n"),
    ),
    *(
        (b"g\n", b"g \n"),
        (b" ", b"  "),
        (b" ", b"\t"),
        (b" ", b"\v"),
        (b" ", b"\0"),
        (b" ", b"\n"),
        (b" ", b","),
    ),
    *(
        (b",", b";"),
        (b",", b", "),
        (b",", b"\t"),
        (b"1", b"01"),
        (b"1", b"-0"),
        (b"1", b"256"),
        (b"1", b"255"),
    ),
    *(
        (b"Test", b"test"),
        (b"a.csv", b"b.csv"),
        (b"a.csv", b"a.txt"),
        (b"a.csv", b"a\0csv"),
        (b".md", b".csv"),
    ),
]
LENGTHS = (0, 1, 2, 4, 8, 100, 1_000_000)


class Case(NamedTuple):
    """An input, and the only CSVs that may come out of it."""

    content: bytes
    csvs: tuple[bytes, ...]


def csv(rows: int, most: int) -> bytes:
    """Return a good CSV with pixels 0 to `most`."""
    lines = [b"emotion,pixels,Usage\n"]
    for row in range(rows):
        pixels = " ".join(str((row + place * place) % (most + 1)) for place in range(PIXELS))
        lines.append(f"{row},{pixels},{USAGES[row % 3]}\n".encode())
    return b"".join(lines)


def zipped(content: bytes, method: int = zipfile.ZIP_STORED, zip64: bool = False) -> bytes:
    """Return a zip of a CSV between two other files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        file.writestr("__MACOSX/._a.csv", b"")
        with file.open("data/a.csv", "w", force_zip64=zip64) as member:
            member.write(content)
        file.writestr("README.md", b"a")
        file.comment = b"faces"
    return buffer.getvalue()


def flipped(text: bytes, place: int, other: int, _: bytes) -> bytes:
    """Flip some bits of one byte."""
    place %= len(text) or 1
    byte = text[place : place + 1]
    return text[:place] + bytes(value ^ (other % 255 + 1) for value in byte) + text[place + 1 :]


def spliced(text: bytes, place: int, other: int, piece: bytes) -> bytes:
    """Put `piece` in the place of no byte, of a few or of the rest."""
    place %= len(text) + 1
    return text[:place] + piece + text[place + LENGTHS[other % len(LENGTHS)] :]


def replaced(text: bytes, place: int, other: int, _: bytes) -> bytes:
    """Replace one thing by another, at its first one to three places or everywhere."""
    old, new = REPLACEMENTS[place % len(REPLACEMENTS)]
    return text.replace(old, new, other % 4 or -1)


def swapped(separator: bytes, text: bytes, place: int, other: int, _: bytes) -> bytes:
    """Let two lines, fields or pixels change places."""
    parts = text.split(separator)
    one, two = place % len(parts), other % len(parts)
    parts[one], parts[two] = parts[two], parts[one]
    return separator.join(parts)


def repeated(separator: bytes, text: bytes, place: int, other: int, _: bytes) -> bytes:
    """Let a line, a field or a pixel stand in one more place."""
    parts = text.split(separator)
    parts.insert(place % (len(parts) + 1), parts[other % len(parts)])
    return separator.join(parts)


def moved(separator: bytes, text: bytes, place: int, other: int, _: bytes) -> bytes:
    """Move a line, a field or a pixel to another place."""
    parts = text.split(separator)
    part = parts.pop(other % len(parts))
    parts.insert(place % (len(parts) + 1), part)
    return separator.join(parts)


def exchanged(separator: bytes, text: bytes, place: int, _: int, piece: bytes) -> bytes:
    """Put `piece` in the place of a line, a field or a pixel."""
    parts = text.split(separator)
    parts[place % len(parts)] = piece
    return separator.join(parts)


OF_BYTES: list[Change] = [flipped, spliced, replaced]
OF_PARTS: list[Change] = [
    partial(change, separator)
    for change in (swapped, repeated, moved, exchanged)
    for separator in (b"\n", b",", b" ")
]
DEFLATED, STORED = csv(1, 1), b"emotion,pixels,Usage\n"
DEFLATED_ZIPS = [zipped(DEFLATED, zipfile.ZIP_DEFLATED, zip64) for zip64 in (False, True)]

# Built once: to build a strategy takes longer than to draw from it.
KINDS = st.sampled_from(("csv", "csv", "zipped csv", "zip", "zip", "noise"))
CSVS = st.sampled_from([csv(1, 1), csv(1, 255), csv(2, 1), csv(2, 255), csv(3, 9)])
ZIPS = st.sampled_from([*DEFLATED_ZIPS, zipped(STORED)])
NOISE = st.binary(max_size=300) | st.text("emotion,pixelsUsage0123 -\r\n\0\ufeff").map(str.encode)
IN_ZIPS, IN_CSVS = st.sampled_from(OF_BYTES), st.sampled_from(OF_BYTES + OF_PARTS)
PLACES = st.integers(-300, 300).map(lambda step: step**3 // 900)  # mostly near an end
FILLINGS = st.sampled_from(PIECES)


@st.composite
def cases(draw: st.DrawFn) -> list[Case]:
    """Draw a noise, or what becomes of a good file with each further change."""
    kind = draw(KINDS)
    if kind == "noise":
        noise = draw(NOISE)
        return [Case(noise, (noise,))]
    if kind == "zip":
        return [Case(content, (content, DEFLATED, STORED)) for content in spoilt(draw, ZIPS, IN_ZIPS)]
    texts = spoilt(draw, CSVS, IN_CSVS)
    return [Case(zipped(text) if kind == "zipped csv" else text, (text,)) for text in texts]


def spoilt(
    draw: st.DrawFn, whole: st.SearchStrategy[bytes], changes: st.SearchStrategy[Change]
) -> list[bytes]:
    """Draw a whole file and return it with no, one, two and three changes."""
    texts = [draw(whole)]
    for _ in range(3):
        texts.append(draw(changes)(texts[-1], draw(PLACES), draw(PLACES), draw(FILLINGS)))
    return texts
