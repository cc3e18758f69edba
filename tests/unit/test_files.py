"""Outputs are whole or absent."""

import ast
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from emotion.runtime.files import whole_file, whole_folder, write_json
from tests.support.paths import ROOT

PACKAGES = ("emotion", "stages", "experiments", "benchmarks")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new/folder/a.txt"
    with whole_file(path) as partial:
        partial.write_text("whole")
        assert not path.exists()
        assert partial.parent == path.parent
    assert path.read_text() == "whole"
    assert names(path.parent) == ["a.txt"]


def write_half(path: Path, fault: type[BaseException]) -> None:
    with whole_file(path) as partial:
        partial.write_text("half")
        raise fault


def write_half_a_folder(path: Path, fault: type[BaseException]) -> None:
    with whole_folder(path) as partial:
        (partial / "new").write_text("half")
        raise fault


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("write", [write_half, write_half_a_folder])
def test_a_fault_leaves_nothing(
    tmp_path: Path, write: Callable[[Path, type[BaseException]], None], fault: type[BaseException]
) -> None:
    with pytest.raises(fault):
        write(tmp_path / "out", fault)
    assert names(tmp_path) == []


def test_a_fault_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old")
    with pytest.raises(ValueError, match=r"^$"):
        write_half(tmp_path / "out", ValueError)
    assert (tmp_path / "out").read_text() == "old"
    assert names(tmp_path) == ["out"]


def test_a_fault_leaves_the_old_folder(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old").write_text("old")
    with pytest.raises(ValueError, match=r"^$"):
        write_half_a_folder(tmp_path / "out", ValueError)
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["old"]


def test_a_link_is_replaced_and_what_it_points_to_is_not_written(tmp_path: Path) -> None:
    """DVC may link an output to its cache, which must never change."""
    (tmp_path / "cache").write_text("cached")
    (tmp_path / "cache").chmod(0o444)
    (tmp_path / "soft").symlink_to("cache")
    os.link(tmp_path / "cache", tmp_path / "hard")
    for name in ("soft", "hard"):
        with whole_file(tmp_path / name) as partial:
            partial.write_text("new")
        assert (tmp_path / name).read_text() == "new"
    assert (tmp_path / "cache").read_text() == "cached"


def test_what_a_killed_run_left_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / ".a.txt.partial").write_text("a longer rest of a run that was killed")
    (tmp_path / ".b.partial").mkdir()
    (tmp_path / ".b.partial/old.txt").write_text("old")
    with whole_file(tmp_path / "a.txt") as partial:
        partial.write_text("new")
    with whole_folder(tmp_path / "b") as folder:
        (folder / "new.txt").write_text("new")
    assert (tmp_path / "a.txt").read_text() == "new"
    assert names(tmp_path) == ["a.txt", "b"]
    assert names(tmp_path / "b") == ["new.txt"]


def test_a_folder_replaces_the_old_one(tmp_path: Path) -> None:
    for name in ("first", "second"):
        with whole_folder(tmp_path / "out") as partial:
            (partial / "deep").mkdir()
            (partial / "deep" / name).write_text(name)
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out/deep") == ["second"]


def write_files(path: Path) -> None:
    with whole_file(path) as partial:
        partial.write_text("new")


def write_folders(path: Path) -> None:
    with whole_folder(path) as partial:
        (partial / "deep").mkdir()
        (partial / "file").write_text("new")
        (partial / "deep/file").write_text("new")


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("write", [write_files, write_folders])
def test_every_file_is_flushed_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None], again: bool
) -> None:
    """A power cut after a rename would else leave a file that has its name and not its content."""
    out = tmp_path / "out"
    if again:
        write(out)
    events: list[int | Path] = []  # the inode of what is flushed, the new name of what is renamed
    calls = {name: getattr(os, name) for name in ("fsync", "rename", "replace")}

    def fsync(file: int) -> None:
        events.append(os.fstat(file).st_ino)
        calls["fsync"](file)

    def renaming(name: str) -> Callable[[Path, Path], None]:
        def rename(source: Path, target: Path) -> None:
            events.append(Path(target))
            calls[name](source, target)

        return rename

    monkeypatch.setattr(os, "fsync", fsync)
    for name in ("rename", "replace"):  # pathlib calls these, too
        monkeypatch.setattr(os, name, renaming(name))
    write(out)
    written = {path.stat().st_ino for path in (out, *out.rglob("*")) if path.is_file()}
    assert written
    assert written <= set(events[: events.index(out)])


def test_no_array_is_read_or_written_with_pickle() -> None:
    calls = [
        (f"{path.relative_to(ROOT)}:{node.lineno}", {word.arg: word.value for word in node.keywords})
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call)
        and re.fullmatch(r"(np|numpy)\.(load|save|savez|savez_compressed)", ast.unparse(node.func))
    ]
    assert len(calls) >= 4
    for where, words in calls:
        assert "allow_pickle" in words, where
        assert ast.unparse(words["allow_pickle"]) == "False", where


def test_json_keeps_the_order_of_its_keys_and_ends_in_a_newline(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1, "a": "\u00e9"})
    assert (tmp_path / "a.json").read_bytes() == b'{\n  "b": 1,\n  "a": "\\u00e9"\n}\n'


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_json_without_a_number_is_refused_and_leaves_nothing(tmp_path: Path, number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"score": number})
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_replaced_keeps_what_it_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old").touch()
    replace = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if self.name == ".out.partial":
            raise OSError(5, "Input/output error")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="Input/output"), whole_folder(tmp_path / "out") as folder:
        (folder / "new").touch()
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "out", tmp_path / "out/old"]
