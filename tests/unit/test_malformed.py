"""Malformed CSVs: each is blocked with a message that names its fault, or, if harmless, read rightly.

The good file that each of them spoils has 40 rows; row 8, on line 10, is the one that is mostly spoilt.
"""

import csv
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas
import pytest

from emotion.runtime.errors import UserError
from emotion.source.fer2013 import LONGEST_LINE
from stages import validate
from tests.support.csvs import ROWS, write_good_csv
from tests.support.parameters import write_params

LINE = 10

FERPLUS = (
    b"Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"  # its votes
)

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


BLOCKED: dict[str, tuple[Spoil, str]] = {
    "empty file": (lambda _: b"", "line 1: there is no header"),
    "empty first line": (lambda content: b"\n" + content, "line 1: there is no header"),
    "header alone": (lambda content: content.splitlines(True)[0], "expected exactly 40 rows; found 0"),
    "no header": (lambda content: content.split(b"\n", 1)[1], "line 1: the header is"),
    "column missing": (column(2), "line 1: the header is emotion,pixels; it must be emotion,pixels,Usage"),
    "column missing in the header alone": (
        header(b"emotion,pixels"),
        "line 1: the header is emotion,pixels;",
    ),
    "names swapped": (header(b"pixels,emotion,Usage"), "line 1: the header is pixels,emotion,Usage;"),
    "name twice": (header(b"emotion,pixels,Usage,Usage"), "line 1: the header is emotion,pixels,Usage,Usage"),
    "name of a fact": (
        header(b"emotion,pixels,Line"),
        "line 1: the header is emotion,pixels,Line; it must be emotion,pixels,Usage",
    ),
    "names that are markup": (header(b"[red],:smile:,<b>"), "line 1: the header is [red],:smile:,<b>;"),
    "NUL byte in a name": (header(b"emotion,pix\0els,Usage"), r"the header is emotion,pix\x00els,Usage;"),
    "very many columns": (lambda _: b"a," * 10**6, "line 1: the header is a,a,a,a,a,a,a,a,a,a,a,"),
    "columns of FERPlus": (header(FERPLUS), f"line 1: the header is {FERPLUS.decode()}; it must be emotion"),
    "letters of other languages": (
        header("Gefühl,пиксели,用途".encode()),
        "line 1: the header is Gefühl,пиксели,用途; it must be emotion",
    ),
    "header in the middle": (
        line(lambda text: b"emotion,pixels,Usage"),
        "line 10: emotion is 'emotion', 1 pixel instead of 2,304, pixel value 'pixels' is not an integer",
    ),
    "field missing": (line(lambda text: text[2:]), "line 10: 2 fields instead of 3"),
    "field added": (line(lambda text: text + b","), "line 10: 4 fields instead of 3"),
    "blank line in the middle": (line(lambda text: text + b"\n"), "line 11: the line is empty"),
    "blank lines at the end": (lambda content: content + b"\n\n", "line 42: the line is empty"),
    "line emptied": (line(lambda _: b""), "line 10: the line is empty"),
    "row too few": (lambda content: content[: content[:-1].rindex(b"\n") + 1], "40 rows; found 39"),
    "row too many": (lambda content: content + content.split(b"\n")[-2] + b"\n", "40 rows; found 41"),
    "label 7": (field(0, lambda _: b"7"), "line 10: emotion is '7'"),
    "label -1": (field(0, lambda _: b"-1"), "line 10: emotion is '-1'"),
    "label 2.5": (field(0, lambda _: b"2.5"), "line 10: emotion is '2.5'"),
    "label NaN": (field(0, lambda _: b"NaN"), "line 10: emotion is 'NaN'"),
    "label missing": (field(0, lambda _: b""), "line 10: emotion is ''"),
    "label with a space": (field(0, lambda text: b" " + text), "line 10: emotion is ' "),
    "label in words": (field(0, lambda _: b"Happiness"), "line 10: emotion is 'Happiness'"),
    "label in quotes": (field(0, lambda _: b'"3"'), "line 10: emotion is '\"3\"'"),
    "label of many digits": (field(0, lambda _: b"9" * 5000), "line 10: emotion is '99999999999999999999'"),
    "pixel missing": (
        field(1, lambda text: text.split(b" ", 1)[1]),
        "line 10: 2,303 pixels instead of 2,304",
    ),
    "pixel added": (field(1, lambda text: text + b" 0"), "line 10: 2,305 pixels instead of 2,304"),
    "pixels missing": (field(1, lambda _: b""), "line 10: 0 pixels instead of 2,304"),
    "pixel 256": (pixel(b"256"), "line 10: pixel value 256 is outside 0 to 255"),
    "pixel 256 at the start": (pixel(b"256", 0), "line 10: pixel value 256 is outside 0 to 255"),
    "pixel -1 at the end": (pixel(b"-1", -1), "line 10: pixel value -1 is outside 0 to 255"),
    "pixel 12.0": (pixel(b"12.0"), "line 10: pixel value '12.0' is not an integer"),
    "pixel in letters": (pixel(b"x"), "line 10: pixel value 'x' is not an integer"),
    "pixels in quotes": (field(1, lambda text: b'"' + text + b'"'), "line 10: pixel value '\""),
    "pixels in brackets": (field(1, lambda text: b"[" + text + b"]"), "line 10: pixel value '["),
    "NUL byte": (pixel(b"1\x002"), r"line 10: pixel value '1\x002' is not an integer"),
    "NUL bytes": (line(lambda text: b"\x00" * len(text)), r"line 10: 1 field instead of 3, emotion is '\x00"),
    "carriage return in pixels": (pixel(b"1\r2"), r"line 10: pixel value '1\r2' is not an integer"),
    "escape sequence": (pixel(b"\x1b[2J"), r"line 10: pixel value '\x1b[2J' is not an integer"),
    "Usage unknown": (field(2, lambda _: b"Validation"), "line 10: Usage is 'Validation'"),
    "Usage missing": (field(2, lambda _: b""), "line 10: Usage is ''"),
    "Usage in another case": (field(2, lambda text: text.lower()), "line 10: Usage is '"),
    "Usage with a space": (field(2, lambda text: text + b" "), "line 10: Usage is '"),
    "last row cut in its Usage": (cut(3), "line 41: Usage is 'Traini'"),
    "last row cut in its pixels": (cut(1000), "line 41: 2 fields instead of 3"),
    "too long a line": (
        line(lambda text: text * 10),
        f"line 10: the line has more than {LONGEST_LINE:,} bytes",
    ),
    "lone carriage returns": (lambda content: content.replace(b"\n", b"\r"), r"emotion,pixels,Usage\r"),
    "UTF-16": (
        lambda content: content.decode().encode("utf-16"),
        r"line 1: the header is \xff\xfee\x00m\x00",
    ),
    "binary": (lambda _: bytes(range(256)) * 100, r"line 1: the header is \x00\x01\x02"),
    "zip": (lambda _: b"PK\x03\x04" + bytes(1000), r"line 1: the header is PK\x03\x04"),
    "HTML": (lambda _: b"<!DOCTYPE html>\n<title>403</title>\n", "line 1: the header is <!DOCTYPE html>"),
    "LFS pointer": (
        lambda _: b"version https://git-lfs\nsize 3\n",
        "line 1: the header is version https://git",
    ),
    "one class alone": (
        lambda content: b"\n".join(
            b"3" + text[1:] if text[1:2] == b"," else text for text in content.split(b"\n")
        ),
        "expected rows of every class; found none of Angry, Disgust, Fear, Sad, Surprise, Neutral",
    ),
}

PLAIN = {"index": False}
CONVERTED: dict[str, tuple[Spoil, str]] = {
    "quotes": (written(**PLAIN, quoting=csv.QUOTE_ALL), "quotes around its fields"),
    "quotes around text": (written(**PLAIN, quoting=csv.QUOTE_NONNUMERIC), "quotes around its fields"),
    "quotes in the rows alone": (
        lambda content: (
            b"emotion,pixels,Usage\n" + written(**PLAIN, header=False, quoting=csv.QUOTE_ALL)(content)
        ),
        "quotes around its fields",
    ),
    "index": (written(), "an index column"),
    "index that was read back": (written(index_label="Unnamed: 0"), "an index column"),
    "index that the header leaves out": (lambda content: written()(content)[1:], "an index column"),
    "names in another case": (header(b"Emotion,PIXELS,usage"), "column names in another spelling"),
    "names with spaces": (header(b"emotion ,pixels ,Usage"), "column names in another spelling"),
    "names after spaces": (header(b"emotion, pixels, Usage"), "spaces before its fields"),
    "fields after spaces": (lambda content: content.replace(b",", b", "), "spaces before its fields"),
    "columns swapped": (
        written(**PLAIN, columns=["pixels", "Usage", "emotion"]),
        "its columns in another order",
    ),
    "column added": (lambda content: content.replace(b"\n", b",x\n"), "more columns"),
    "column added that is a known fault": (
        lambda content: content.replace(b"\n", b",duplicates\n"),
        "more columns",
    ),
    "semicolons": (written(**PLAIN, sep=";"), "semicolons between its fields"),
    "tabs": (written(**PLAIN, sep="\t"), "tabs between its fields"),
    "semicolons after a byte-order mark": (
        lambda content: b"\xef\xbb\xbf" + written(**PLAIN, sep=";")(content),
        "semicolons between its fields",
    ),
    "icml_face_data.csv of Kaggle": (
        lambda content: written(**PLAIN, columns=["emotion", "Usage", "pixels"])(content).replace(
            b"emotion,Usage,pixels", b"emotion, Usage, pixels"
        ),
        "spaces before its fields and its columns in another order",
    ),
    "all at once": (
        lambda content: written(sep=";", quoting=csv.QUOTE_ALL, columns=["Usage", "pixels", "emotion"])(
            content
        ).replace(b"Usage", b"USAGE"),
        "semicolons between its fields, quotes around its fields, an index column, "
        "column names in another spelling and its columns in another order",
    ),
}

HARMLESS: dict[str, Spoil] = {
    "nothing": lambda content: content,
    "byte-order mark": lambda content: b"\xef\xbb\xbf" + content,
    "CRLF": lambda content: content.replace(b"\n", b"\r\n"),
    "CRLF on some lines": line(lambda text: text + b"\r"),
    "no newline at the end": cut(1),
    "double spaces": field(1, lambda text: text.replace(b" ", b"  ")),
    "tabs between pixels": field(1, lambda text: text.replace(b" ", b"\t")),
    "spaces round the pixels": field(1, lambda text: b" " + text + b" "),
    "leading zeros": pixel(b"007"),
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Spoil], None]:
    """Return what runs the stage in an empty folder on a spoilt copy of a good CSV."""
    monkeypatch.chdir(tmp_path)
    write_params(Path(), validate={"rows": ROWS, "max_constant": 0, "max_duplicates": 0})
    write_good_csv(Path("faces.csv"))
    monkeypatch.setattr(
        sys, "argv", ["validate", "--csv", "faces.csv", "--verdict", "verdict.json", "--docs", "docs"]
    )

    def spoil_and_run(spoil: Spoil) -> None:
        Path("faces.csv").write_bytes(spoil(Path("faces.csv").read_bytes()))
        validate.main()

    return spoil_and_run


@pytest.mark.parametrize(("spoil", "fault"), BLOCKED.values(), ids=BLOCKED)
def test_blocked(
    spoil: Spoil, fault: str, run: Callable[[Spoil], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError) as caught:
        run(spoil)
    message = str(caught.value)
    assert message.startswith("validation failed: ")
    assert fault in message
    assert message.endswith("see docs/index.html")
    assert message.isprintable()
    assert '"success": false' in Path("verdict.json").read_text()
    assert Path("docs/index.html").exists()
    assert fault in capsys.readouterr().out


@pytest.mark.parametrize(("spoil", "found"), CONVERTED.values(), ids=CONVERTED)
def test_another_dialect_is_one_line_with_what_converts_it(
    spoil: Spoil, found: str, run: Callable[[Spoil], None], capsys: pytest.CaptureFixture[str]
) -> None:
    good = Path("faces.csv").read_bytes()
    with pytest.raises(UserError) as caught:
        run(spoil)
    message = str(caught.value)
    assert message.startswith(f"validation failed: the CSV has {found}: convert it with pandas.read_csv(")
    assert message.endswith("; see docs/index.html")
    assert capsys.readouterr().out == ""
    assert '"success": false' in Path("verdict.json").read_text()
    assert Path("docs/index.html").exists()

    Path("faces.csv").rename("old.csv")
    expression = message.partition("convert it with ")[2].rpartition("; see")[0]
    eval(expression, {"pandas": pandas, "csv": csv})
    assert Path("new.csv").read_bytes() == good


def test_a_header_that_does_not_fit_its_rows_is_not_converted(run: Callable[[Spoil], None]) -> None:
    with pytest.raises(UserError, match="line 1: the header is pixels,Usage,emotion; it must be"):
        run(header(b"pixels,Usage,emotion"))


def test_a_fault_of_a_row_is_named_though_the_first_row_has_spaces(run: Callable[[Spoil], None]) -> None:
    with pytest.raises(UserError, match="line 10: pixel value 256 is outside 0 to 255"):
        run(lambda content: pixel(b"256")(line(lambda text: text.replace(b",", b", ", 1), 2)(content)))


@pytest.mark.parametrize("spoil", HARMLESS.values(), ids=HARMLESS)
def test_harmless(spoil: Spoil, run: Callable[[Spoil], None]) -> None:
    run(spoil)
    verdict = Path("verdict.json").read_text()
    assert '"success": true' in verdict
    assert '"warnings": 0' in verdict
