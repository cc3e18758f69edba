"""Malformed CSVs: each is blocked with a message that names its fault, or, if harmless, read rightly.

The good file that each of them spoils has 40 rows; row 8, on line 10, is the one that is mostly spoilt.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emotion.runtime.errors import UserError
from emotion.source.fer2013 import LONGEST_LINE
from stages import validate
from tests.support.csvs import ROWS, write_good_csv
from tests.support.parameters import write_params
from tests.support.spoiling import Spoil, column, cut, field, header, line, pixel

FERPLUS = (
    b"Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"  # its votes
)

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
        "(data.classes names them); found none of Angry, Disgust, Fear, Sad, Surprise, Neutral",
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


@pytest.mark.parametrize("spoil", HARMLESS.values(), ids=HARMLESS)
def test_harmless(spoil: Spoil, run: Callable[[Spoil], None]) -> None:
    run(spoil)
    verdict = Path("verdict.json").read_text()
    assert '"success": true' in verdict
    assert '"warnings": 0' in verdict
