"""One process at a time, and a second one knows which."""

import os
import subprocess
import sys
from pathlib import Path

from emotion.runtime.locks import hold
from tests.support.paths import ROOT

HOLD = """
import pathlib, sys
from emotion.runtime.locks import hold
hold("stage", pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


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
