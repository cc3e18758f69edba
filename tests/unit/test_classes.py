"""Classes of one's own: `data.classes` numbers them, in every layout, and they stay with the splits."""

import unicodedata
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet
from ruamel.yaml import YAML

from emotion.config.schema import load_params
from emotion.data.storage import Split, load_split, save_split
from emotion.evaluation import figures
from emotion.labels import CLASSES, SIDE
from emotion.runtime.errors import UserError
from emotion.source.classes import Classes
from emotion.source.fer2013 import PIXELS, Table, read_csv
from emotion.source.layouts import official_csv
from tests.support.parameters import PARAMS
from tests.support.pictures import encoded, pixels, write

OWN = ("smiling", "frowning", "neither of them")
FACE = " ".join(["7"] * PIXELS)


def fetched(source: Path, names: tuple[str, ...] = OWN) -> Table:
    out = source.parent / "read.csv"
    out.write_bytes(b"".join(official_csv([source], "auto", None, names)))
    return read_csv(out, names)


def write_rows(folder: Path, labels: list[str]) -> Path:
    rows = [f"{label},{FACE},Training" for label in labels]
    (folder / "own.csv").write_text("\n".join(["emotion,pixels,Usage", *rows, ""]))
    return folder / "own.csv"


@pytest.mark.parametrize(
    "labels", [["0", "1", "2"], ["Smiling", "FROWNING", "neither of them"], ["0.0", "1.0", "2.0"]]
)
def test_a_csv_has_them_by_number_or_by_name(tmp_path: Path, labels: list[str]) -> None:
    table = fetched(write_rows(tmp_path, labels))
    assert (table.emotion.tolist(), table.faults, table.classes) == ([0, 1, 2], {}, OWN)


@pytest.mark.parametrize("labels", [["3", "1", "2"], ["3.0", "1.0", "2.0"]])
def test_classes_that_are_called_by_numbers_have_these_as_names(tmp_path: Path, labels: list[str]) -> None:
    assert fetched(write_rows(tmp_path, labels), ("1", "2", "3")).emotion.tolist() == [2, 0, 1]


@pytest.mark.parametrize("labels", [["0", "1"], ["1", "0"], ["0.0", "1"]])
def test_a_number_that_is_no_name_of_theirs_is_not_taken_for_a_place_among_them(
    tmp_path: Path, labels: list[str]
) -> None:
    line = 2 + [label[0] for label in labels].index("0")
    with pytest.raises(UserError, match=rf"line {line}: emotion is '0(\.0)?', and data\.classes has no such"):
        fetched(write_rows(tmp_path, labels), ("1", "2", "3"))


def test_a_number_beyond_them_is_a_fault(tmp_path: Path) -> None:
    csv = write_rows(tmp_path, ["3"])
    assert read_csv(csv, OWN).faults == {0: "emotion is '3'"}
    assert read_csv(csv).faults == {}


def test_folders_are_numbered_by_the_list_and_not_by_the_alphabet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = ("frowning", "neither of them", "smiling")
    files = {f"{folder}/{n}.png": encoded(pixels(n)) for n, folder in enumerate(folders)}
    assert fetched(write(tmp_path / "faces", files)).emotion.tolist() == [1, 2, 0]
    assert (
        "classes: smiling is 0 smiling, frowning is 1 frowning, neither of them is 2 neither of them"
        in capsys.readouterr().out
    )


def test_folders_of_other_classes_are_refused_with_the_list_that_they_need(tmp_path: Path) -> None:
    files = {f"train/{folder}/a.png": encoded(pixels(0)) for folder in ("smiling", "frowning")}
    with pytest.raises(UserError, match=r"; for others: data.classes: \[frowning, smiling\]$"):
        fetched(write(tmp_path / "faces", files), CLASSES)


def test_names_that_yaml_would_take_for_numbers_are_quoted_in_that_list(tmp_path: Path) -> None:
    files = {f"{folder}/a.png": encoded(pixels(0)) for folder in ("1", "02", "null", "no")}
    with pytest.raises(UserError) as refused:
        fetched(write(tmp_path / "faces", files), CLASSES)
    listed = str(refused.value).partition("data.classes: ")[2]
    assert YAML(typ="safe", pure=True).load(listed) == ["02", "1", "no", "null"]


def test_a_folder_that_no_class_can_be_named_as_is_to_be_renamed(tmp_path: Path) -> None:
    files = {f"{folder}/a.png": encoded(pixels(0)) for folder in ("sad, tired", "smiling")}
    with pytest.raises(UserError, match=r"for others, rename 'sad, tired' first: a name has 1 to 40 letters"):
        fetched(write(tmp_path / "faces", files), CLASSES)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_letters_with_signs_above_are_the_same_in_one_piece_and_in_two_as_macos_has_them(
    tmp_path: Path, form: Literal["NFC", "NFD"]
) -> None:
    names = ("müde", "fröhlich", "खुश")
    written = [unicodedata.normalize(form, name) for name in names]
    changes = {"fetch.source": "file", "validate.dataset": "own", "data.classes": written}
    assert load_params(PARAMS, changes)["data"].names == names
    files = {f"{name}/a.png": encoded(pixels(0)) for name in written}
    assert fetched(write(tmp_path / "faces", files), names).emotion.tolist() == [1, 0, 2]


def test_the_numbers_of_parquet_are_those_of_the_list_and_its_names_are_looked_up(tmp_path: Path) -> None:
    pictures = [{"bytes": encoded(pixels(n)), "path": None} for n in range(3)]
    for name, labels in (("numbers", [2, 0, 1]), ("names", ["neither of them", "Smiling", "frowning"])):
        path = tmp_path / f"{name}.parquet"
        parquet.write_table(pyarrow.table({"image": pictures, "label": labels}), path)
        assert fetched(path).emotion.tolist() == [2, 0, 1]


def test_the_numbers_of_parquet_are_names_where_classes_are_called_by_numbers(tmp_path: Path) -> None:
    pictures = [{"bytes": encoded(pixels(n)), "path": None} for n in range(2)]
    for labels in ([2, 1], [0, 1]):
        parquet.write_table(
            pyarrow.table({"image": pictures, "label": labels}), tmp_path / f"{labels[0]}.parquet"
        )
    assert fetched(tmp_path / "2.parquet", ("1", "2", "3")).emotion.tolist() == [1, 0]
    with pytest.raises(
        UserError, match=r"0\.parquet, row 1: its class is '0'; classes of your own: data.classes$"
    ):
        fetched(tmp_path / "0.parquet", ("1", "2", "3"))


def test_they_stay_with_the_splits_and_those_of_fer2013_leave_no_file(tmp_path: Path) -> None:
    for name, classes in (("own", OWN), ("fer2013", CLASSES)):
        (tmp_path / name).mkdir()
        split = Split(
            np.zeros((2, SIDE, SIDE, 1), np.uint8),
            np.array([0, 2], np.uint8),
            np.arange(2, dtype=np.int32),
            classes,
        )
        save_split(tmp_path / name, split)
        assert load_split(tmp_path / name).classes == classes
    assert (tmp_path / "own/classes.json").is_file()
    assert not (tmp_path / "fer2013/classes.json").exists()


def test_a_damaged_list_of_a_split_is_refused(tmp_path: Path) -> None:
    split = Split(np.zeros((1, SIDE, SIDE, 1), np.uint8), np.zeros(1, np.uint8), np.zeros(1, np.int32), OWN)
    save_split(tmp_path, split)
    (tmp_path / "classes.json").write_text('{"classes": ["smil')
    with pytest.raises(UserError, match=r"classes.json cannot be read \(.*\); run: dvc repro -f preprocess$"):
        load_split(tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fetch.source": "file"}, "validate.dataset must be own"),
        ({"fetch.source": "faces", "validate.dataset": "own"}, "renders those: set data.classes to null"),
    ],
)
def test_parameters_that_do_not_go_with_them_are_refused(changes: dict[str, str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        load_params(PARAMS, changes | {"data.classes": list(OWN)})


@pytest.mark.parametrize("count", [2, 3, 20])
def test_the_figures_name_them_and_leave_the_paper_out(count: int) -> None:
    names = tuple(f"class {number}" for number in range(count))
    actual = np.arange(60) % count
    confusion = figures.confusion_matrix(actual, actual, names)
    scores = figures.per_class_f1(np.full(count, 0.5), names)
    balance = figures.class_balance({"train": actual}, names)
    for figure in (confusion, scores, balance):
        assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == list(names)
    assert [text.get_text() for text in scores.legends[0].get_texts()] == ["this run (macro F1 0.500)"]


def test_the_list_that_a_refused_file_would_need_is_yaml_of_its_names() -> None:
    names = ["smiling", "1's", "null", "2", "l'air"]
    _, _, advice = Classes().remedy(names).partition("for others: ")
    assert YAML(typ="safe", pure=True).load(advice) == {"data.classes": names}
