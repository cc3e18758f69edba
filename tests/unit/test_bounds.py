"""Large files take bounded memory and time: 64 MiB beyond the imports, and less than a minute."""

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from tests.support.paths import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the memory is capped as Linux does it")

SECONDS = 60
HEADER = b"emotion,pixels,Usage\n"
WRITE_GIGABYTE = """
import sys
start, unit = map(bytes.fromhex, sys.argv[1:])
sys.stdout.buffer.write(start)
for _ in range(1000):
    sys.stdout.buffer.write(unit * (1_000_000 // len(unit)))
"""
MIB, GIB = 1 << 20, 1 << 30


def capped(action: str, path: Path, stdin: IO[bytes] | None = None) -> tuple[int, str]:
    """Return the status of `tests.support.capped` and what it prints, errors included."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.capped", action, str(path)],
        cwd=ROOT,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=SECONDS,
        text=True,
    )
    return done.returncode, done.stdout


def write_zip(path: Path, mebibytes: int) -> None:
    """Write a zip whose CSV has so many MiB, 60 times as many as the zip."""
    block = np.random.default_rng(0).bytes(16 << 10).ljust(MIB, b"0")
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file,
        file.open("fer2013.csv", "w") as csv,
    ):
        for _ in range(mebibytes):
            csv.write(block)


def test_a_zip_is_unpacked_piece_by_piece(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.zip", mebibytes=128)
    assert (tmp_path / "a.zip").stat().st_size < 3 * MIB
    assert capped("unpack", tmp_path / "a.zip") == (0, f"{128 * MIB}\n")


@pytest.mark.parametrize(
    ("size", "output"),
    [
        (1 * GIB, "1073741824\n"),
        (1024 * GIB, "larger than 4,294,967,296 bytes: to train on so many faces, raise fetch.max_gib\n"),
    ],
)
def test_a_csv_of_gigabytes(tmp_path: Path, size: int, output: str) -> None:
    with (tmp_path / "a.csv").open("wb") as file:
        file.truncate(size)
    assert capped("unpack", tmp_path / "a.csv")[1].endswith(output)


@pytest.mark.parametrize("unit", [b",", b"\0", b"1 "])
@pytest.mark.parametrize("start", [b"", HEADER], ids=["header", "row"])
def test_a_line_of_a_gigabyte(start: bytes, unit: bytes) -> None:
    write = [sys.executable, "-c", WRITE_GIGABYTE, start.hex(), unit.hex()]
    with subprocess.Popen(write, stdout=subprocess.PIPE) as gigabyte:
        status, output = capped("read", Path("/dev/stdin"), gigabyte.stdout)
    assert status == 0, output
    columns, *faults = output.splitlines()
    if start:
        assert faults == ["the line has more than 16,384 bytes"]
    else:
        assert columns != "emotion,pixels,Usage"
        assert len(columns) < 500
    assert gigabyte.returncode == 0
