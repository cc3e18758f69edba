"""How a stage ends: one line for what a person can mend, a traceback for what only a programmer can."""

import errno
import os
from pathlib import Path

import pytest

from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.files import whole_file


def test_a_user_error_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught, one_line_errors():
        raise UserError("a.csv, line 3:\n  no such class")
    assert caught.value.code == "error: a.csv, line 3: no such class"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught, one_line_errors():
        (tmp_path / "missing.csv").read_bytes()
    assert caught.value.code == f"error: {tmp_path}/missing.csv: No such file or directory"


def test_a_folder_where_a_file_is_to_go_is_named(tmp_path: Path) -> None:
    (tmp_path / "sheet.png").mkdir()
    with (
        pytest.raises(SystemExit) as caught,
        one_line_errors(),
        whole_file(tmp_path / "sheet.png") as partial,
    ):
        partial.touch()
    assert caught.value.code == f"error: {tmp_path}/sheet.png: Is a directory"


def test_a_full_disk_says_what_to_do() -> None:
    with pytest.raises(SystemExit) as caught, one_line_errors():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.code == "error: No space left on device; free some and run it again"


def test_an_os_error_without_a_number_keeps_its_text() -> None:
    with pytest.raises(SystemExit) as caught, one_line_errors():
        raise OSError("the text")
    assert caught.value.code == "error: the text"


def interrupt() -> None:
    with pytest.raises(SystemExit) as caught, one_line_errors():
        raise KeyboardInterrupt
    assert caught.value.code == 130


def test_an_interruption_is_no_success_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DVC_STAGE", raising=False)
    interrupt()
    assert capsys.readouterr().err == "interrupted; run it again\n"


def test_an_interrupted_stage_says_what_is_kept_and_how_the_last_results_come_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DVC_STAGE", "train")
    interrupt()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("interrupted; run it again: it goes on after the last finished stage or epoch")
    assert "git restore metrics plots; dvc checkout" in line


def test_a_fault_of_the_program_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), one_line_errors():
        _ = 1 / 0


def test_success_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with one_line_errors():
        pass
    assert capsys.readouterr() == ("", "")
