"""`make own` sets every value that belongs together, and no other."""

import shutil
import sys
from functools import partial
from pathlib import Path

import pytest

from emotion.config.schema import load_params
from emotion.runtime.errors import UserError
from experiments.settings import data_settings
from stages.fetch import local
from tests.support.parameters import PARAMS, write_params
from tests.support.paths import ROOT
from tools.own import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_params(tmp_path)
    return tmp_path


def own(monkeypatch: pytest.MonkeyPatch, csv: str, *options: str) -> None:
    monkeypatch.setattr(sys, "argv", ["own", csv, *options])
    main()


def test_the_values_are_set_together_for_a_path_of_any_letters(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    csv = folder / "meine Gesichter, größer.csv"
    csv.touch()
    own(monkeypatch, csv.name)
    params, before = load_params(), load_params(PARAMS)
    assert params["fetch"] == before["fetch"].model_copy(
        update={"source": "file", "path": str(csv), "sha256": None}
    )
    assert params["validate"] == before["validate"].model_copy(update={"dataset": "own", "rows": None})
    assert params["evaluate"].floor.model_dump() == {"accuracy": None, "macro_f1": None}
    assert all(params[section] == before[section] for section in ("preprocess", "model", "train", "plot"))
    printed = capsys.readouterr().out
    assert f"fetch.path: {csv}" in printed
    assert "dvc repro" in printed


def test_no_other_line_is_written_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "params.yaml", folder)
    before = (folder / "params.yaml").read_text().splitlines()
    (folder / "own.csv").touch()
    own(monkeypatch, "own.csv")
    changed = set((folder / "params.yaml").read_text().splitlines()) - set(before)
    keys = {line.split(":")[0].strip() for line in changed}
    assert "path" in keys
    assert keys <= {"source", "path", "sha256", "dataset", "rows", "accuracy", "macro_f1"}


def test_classes_of_ones_own_are_set_too_and_wrong_ones_set_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "own.csv").touch()
    own(monkeypatch, "own.csv", "--classes", "smiling, frowning,neither of them")
    assert load_params()["data"].names == ("smiling", "frowning", "neither of them")
    before = (folder / "params.yaml").read_bytes()
    with pytest.raises(UserError, match=r"data\.classes is .*: 'smiling' stands twice"):
        own(monkeypatch, "own.csv", "--classes", "smiling, Smiling")
    assert (folder / "params.yaml").read_bytes() == before


@pytest.mark.parametrize(("csv", "reason"), [("", "which faces?"), ("none.csv", "is not there")])
def test_without_a_file_nothing_is_set(
    folder: Path, monkeypatch: pytest.MonkeyPatch, csv: str, reason: str
) -> None:
    before = (folder / "params.yaml").read_bytes()
    with pytest.raises(UserError, match=reason):
        own(monkeypatch, csv)
    assert (folder / "params.yaml").read_bytes() == before


def test_the_home_of_a_user_who_is_not_here_is_told_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for use in (partial(own, monkeypatch), local, lambda path: data_settings([f"fetch.path={path}"])):
        with pytest.raises(UserError, match=r"^'~nobody-here/faces' begins with the name of no user here"):
            use("~nobody-here/faces")
    assert local("~/faces") == Path.home() / "faces"
