"""CSVs in other dialects: fetch reads each, says how, and writes what the official file would be."""

import csv
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emotion.config.schema import Layout, load_params
from emotion.labels import CLASSES
from emotion.runtime.errors import UserError
from emotion.source.fer2013 import USAGES, read_csv
from emotion.source.layouts import official_csv
from tests.support.csvs import write_good_csv
from tests.support.hostile import Case, cases
from tests.support.parameters import PARAMS
from tests.support.reference import strict
from tests.support.spoiling import Spoil, column, cut, field, header, line, pixel, written

PLAIN = {"index": False}
READ: dict[str, tuple[Spoil, str]] = {
    "quotes": (written(**PLAIN, quoting=csv.QUOTE_ALL), "quotes round its fields"),
    "quotes around text": (written(**PLAIN, quoting=csv.QUOTE_NONNUMERIC), "quotes round its fields"),
    "quotes in the rows alone": (
        lambda content: (
            b"emotion,pixels,Usage\n" + written(**PLAIN, header=False, quoting=csv.QUOTE_ALL)(content)
        ),
        "quotes round its fields",
    ),
    "index": (written(), "an index column"),
    "index that was read back": (written(index_label="Unnamed: 0"), "an index column"),
    "index that the header leaves out": (lambda content: written()(content)[1:], "an index column"),
    "names in another case": (header(b"Emotion,PIXELS,usage"), "column names in another case"),
    "names with spaces": (header(b"emotion ,pixels ,Usage"), "spaces round its fields"),
    "names after spaces": (header(b"emotion, pixels, Usage"), "spaces round its fields"),
    "fields after spaces": (lambda content: content.replace(b",", b", "), "spaces round its fields"),
    "columns swapped": (
        written(**PLAIN, columns=["pixels", "Usage", "emotion"]),
        "its columns in another order",
    ),
    "column added": (lambda content: content.replace(b"\n", b",x\n"), "columns that are not used (x)"),
    "column added that is a known fault": (
        lambda content: content.replace(b"\n", b",duplicates\n"),
        "columns that are not used (duplicates)",
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
        "spaces round its fields and its columns in another order",
    ),
    "all at once": (
        lambda content: written(sep=";", quoting=csv.QUOTE_ALL, columns=["Usage", "pixels", "emotion"])(
            content
        ).replace(b"Usage", b"USAGE"),
        "semicolons between its fields and quotes round its fields and an index column and "
        "column names in another case and its columns in another order",
    ),
}


UNTOUCHED: dict[str, Spoil] = {
    "nothing": lambda content: content,
    "byte-order mark": lambda content: b"\xef\xbb\xbf" + content,
    "CRLF": lambda content: content.replace(b"\n", b"\r\n"),
    "no newline at the end": cut(1),
    "double spaces": lambda content: content.replace(b" ", b"  "),
    "tabs between pixels": lambda content: content.replace(b" ", b"\t"),
    "a faulty row": pixel(b"256"),
    "a faulty first row": line(lambda text: b"7" + text[1:], 2),
}
WORDS = ("anger", "DISGUST", "fear", "happy", "sadness", " Surprised", "neutral")


@pytest.fixture
def good(tmp_path: Path) -> bytes:
    write_good_csv(tmp_path / "good.csv")
    return (tmp_path / "good.csv").read_bytes()


def fetched(folder: Path, content: bytes, layout: Layout = "auto") -> bytes:
    (folder / "own.csv").write_bytes(content)
    return b"".join(official_csv([folder / "own.csv"], layout, None))


@pytest.mark.parametrize(("spoil", "found"), READ.values(), ids=READ)
def test_another_dialect_becomes_the_official_file_and_the_output_says_how_it_was_read(
    spoil: Spoil, found: str, good: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetched(tmp_path, spoil(good)) == good
    assert capsys.readouterr().out == f"layout:\n  csv, with {found}\n"
    assert fetched(tmp_path, spoil(good), layout="csv") == good


@pytest.mark.parametrize("spoil", UNTOUCHED.values(), ids=UNTOUCHED)
def test_what_is_official_stays_as_it_is_to_the_byte(
    spoil: Spoil, good: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetched(tmp_path, spoil(good)) == spoil(good)
    assert capsys.readouterr().out == "layout: official, left as it is\n"


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("blank", [1, 2, 3_000_000])
def test_empty_lines_at_the_end_are_left_out(good: bytes, tmp_path: Path, end: bytes, blank: int) -> None:
    content = good.replace(b"\n", end)
    kept = fetched(tmp_path, content + end * blank)
    assert kept.startswith(content)
    if blank < 10:
        assert kept == content


def test_without_usage_every_face_is_training_and_the_output_says_what_that_means(
    good: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train.csv").write_bytes(fetched(tmp_path, column(2)(good)))
    table = read_csv(tmp_path / "train.csv")
    assert {USAGES[part] for part in table.usage} == {"Training"}
    assert table.images.tobytes() == read_csv(tmp_path / "good.csv").images.tobytes()
    assert "preprocess.split: official will refuse it" in capsys.readouterr().out


@pytest.mark.parametrize("words", [CLASSES, WORDS])
def test_classes_in_words_have_the_numbers_of_fer2013(
    good: bytes, tmp_path: Path, words: tuple[str, ...]
) -> None:
    names, *rows = good.splitlines(keepends=True)
    in_words = [words[int(row[:1])].encode() + row[1:] for row in rows]
    assert fetched(tmp_path, names + b"".join(in_words)) == good


def test_decimal_classes_and_usage_in_lower_case_are_read(
    good: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = good.replace(b",Tr", b",tr").replace(b",Pu", b",pu")
    names, *rows = content.splitlines(keepends=True)
    assert fetched(tmp_path, names + b"".join(row[:1] + b".0" + row[1:] for row in rows)) == good
    assert "classes with decimals and Usage in another case" in capsys.readouterr().out


def test_a_class_that_is_none_is_told_with_the_way_to_have_it(good: bytes, tmp_path: Path) -> None:
    content = column(2)(good).replace(b"\n3,", b"\nglad,")
    with pytest.raises(UserError, match=r"emotion is 'glad'; classes of your own: data\.classes"):
        fetched(tmp_path, content)


def test_the_layout_official_reads_no_dialect(good: bytes, tmp_path: Path) -> None:
    content = header(b"Emotion,pixels,Usage")(good)
    assert fetched(tmp_path, content, layout="official") == content


def test_a_file_of_no_layout_is_left_for_validation_and_csv_refuses_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetched(tmp_path, b"a,b\n1,2\n") == b"a,b\n1,2\n"
    assert capsys.readouterr().out == "layout: none that is known, left as it is\n"
    with pytest.raises(UserError, match=r"own.csv has no header with emotion and pixels"):
        fetched(tmp_path, b"a,b\n1,2\n", layout="csv")


def test_pixels_without_classes_are_refused_in_one_line(good: bytes, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"own.csv has pixels and no column emotion, as the test.csv"):
        fetched(tmp_path, column(0)(column(2)(good)))


@pytest.mark.parametrize(
    "names", ["emotion,pixels,Emotion", "emotion; pixels;pixels", "usage,pixels,emotion,Usage"]
)
def test_a_column_that_stands_twice_is_refused_by_its_name(tmp_path: Path, names: str) -> None:
    row = names.replace("pixels", "0 " * 2304)
    with pytest.raises(UserError, match=r"own.csv has the column (emotion|pixels|Usage) twice: leave one"):
        fetched(tmp_path, f"{names}\n{row}\n".encode())


def test_the_votes_of_ferplus_are_told_from_faces(tmp_path: Path) -> None:
    names = b"Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    row = b"Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0"
    with pytest.raises(UserError, match=r"own.csv is FERPlus's fer2013new.csv: .*; set fetch.ferplus to it"):
        fetched(tmp_path, names + b"\n" + row + b"\n")


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (pixel(b"256"), "pixel value 256 is outside 0 to 255"),
        (field(0, lambda _: b"contempt"), "emotion is 'contempt'"),
        (field(0, lambda _: b"2.5"), "emotion is '2.5'"),
        (field(2, lambda _: b"Validation"), "Usage is 'Validation'"),
        (line(lambda text: text[2:]), "2 fields instead of 3"),
        (line(lambda text: b'"3,' + text[2:]), "instead of 3"),
        (line(lambda text: text * 10), "21 fields instead of 3"),
    ],
)
def test_a_faulty_row_of_another_dialect_is_named_by_its_line(
    good: bytes, tmp_path: Path, spoil: Spoil, fault: str
) -> None:
    with pytest.raises(UserError, match=r"own.csv, line 10: ") as caught:
        fetched(tmp_path, header(b"Emotion,pixels,Usage")(spoil(good)))
    assert fault in str(caught.value)


def test_of_many_faulty_rows_the_first_are_named_and_the_rest_counted(good: bytes, tmp_path: Path) -> None:
    content = good.replace(b",Training", b",training,x").replace(b"Usage", b"Usage,more")
    with pytest.raises(UserError, match=r"line 3: .*; .*line 4: .*; .*line 6: .*; and 23 more faulty rows"):
        fetched(tmp_path, content)


def test_a_line_without_an_end_is_refused(good: bytes, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has a line of more than 16,384 bytes"):
        fetched(tmp_path, header(b"Emotion,pixels,Usage")(good) + b"1" * (3 << 20))


@settings(
    max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(drawn=cases(), delimiter=st.sampled_from([b",", b";", b"\t", b"|"]))
def test_what_is_written_of_a_hostile_file_is_what_a_strict_parser_accepts(
    tmp_path: Path, drawn: list[Case], delimiter: bytes
) -> None:
    for case in drawn:
        try:
            written = fetched(tmp_path, case.content.replace(b",", delimiter), layout="csv")
        except UserError as error:
            assert str(error).isprintable()  # noqa: PT017 - either outcome is right
        else:
            assert strict(written)


def test_the_official_file_stays_and_its_rows_in_another_dialect_become_it(tmp_path: Path) -> None:
    if "FER2013_CSV" not in os.environ:
        pytest.skip("FER2013_CSV does not point to the official file")
    official, other = Path(os.environ["FER2013_CSV"]), tmp_path / "icml_face_data.csv"
    with official.open() as lines, other.open("w") as file:
        for label, pixels, usage in csv.reader(lines):
            file.write(f'"{label}", "{usage}", "{pixels}"\n')
    for source in (official, other):
        digest = hashlib.sha256()
        for chunk in official_csv([source], "auto", None):
            digest.update(chunk)
        assert digest.hexdigest() == load_params(PARAMS)["fetch"].sha256


def test_images_are_the_same_whatever_the_dialect(good: bytes, tmp_path: Path) -> None:
    (tmp_path / "converted.csv").write_bytes(fetched(tmp_path, READ["all at once"][0](good)))
    np.testing.assert_array_equal(
        read_csv(tmp_path / "converted.csv").images, read_csv(tmp_path / "good.csv").images
    )
