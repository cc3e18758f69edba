"""Files of gigabytes are refused in bounded memory and time: with 64 MiB to spare, in less than a minute."""

import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import IO

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


def write_zip(path: Path, content: bytes, **claims: int) -> Path:
    """Write a zip whose only CSV is stored as `content`, and whose directory makes the given claims."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("fer2013.csv", content)
        for name, value in claims.items():
            setattr(file.filelist[0], name, value)
    return path


def deflated(mebibyte: bytes, times: int) -> bytes:
    """Return the DEFLATE stream of `mebibyte`, repeated."""
    deflater = zlib.compressobj(9, wbits=-15)
    block = deflater.compress(mebibyte) + deflater.flush(zlib.Z_FULL_FLUSH)
    return block * times + deflater.flush()


@pytest.mark.parametrize(
    ("unit", "declared", "fault"),
    [
        (b"\0", 10 * GIB, "is larger than 4,294,967,296 bytes: this is no file of faces"),
        (b"\0", 3 * GIB, "is more than 100 times as large as the zip"),
        (b",", 1000 * MIB, "is more than 100 times as large as the zip"),
        (b"\0", MIB, "is a broken zip (Bad CRC-32 for file 'fer2013.csv')"),
    ],
    ids=["10 GiB", "3 GiB", "a billion columns", "10 GiB said to be 1 MiB"],
)
def test_a_bomb(tmp_path: Path, unit: bytes, declared: int, fault: str) -> None:
    size = 10 * GIB if declared == MIB else declared
    bomb = deflated(unit * MIB, size // MIB)
    claims = {"compress_type": zipfile.ZIP_DEFLATED, "file_size": declared}
    status, output = capped("unpack", write_zip(tmp_path / "bomb.zip", bomb, **claims))
    assert status == 1
    assert output.startswith("error: ")
    assert fault in output
    assert output.count("\n") == 1


def test_a_directory_of_gigabytes(tmp_path: Path) -> None:
    size = 3 * GIB
    with (tmp_path / "a.zip").open("wb") as file:
        file.write(b"PK\x03\x04")
        file.seek(size)  # what is skipped takes no place on the disk
        file.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, size - 4, 4, 0))
    status, output = capped("unpack", tmp_path / "a.zip")
    assert status == 1
    assert "the directory of the zip" in output
    assert "has more than 1,048,576 bytes" in output


@pytest.mark.parametrize(
    ("size", "output"),
    [(1 * GIB, "1073741824\n"), (1024 * GIB, "larger than 4,294,967,296 bytes: this is no file of faces\n")],
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
    assert status == 0
    columns, *faults = output.splitlines()
    if start:
        assert faults == ["the line has more than 16,384 bytes"]
    else:
        assert columns != "emotion,pixels,Usage"
        assert len(columns) < 500
    assert gigabyte.returncode == 0
