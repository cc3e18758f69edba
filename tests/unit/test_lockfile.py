"""A damaged input is noticed. That the hashes are those of DVC, every real run of the pipeline shows."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emotion.runtime.errors import UserError
from emotion.runtime.lockfile import check_intact
from tools.verify import main

CSV, SPLITS = Path("data/raw/faces.csv"), Path("data/splits/train")


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a CSV and splits, and a dvc.lock that records them as DVC does."""
    monkeypatch.chdir(tmp_path)
    files = {"deep/b.npy": b"b", "a.npy": b"a"}
    for path, content in {
        CSV: b"faces",
        **{SPLITS / name: content for name, content in files.items()},
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    listed = [{"md5": md5(files[name]), "relpath": name} for name in sorted(files)]
    outs = {"fetch": (CSV, md5(b"faces")), "split": (SPLITS, md5(json.dumps(listed).encode()) + ".dir")}
    stages: dict[str, Any] = {
        name: {"cmd": "true", "outs": [{"path": str(path), "md5": value}]}
        for name, (path, value) in outs.items()
    }
    stages["leaf"] = {"cmd": "true"}
    Path("dvc.lock").write_text(json.dumps({"schema": "2.0", "stages": stages}))


def test_what_is_as_recorded_passes() -> None:
    check_intact(CSV, SPLITS)


def test_a_changed_byte_is_named_with_what_to_do() -> None:
    CSV.write_bytes(b"fades")
    with pytest.raises(
        UserError, match=r"^data/raw/faces\.csv is not what dvc\.lock records.*make verify; dvc repro$"
    ):
        check_intact(SPLITS, CSV)


@pytest.mark.parametrize("fault", ["changed", "missing", "more"])
def test_a_change_inside_a_folder_is_noticed(fault: str) -> None:
    if fault == "changed":
        (SPLITS / "deep/b.npy").write_bytes(b"c")
    elif fault == "missing":
        (SPLITS / "deep/b.npy").unlink()
    else:
        (SPLITS / "c.npy").write_bytes(b"c")
    with pytest.raises(UserError, match=r"^data/splits/train is not"):
        check_intact(SPLITS)


def test_what_is_missing_or_not_recorded_is_left_to_its_reader() -> None:
    CSV.unlink()
    check_intact(CSV, Path("dvc.lock"))


def test_without_a_lock_nothing_is_known() -> None:
    Path("dvc.lock").unlink()
    CSV.write_bytes(b"fades")
    check_intact(CSV)


@pytest.mark.parametrize("content", ["", "{{{", "stages: 3", "stages: {fetch: {outs: [{path: a}]}}", "\xff"])
def test_a_lock_that_cannot_be_read_is_named(content: str) -> None:
    Path("dvc.lock").write_bytes(content.encode("latin-1"))
    with pytest.raises(UserError, match=r"^dvc\.lock cannot be read; run: make verify; dvc repro$"):
        check_intact(CSV)


def stored(content: bytes, suffix: str = "") -> Path:
    """Put content into a cache of DVC's form under the name of its hash."""
    digest = md5(content)
    copy = Path(f"cache/files/md5/{digest[:2]}/{digest[2:]}{suffix}")
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(content)
    copy.chmod(0o444)
    return copy


def verify(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["intact", "cache"])
    main()


def test_whole_files_are_counted_and_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copies = [stored(b"faces"), stored(b"[]", ".dir")]
    in_the_making = copies[0].with_name(".x1y2.tmp")
    in_the_making.write_bytes(b"fac")
    verify(monkeypatch)
    assert all(path.exists() for path in (*copies, in_the_making, CSV, SPLITS))
    assert capsys.readouterr().out == "2 outputs and 2 files of the cache are whole\n"


def test_damaged_outputs_and_copies_are_removed_and_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, damaged, folder = stored(b"faces"), stored(b"a"), stored(b"[]", ".dir")
    (SPLITS / "a.npy").write_bytes(b"b")
    for copy in (damaged, folder):
        copy.chmod(0o644)
        copy.write_bytes(b"b")
    with pytest.raises(UserError, match=r"^3 damaged files removed; to get them back"):
        verify(monkeypatch)
    assert not any(path.exists() for path in (damaged, folder, SPLITS))
    assert whole.exists()
    assert CSV.exists()
    assert capsys.readouterr().out.splitlines() == [
        f"removed: {p}" for p in (*sorted([damaged, folder]), SPLITS)
    ]


@pytest.mark.parametrize("length", [0, 5, 20, 30, 36])  # the rest of it would be a lock with less in it
def test_a_lock_that_was_cut_off_is_removed(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    whole = "schema: '2.0'\nstages:\n  fetch:\n    cmd: python -m stages.fetch\n    outs:\n"
    Path("dvc.lock").write_text(whole[:length])
    with pytest.raises(UserError, match=r"^1 damaged files removed"):
        verify(monkeypatch)
    assert not Path("dvc.lock").exists()
    verify(monkeypatch)


def test_nothing_is_removed_while_a_dvc_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    locks = Path(".dvc/tmp/rwlock")
    locks.parent.mkdir(parents=True)
    CSV.write_bytes(b"half a fa")  # what it is writing
    with subprocess.Popen([sys.executable, "-c", "input()", "dvc", "repro"], stdin=subprocess.PIPE) as dvc:
        locks.write_text(json.dumps({"write": {"/a": {"pid": dvc.pid, "cmd": "dvc repro"}}}))
        with pytest.raises(UserError, match=rf"^DVC is at work here \(process {dvc.pid}\)"):
            verify(monkeypatch)
        assert locks.exists()
        assert CSV.exists()
        dvc.communicate(b"\n")
    with pytest.raises(UserError, match=r"^2 damaged files removed"):
        verify(monkeypatch)


def test_what_dvc_was_about_to_write_is_removed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    locks, entry, other = Path(".dvc/tmp/rwlock"), Path("cache/runs/ab/abcd"), Path("cache/runs/ef/efgh/ijkl")
    for folder in (locks.parent, entry, other.parent):
        folder.mkdir(parents=True)
    other.touch()
    for content in ("", '{"write": {"/a": {"pid": 1, "cmd": "dvc repro"}}}'):
        locks.write_text(content)
        with pytest.raises(UserError, match="damaged files removed"):
            verify(monkeypatch)
    assert capsys.readouterr().out.splitlines() == [f"removed: {path}" for path in (locks, entry, locks)]
    locks.write_text('{"write": {}}')  # as DVC leaves it
    verify(monkeypatch)
    assert locks.exists()
    assert other.exists()
