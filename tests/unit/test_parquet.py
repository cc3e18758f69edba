"""Parquet files as the datasets library writes them become the CSV."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from emotion.config.schema import Layout
from emotion.labels import CLASSES
from emotion.runtime.errors import UserError
from emotion.source.fer2013 import Table, read_csv
from emotion.source.layouts import official_csv
from tests.support.pictures import FOLDERS, encoded, number, pixels

PICTURE = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])


def write(path: Path, labels: list[Any], names: list[str] | None = None, **columns: Any) -> Path:
    """Write a picture for each label, with the names of the classes as the library notes them."""
    pictures = [{"bytes": encoded(pixels(seed)), "path": f"{seed}.png"} for seed in range(len(labels))]
    table = pyarrow.table({"image": pyarrow.array(pictures, PICTURE), "label": labels} | columns)
    if names:
        features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": names}}
        noted = json.dumps({"info": {"features": features}}).encode()
        table = table.replace_schema_metadata({b"huggingface": noted})
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table, path)
    return path


def fetched(*sources: Path, layout: Layout = "auto") -> Table:
    out = sources[0].parent / "out.csv"
    out.write_bytes(b"".join(official_csv(list(sources), layout, None)))
    return read_csv(out)


def test_a_class_label_gives_the_names_and_the_names_the_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = fetched(write(tmp_path / "a.parquet", list(range(7)), list(FOLDERS)))
    assert table.emotion.tolist() == [number(folder) for folder in FOLDERS]
    for seed, image in enumerate(table.images[..., 0]):
        np.testing.assert_array_equal(image, pixels(seed))
    printed = capsys.readouterr().out
    assert printed.startswith("layout:\n  parquet, 1 file\n  no column Usage: every face counts as Training")
    assert "\n  classes: angry is 0 Angry, disgust is 1 Disgust, fear is 2 Fear, happy is 3 " in printed


def test_classes_by_name_are_read(tmp_path: Path) -> None:
    table = fetched(write(tmp_path / "a.parquet", ["Happy", "neutral", "sadness"]))
    assert [CLASSES[label] for label in table.emotion] == ["Happiness", "Neutral", "Sad"]


@pytest.mark.parametrize(
    "names",
    [
        ("train-00000-of-00002", "train-00001-of-00002", "validation-00000-of-00001", "test-00000-of-00001"),
        ("train/0000", "train/0001", "validation/0000", "test/0000"),
    ],
)
def test_several_files_are_one_table_and_their_names_give_usage(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    files = [
        write(tmp_path / f"data/{name}.parquet", ["sad"] * (place + 1)) for place, name in enumerate(names)
    ]
    table = fetched(*files)
    assert table.usage.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 2]
    assert sorted(fetched(tmp_path / "data").usage.tolist()) == table.usage.tolist()


def test_files_with_and_without_a_part_are_refused(tmp_path: Path) -> None:
    files = [write(tmp_path / name, ["sad"]) for name in ("train.parquet", "more.parquet")]
    with pytest.raises(UserError, match=r"more.parquet has no part of the split in its name"):
        fetched(*files)


def test_another_file_among_those_of_parquet_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", ["sad"])
    (tmp_path / "README.md").write_bytes(b"read me")
    with pytest.raises(UserError, match=r"README.md is no Parquet file, and others are: correct fetch.file"):
        fetched(path, tmp_path / "README.md")


def test_the_folder_of_a_single_file_says_nothing(tmp_path: Path) -> None:
    assert fetched(write(tmp_path / "test/faces.parquet", ["sad"])).usage.tolist() == [0]


def test_paths_without_pictures_are_refused_with_the_reason(tmp_path: Path) -> None:
    pictures = pyarrow.array([{"bytes": None, "path": "/etc/passwd"}], PICTURE)
    path = write(tmp_path / "a.parquet", ["sad"], image=pictures)
    with pytest.raises(
        UserError, match=r"a.parquet, row 1 has the path of a picture and no picture, as Dataset"
    ):
        fetched(path)


@pytest.mark.parametrize(
    ("labels", "names", "reason"),
    [
        ([0, 1], None, r"has numbers in its column label and no names for them: save it with a ClassLabel"),
        (
            [0, 1],
            ["sad", "contempt"],
            r"other classes \(contempt\): .*; for others: data.classes: \[sad, contempt\]$",
        ),
        ([0, 2], ["sad", "happy"], r"a.parquet, row 2: its class is '2'"),
        ([0, None], ["sad", "happy"], r"a.parquet, row 2: its class is 'None'"),
        (
            ["sad", "smile"],
            None,
            r"a.parquet, row 2: its class is 'smile'; classes of your own: data.classes",
        ),
    ],
)
def test_a_class_without_a_name_of_fer2013_is_refused(
    tmp_path: Path, labels: list[Any], names: list[str] | None, reason: str
) -> None:
    with pytest.raises(UserError, match=reason):
        fetched(write(tmp_path / "a.parquet", labels, names))


def test_a_file_without_pictures_says_which_columns_it_has(tmp_path: Path) -> None:
    parquet.write_table(pyarrow.table({"pixels": ["1 2"], "emotion": [3]}), tmp_path / "a.parquet")
    with pytest.raises(
        UserError, match=r"a.parquet has the columns pixels, emotion: it must have one of pic"
    ):
        fetched(tmp_path / "a.parquet")


def test_a_row_without_picture_and_path_is_named(tmp_path: Path) -> None:
    pictures = pyarrow.array([None, {"bytes": None, "path": None}], PICTURE)
    with pytest.raises(
        UserError, match=r"a.parquet, row 1: it has no picture; .*, row 2: it has no picture$"
    ):
        fetched(write(tmp_path / "a.parquet", ["sad", "sad"], image=pictures))


def test_a_picture_that_is_none_is_named_by_its_row(tmp_path: Path) -> None:
    pictures = pyarrow.array([{"bytes": b"text", "path": ""}], PICTURE)
    with pytest.raises(UserError, match=r"a.parquet, row 1: it is no picture"):
        fetched(write(tmp_path / "a.parquet", ["sad"], image=pictures))


def test_no_file_is_read_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"emotion,pixels\n")
    with pytest.raises(UserError, match=r"a.csv is no Parquet file and no folder with one"):
        fetched(tmp_path / "a.csv", layout="parquet")


def test_what_expands_as_no_faces_do_or_is_larger_than_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zeros = pyarrow.array([{"bytes": bytes(4 << 20), "path": ""}], PICTURE)
    table, path = pyarrow.table({"image": zeros, "label": ["sad"]}), tmp_path / "a.parquet"
    parquet.write_table(table, path, compression="zstd", write_statistics=False)
    with pytest.raises(UserError, match="is more than 100 times as large as the Parquet file"):
        fetched(path)
    with pytest.raises(UserError, match="is larger than"):
        list(official_csv([path], "auto", None, limit=1000))


def test_every_cut_and_wrong_byte_gives_a_table_or_one_error(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.parquet", ["sad"]).read_bytes()
    for position in range(4, len(whole), 11):
        flipped = bytearray(whole)
        flipped[position] ^= 0x01
        for broken in (whole[:position], bytes(flipped)):
            (tmp_path / "b.parquet").write_bytes(broken)
            try:
                fetched(tmp_path / "b.parquet")
            except UserError as error:
                assert str(error).isprintable()  # noqa: PT017 - either outcome is right
