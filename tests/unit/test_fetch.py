"""The fetch stage on a local file, and what it takes from params.yaml."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

from emotion.config.schema import FacesParams, FetchParams
from emotion.runtime.errors import UserError
from emotion.source.archive import GIB
from emotion.source.ferplus import HEADER
from stages import fetch
from stages.fetch import from_file
from tests.support.fetching import CSV, SHA256, ZIP, names
from tests.support.parameters import write_params
from tests.support.votes import votes_of


def section(path: Path | None, sha256: str | None = SHA256) -> FetchParams:
    return FetchParams(
        source="file",
        repo="",
        revision="",
        file="",
        path=None if path is None else str(path),
        layout="auto",
        member=None,
        max_gib=4,
        sha256=sha256,
        ferplus=None,
        ferplus_sha256=None,
        faces=FacesParams(rows=1, seed=0),
    )


def test_max_gib_is_the_most_that_is_read(tmp_path: Path) -> None:
    with (tmp_path / "mine").open("wb") as file:
        file.truncate(2 * GIB)
    fetch = section(tmp_path / "mine", sha256=None).model_copy(update={"max_gib": 1})
    with pytest.raises(UserError, match="is larger than 1,073,741,824 bytes"):
        from_file(fetch, tmp_path / "out/fer2013.csv")


@pytest.mark.parametrize("content", [CSV, ZIP])
def test_a_local_file_is_put_in_place(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "mine"
    source.write_bytes(content)
    from_file(section(source), tmp_path / "out/fer2013.csv")
    assert (tmp_path / "out/fer2013.csv").read_bytes() == CSV
    assert source.read_bytes() == content


def test_a_local_file_with_another_checksum_names_both_and_keeps_the_old_csv(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes(b"other")
    out = tmp_path / "out/fer2013.csv"
    out.parent.mkdir()
    out.write_bytes(CSV)
    with pytest.raises(UserError) as caught:
        from_file(section(tmp_path / "mine.csv"), out)
    assert hashlib.sha256(b"other").hexdigest() in str(caught.value)
    assert SHA256 in str(caught.value)
    assert names(out.parent) == [out.name]
    assert out.read_bytes() == CSV


def test_a_local_file_without_a_pin_is_taken_and_the_output_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.csv").write_bytes(b"mine")
    from_file(section(tmp_path / "mine.csv", sha256=None), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == b"mine"
    assert "(not checked: fetch.sha256 is null)" in capsys.readouterr().out


def test_a_local_path_may_start_in_the_home_directory_or_in_the_folder_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HOME", "DVC_ROOT"):  # DVC sets the second, also for an experiment that runs elsewhere
        (tmp_path / variable).mkdir()
        (tmp_path / variable / "mine.csv").write_bytes(CSV)
        monkeypatch.setenv(variable, str(tmp_path / variable))
    for path in ("~/mine.csv", "mine.csv"):
        from_file(section(Path(path)), tmp_path / path.replace("~", "out"))
    assert (tmp_path / "out/mine.csv").read_bytes() == (tmp_path / "mine.csv").read_bytes() == CSV
    with pytest.raises(UserError, match=f"^fetch.path '{tmp_path}/HOME/other.csv' is no file"):
        from_file(section(Path("~/other.csv")), tmp_path / "out.csv")


def test_a_local_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^fetch.source is file and fetch.path is null"):
        from_file(section(None), tmp_path / "out.csv")
    path = tmp_path / "missing.csv"
    with pytest.raises(UserError, match=f"^fetch.path '{path}' is no file and no folder"):
        from_file(section(path), tmp_path / "out.csv")


@pytest.mark.parametrize("given", [None, "votes.csv"])
def test_votes_are_put_beside_the_faces_and_without_any_a_header_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    votes = votes_of(np.zeros(3, int), np.zeros(3, int))
    (tmp_path / "votes.csv").write_bytes(votes)
    sha256 = hashlib.sha256(votes).hexdigest()
    faces = {"source": "faces", "faces": {"rows": 10, "seed": 0}}
    write_params(tmp_path, fetch=faces | {"ferplus": given, "ferplus_sha256": sha256})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["fetch", "--csv", "out/fer2013.csv", "--votes", "out/ferplus.csv"])
    fetch.main()
    assert (tmp_path / "out/ferplus.csv").read_bytes() == (votes if given else HEADER)


def test_wrong_votes_leave_nothing_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "votes.csv").write_bytes(CSV)
    faces = {"source": "faces", "faces": {"rows": 10, "seed": 0}}
    write_params(tmp_path, fetch=faces | {"ferplus": "votes.csv", "ferplus_sha256": None})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["fetch", "--csv", "out/fer2013.csv", "--votes", "out/ferplus.csv"])
    with pytest.raises(
        UserError, match=r"votes.csv' does not begin with the header of FERPlus's fer2013new.csv"
    ):
        fetch.main()
    assert not (tmp_path / "out").exists()
