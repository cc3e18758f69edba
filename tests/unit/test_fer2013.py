"""The reader of FER-2013 against a plain reference, its limits, and the official file."""

import os
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from emotion.data.duplicates import duplicate_groups, faulty
from emotion.runtime.errors import UserError
from emotion.source import fer2013
from emotion.source.fer2013 import (
    BATCH,
    COLUMNS,
    LONGEST_HEADER,
    LONGEST_LINE,
    MOST_FAULTS,
    PIXELS,
    PUBLISHED_COUNTS,
    UNKNOWN,
    USAGES,
    parse_lines,
    read_csv,
    write_csv,
)
from emotion.source.pixels import PixelReader
from tests.support.csvs import labels, write_good_csv
from tests.support.reference import strict

HEADER = b"emotion,pixels,Usage\n"


def row(pixels: str, label: str = "3", usage: str = "Training") -> bytes:
    return f"{label},{pixels},{usage}\n".encode()


def read(path: Path, content: bytes) -> fer2013.Table:
    path.write_bytes(content)
    return read_csv(path)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_reads_what_a_plain_parser_reads(tmp_path: Path, seed: int, line_end: str) -> None:
    random = np.random.default_rng(seed)
    most = random.choice([2, 10, 11, 100, 101, 256], (30, 1))  # rows of one digit, of two, of any
    images = random.integers(0, most, (30, PIXELS)).astype(np.uint8)
    emotion, usage = random.integers(0, 7, 30), random.integers(0, 3, 30)
    path = tmp_path / "faces.csv"
    write_csv(path, images, emotion, usage)
    path.write_bytes(path.read_bytes().replace(b"\n", line_end.encode()))

    plain = strict(path.read_bytes())
    table = read_csv(path)

    assert table.columns == COLUMNS
    assert table.faults == {}
    assert plain is not None
    assert table.emotion.tolist() == plain.labels == emotion.tolist()
    assert table.images.reshape(30, -1).tolist() == plain.images == images.tolist()
    assert [USAGES[part] for part in table.usage] == plain.usages == [USAGES[part] for part in usage]
    assert table.whole.all()


def test_writes_and_reads_back_the_same_images(tmp_path: Path) -> None:
    images = write_good_csv(tmp_path / "faces.csv", rows=25)
    table = read_csv(tmp_path / "faces.csv")
    assert table.images.shape == (25, 48, 48, 1)
    assert table.images.dtype == np.uint8
    np.testing.assert_array_equal(table.images[..., 0], images)
    np.testing.assert_array_equal(table.emotion, labels(25))


def test_written_file_has_exactly_the_official_form(tmp_path: Path) -> None:
    write_csv(tmp_path / "faces.csv", np.arange(PIXELS, dtype=np.uint8)[None], [6], [2])
    values = " ".join(str(value % 256) for value in range(PIXELS))
    assert (tmp_path / "faces.csv").read_bytes() == HEADER + row(values, "6", "PrivateTest")


@pytest.mark.parametrize(
    ("written", "value"),
    [("7", 7), ("07", 7), ("007", 7), ("0007", 7), ("00255", 255), ("-0", 0), ("255", 255)],
)
def test_reads_every_spelling_of_an_integer(tmp_path: Path, written: str, value: int) -> None:
    table = read(tmp_path / "faces.csv", HEADER + row(" ".join([written] * PIXELS)))
    assert table.faults == {}
    assert (table.images == value).all()


@pytest.mark.parametrize("separator", ["  ", "\t", "   ", " \t "])
def test_accepts_any_white_space_between_pixels(tmp_path: Path, separator: str) -> None:
    values = [str(value % 256) for value in range(PIXELS)]
    table = read(tmp_path / "faces.csv", HEADER + row(separator.join(values)))
    assert table.faults == {}
    assert table.images.ravel().tolist() == [value % 256 for value in range(PIXELS)]


@pytest.mark.parametrize("character", ["\r", "\v", "\f", "\0", "\x1c", "\xa0"])
def test_nothing_but_blanks_and_tabs_separates_pixels(tmp_path: Path, character: str) -> None:
    values = f"17{character}17 " + " ".join(["17"] * (PIXELS - 2))
    table = read(tmp_path / "faces.csv", HEADER + row(values))
    assert "is not an integer" in table.faults[0]


@pytest.mark.parametrize("bad", ["256", "300", "555", "999", "1000", "-1", "9" * 30])
@pytest.mark.parametrize("place", [0, 1000, PIXELS - 1])
def test_counts_a_value_out_of_range_wherever_it_stands(tmp_path: Path, bad: str, place: int) -> None:
    values = ["17"] * PIXELS
    values[place] = bad
    table = read(tmp_path / "faces.csv", HEADER + row(" ".join(values)))
    assert table.out_of_range.tolist() == [1]
    assert "is outside 0 to 255" in table.faults[0]
    assert not table.whole[0]
    assert not table.images.any()


def test_leading_zeros_do_not_hide_a_value(tmp_path: Path) -> None:
    values = ["0" * 30 + "255", "0" * 30 + "256"]
    tables = [
        read(tmp_path / "faces.csv", HEADER + row(" ".join([value] + ["17"] * (PIXELS - 1))))
        for value in values
    ]
    assert tables[0].images[0, 0, 0, 0] == 255
    assert tables[1].faults == {0: "pixel value 256 is outside 0 to 255"}


@pytest.mark.parametrize("bad", ["1.5", "x", "+1", "1_0", "0x1", "1e2", "\x00", "\N{DIGIT ONE}-", "٣"])
def test_counts_what_is_no_integer(tmp_path: Path, bad: str) -> None:
    table = read(tmp_path / "faces.csv", HEADER + row(" ".join(["17"] * (PIXELS - 1) + [bad])))
    assert table.non_integers.tolist() == [1]
    assert "is not an integer" in table.faults[0]


@pytest.mark.parametrize("count", [0, 1, PIXELS - 1, PIXELS + 1])
def test_counts_pixels(tmp_path: Path, count: int) -> None:
    table = read(tmp_path / "faces.csv", HEADER + row(" ".join(["17"] * count)))
    assert table.pixel_count.tolist() == [count]
    assert f"instead of {PIXELS:,}" in table.faults[0]


def test_tells_a_negative_label_from_one_that_is_no_integer(tmp_path: Path) -> None:
    pixels = " ".join(["17"] * PIXELS)
    rows = [row(pixels, label) for label in ("-1", "7", "2.5", "", " 3", "nan", "03")]
    table = read(tmp_path / "faces.csv", HEADER + b"".join(rows))
    assert table.emotion.tolist() == [-1, 7, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, 3]
    assert list(table.faults) == [0, 1, 2, 3, 4, 5]


def test_faults_lie_at_the_rows_that_have_them(tmp_path: Path) -> None:
    good, bad = row(" ".join(["17"] * PIXELS)), row("17")
    table = read(tmp_path / "faces.csv", HEADER + (good * 3 + bad) * 5)
    assert list(table.faults) == [3, 7, 11, 15, 19]
    assert table.whole.tolist() == [True, True, True, False] * 5


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_has_no_columns_and_no_rows(tmp_path: Path, content: bytes) -> None:
    table = read(tmp_path / "faces.csv", content)
    assert table.columns == ()
    assert len(table) == 0
    assert table.images.shape == (0, 48, 48, 1)


def test_a_strange_header_is_shown_as_it_stands_up_to_a_limit(tmp_path: Path) -> None:
    table = read(tmp_path / "faces.csv", "Usage,Gefühl\\,a\x00\r\u202e".encode() + b"\xff,\n")
    assert table.columns == ("Usage", "Gefühl\\", r"a\x00\r\u202e\xff", "")
    table = read(tmp_path / "faces.csv", b"name,\0" * 10_000 + b"\n")
    assert len(",".join(table.columns)) == LONGEST_HEADER + 1
    assert table.columns[-1].endswith("…")


@pytest.mark.parametrize("length", [LONGEST_LINE - 1, LONGEST_LINE, LONGEST_LINE + 1, 3 * LONGEST_LINE + 2])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_long_line_is_one_row(tmp_path: Path, length: int, end: bytes) -> None:
    good = row(" ".join(["17"] * PIXELS))
    table = read(tmp_path / "faces.csv", HEADER + b"9" * length + end + good)
    assert len(table) == 2
    assert list(table.faults) == [0]
    assert ("bytes" in table.faults[0]) == (length + len(end) > LONGEST_LINE + 1)


def test_a_tail_beyond_the_longest_line_never_makes_a_good_row(tmp_path: Path) -> None:
    good = row(" ".join(["17"] * PIXELS))[:-1]
    padded = good.replace(b",17 ", b"," + b"0" * (LONGEST_LINE + 1 - len(good)) + b"17 ", 1)
    assert len(padded) == LONGEST_LINE + 1
    table = read(tmp_path / "faces.csv", HEADER + padded + b",rubbish\n")
    assert list(table.faults) == [0]


@pytest.mark.parametrize("batch", [1, 2, 3, 64])
def test_the_size_of_a_batch_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    write_good_csv(tmp_path / "faces.csv")
    lines = (tmp_path / "faces.csv").read_bytes().splitlines(keepends=True)
    lines[5], lines[16] = b"\n", lines[16].replace(b" ", b" -", 1)
    lines[17] = lines[17].replace(b" ", b"\t", 1)
    expected = read(tmp_path / "faces.csv", b"".join(lines))
    monkeypatch.setattr(fer2013, "BATCH", batch)
    found = read_csv(tmp_path / "faces.csv")
    assert list(found.faults) == [4, 15]
    assert found.faults == expected.faults
    for name in ("images", "emotion", "usage", "fields", "pixel_count", "non_integers", "out_of_range"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_the_longest_regular_rows_are_read_a_batch_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    batches = []

    def noted(reader: PixelReader, fields: list[bytes]) -> np.ndarray | None:
        batches.append(len(fields))
        return read_pixels(reader, fields)

    read_pixels = PixelReader.read
    monkeypatch.setattr(PixelReader, "read", noted)
    longest = row(" ".join(["255"] * PIXELS)).strip()
    images = [image for _, image, _ in parse_lines(iter([longest] * 2 * BATCH))]
    assert batches == [BATCH, BATCH]
    assert images == [b"\xff" * PIXELS] * 2 * BATCH


@pytest.mark.parametrize("more", [0, 1])
def test_a_pixel_too_many_does_not_make_up_for_one_too_few(tmp_path: Path, more: int) -> None:
    counts = (PIXELS - 1 + 2 * more, PIXELS + 1 - 2 * more)
    rows = [row(" ".join(["17"] * count)) for count in counts]
    table = read(tmp_path / "faces.csv", HEADER + b"".join(rows))
    assert table.pixel_count.tolist() == list(counts)
    assert list(table.faults) == [0, 1]


def test_stops_after_too_many_faulty_rows_and_says_so(tmp_path: Path) -> None:
    table = read(tmp_path / "faces.csv", HEADER + b"1,2,3\n" * 2_000_000)
    assert len(table) == len(table.faults) == MOST_FAULTS
    assert table.faults[MOST_FAULTS - 1].endswith("reading stopped here, after 1,000 faulty rows")


@pytest.mark.parametrize("unit", [b"9", b"1 ", b",", b"\x00", b"1,"])
def test_a_huge_line_costs_little_memory(tmp_path: Path, unit: bytes) -> None:
    path = tmp_path / "faces.csv"
    path.write_bytes(HEADER + unit * (20_000_000 // len(unit)))
    tracemalloc.start()
    table = read_csv(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(table) == len(table.faults) == 1
    assert peak < 1_000_000


@pytest.mark.parametrize("beside", [0, 1, 40])
def test_a_line_for_which_there_is_no_room_is_a_fault_of_its_own(beside: int) -> None:
    """Lines come from other readers, too, which may hand on longer ones than read_csv."""
    good = row(" ".join(["17"] * PIXELS)).strip()
    endless = row(" ".join(["17"] * 50 * PIXELS)).strip()
    *others, last = parse_lines(iter([*[good] * beside, endless]))
    assert [fault for _, _, fault in others] == [""] * beside
    assert last[2] == "the line has more than 16,384 bytes"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.csv cannot be read: No such file"):
        read_csv(tmp_path / "nowhere.csv")


@pytest.fixture(scope="module")
def official() -> Path:
    if "FER2013_CSV" not in os.environ:
        pytest.skip("FER2013_CSV does not point to the official file")
    return Path(os.environ["FER2013_CSV"])


def test_official_file_has_the_published_counts(official: Path) -> None:
    table = read_csv(official)
    groups = duplicate_groups(table.images)
    flat = table.images.reshape(len(table), -1)
    assert table.columns == COLUMNS
    assert table.faults == {}
    assert len(table) == 35_887
    assert np.bincount(table.emotion).tolist() == list(PUBLISHED_COUNTS)
    assert np.bincount(table.usage).tolist() == [28_709, 3_589, 3_589]
    assert (flat.min(axis=1) == flat.max(axis=1)).sum() == 12
    assert groups.max() + 1 == 34_034
    assert faulty(table.images, table.emotion).sum() == 160


def test_official_file_takes_a_quarter_of_the_processor_time_of_a_loop_over_rows(official: Path) -> None:
    import pandas as pd

    ours = []
    for _ in range(2):  # the first time the file may have to come from the disk
        start = time.process_time()
        table = read_csv(official)
        ours.append(time.process_time() - start)
    start = time.process_time()
    text = pd.read_csv(official)["pixels"]
    plain = np.stack([np.array(pixels.split(), dtype=np.uint8) for pixels in text])
    row_by_row = time.process_time() - start
    np.testing.assert_array_equal(table.images.reshape(plain.shape), plain)
    assert row_by_row / min(ours) >= 4, f"{row_by_row:.1f} s against {min(ours):.1f} s"
