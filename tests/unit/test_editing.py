"""A value of params.yaml is changed in its place."""

from pathlib import Path

import pytest
from ruamel.yaml.representer import RepresenterError

from emotion.config.editing import edit
from emotion.runtime.errors import UserError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "params.yaml"
    path.write_text("# knobs\ntrain:\n  lr: 0.1  # high\n  faces: {rows: 3}\n")
    return path


def test_values_are_written_in_their_places_and_comments_stay(file: Path) -> None:
    edit({"train.lr": None, "train.faces.rows": 7}, file)
    assert file.read_text() == "# knobs\ntrain:\n  lr: null # high\n  faces: {rows: 7}\n"


def test_a_long_path_stays_on_one_line(file: Path) -> None:
    path = f"/{'a folder/' * 30}own.csv"
    edit({"train.lr": path}, file)
    assert f"lr: {path} " in file.read_text()


def test_a_value_that_cannot_be_written_leaves_the_file_as_it_was(file: Path) -> None:
    before = file.read_text()
    with pytest.raises(RepresenterError):
        edit({"train.lr": object()}, file)
    assert [path.read_text() for path in file.parent.iterdir()] == [before]


@pytest.mark.parametrize("key", ["train.rate", "model.name", "train.lr.high", "model"])
def test_an_unknown_key_is_named_and_nothing_is_written(file: Path, key: str) -> None:
    before = file.read_text()
    with pytest.raises(UserError, match=rf"params\.yaml has no {key}$"):
        edit({"train.lr": 3, key: 1}, file)
    assert file.read_text() == before
