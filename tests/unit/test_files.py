"""Outputs are whole or absent."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emotion.files import hold, whole_file, whole_folder, write_json

ROOT = Path(__file__).parents[2]
HOLD = """
import pathlib, sys
from emotion.files import hold
hold("stage", pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


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


def test_json_keeps_the_order_of_its_keys_and_ends_in_a_newline(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1, "a": "\u00e9"})
    assert (tmp_path / "a.json").read_bytes() == b'{\n  "b": 1,\n  "a": "\\u00e9"\n}\n'


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_json_without_a_number_is_refused_and_leaves_nothing(tmp_path: Path, number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"score": number})
    assert names(tmp_path) == []


def holder(folder: Path) -> subprocess.Popen[str]:
    """Start a process that holds a lock of the folder until its input ends."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    return subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def test_one_process_holds_a_lock_and_the_next_waits_until_it_is_gone_however_it_ends(tmp_path: Path) -> None:
    with holder(tmp_path) as first, holder(tmp_path / "other") as elsewhere:
        assert first.stdout
        assert elsewhere.stdout
        assert first.stdout.readline() == elsewhere.stdout.readline() == "held\n"
        with holder(tmp_path) as second:
            assert second.stdout
            assert second.stdout.readline().endswith(f"to end it: kill {first.pid}\n")
            first.kill()
            assert second.stdout.readline() == "held\n"


def test_a_process_may_hold_its_own_lock_again(tmp_path: Path) -> None:
    hold("stage", tmp_path)
    hold("stage", tmp_path)
    assert (tmp_path / "stage").read_text() == str(os.getpid())
