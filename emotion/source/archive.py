"""The bytes of a CSV that stands alone or in a zip, read without trusting the archive."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from emotion.runtime.errors import UserError
from emotion.source.formats import LONGEST_MAGIC, refuse_other_formats

MAGIC = b"PK\x03\x04"  # with which a zip begins
LIMIT = 4 << 30  # bytes of a CSV, a dozen times the official one: nothing may fill the disk
CHUNK = 1 << 20  # bytes held in memory at a time

# How many times as large as its zip a CSV may be, lest a small file fill the disk: faces are 3 times, line
# drawings 60. zipfile gives no more bytes than the zip declares.
MOST_EXPANSION = 100

# The methods that zipfile unpacks piece by piece, in bounded memory.
SAFE_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What zipfile lets through on a broken archive; OSError is a seek to before its start.
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError, OSError)
LONGEST_REASON = 200  # characters of it that are shown: zipfile quotes names of up to 65,535 bytes
MOST_NAMES = 10  # of the files in a zip, in a message


class DamagedFileError(UserError):
    """The bytes are not the ones that were meant; a fresh copy of the file may be whole."""


def csv_chunks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of the CSV at `path`, or of the only CSV in the zip at `path`.

    Whether the file is a zip is told from its content. Only bytes leave the archive: its paths, links and
    permissions are not used, and paths that lead out of a folder are refused all the same. Its other files,
    and what macOS adds to every zip, are passed over.

    Raises:
        DamagedFileError: the zip is broken or fails its own checksum.
        UserError: the file, or the CSV in it, is of another format (see emotion.source.formats); the zip has
            no CSV or several, or one that is encrypted or in another compression than deflate, or a
            directory larger than CHUNK; or the CSV is larger than LIMIT, or than MOST_EXPANSION times its
            zip.
    """
    if not _is_zip(path):
        if path.stat().st_size > LIMIT:
            raise _too_large(path)
        with path.open("rb") as file:
            yield from _chunks(file, str(path))
        return
    try:
        with _Sipped(io.FileIO(path)) as file, zipfile.ZipFile(file) as archive:
            _refuse_strange_names(archive, path)
            member = _only_csv(archive, path)
            _refuse_unsafe(member, path)
            with archive.open(member) as csv:
                yield from _chunks(csv, f"the CSV in {path}")
    except BROKEN as error:
        reason = str(error)[:LONGEST_REASON] or "it ends too early"
        raise DamagedFileError(f"{path} is a broken zip ({reason}): get it again") from error


class _Sipped(io.BufferedReader):
    """A zip that is read in small pieces: zipfile takes its directory, which may be gigabytes, in one."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > CHUNK:
            raise UserError(
                f"the directory of the zip {self.name} has more than {CHUNK:,} bytes: "
                "unpack it and give the CSV itself"
            )
        return super().read(size)


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        magic = file.read(len(MAGIC))
    try:
        return magic == MAGIC or zipfile.is_zipfile(path)  # the first even if the end was cut off
    except zipfile.BadZipFile:  # it says that it spans several disks
        return True


def _refuse_strange_names(archive: zipfile.ZipFile, path: Path) -> None:
    for member in archive.infolist():
        name = PureWindowsPath(member.orig_filename)  # which knows the separators of Unix, too
        if name.anchor or ".." in name.parts or "\0" in member.orig_filename:
            raise UserError(
                f"{path} has a file named {member.orig_filename[:LONGEST_REASON]!r}, which leads out of the "
                "folder or hides its end: if you trust it, unpack it and give the CSV itself"
            )


def _only_csv(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    members = archive.infolist()
    csvs = [member for member in members if _is_csv(member)]
    if len(csvs) > 1:
        raise UserError(
            f"{path} is a zip with {len(csvs)} CSV files ({_names(csvs)}): "
            "unpack it and give the one with emotion, pixels and Usage"
        )
    if not csvs:
        holds = f"it holds {_names(members)}" if members else "it is empty"
        raise UserError(f"{path} is a zip without a CSV ({holds}): give a CSV, or a zip with exactly one")
    return csvs[0]


def _names(members: list[zipfile.ZipInfo]) -> str:
    """Return the names of members as far as a message can show them."""
    names = ", ".join(repr(member.filename)[1:-1] for member in members[:MOST_NAMES])
    shown = names if len(names) <= LONGEST_REASON else f"{names[:LONGEST_REASON]}…"
    return shown if len(members) <= MOST_NAMES else f"{shown} and {len(members) - MOST_NAMES:,} more"


def _refuse_unsafe(member: zipfile.ZipInfo, path: Path) -> None:
    if member.flag_bits & 1:
        raise UserError(f"the CSV in {path} is encrypted: unpack it and give the CSV itself")
    if member.compress_type not in SAFE_METHODS:
        raise UserError(
            f"the CSV in {path} is not compressed with deflate: unpack it and give the CSV itself"
        )
    if member.file_size > LIMIT:
        raise _too_large(path)
    if member.file_size > MOST_EXPANSION * path.stat().st_size:
        raise UserError(
            f"the CSV in {path} is more than {MOST_EXPANSION} times as large as the zip, as no faces are: "
            "if you trust it, unpack it and give the CSV itself"
        )


def _is_csv(member: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(member.filename)
    of_macos = "__MACOSX" in name.parts or name.name.startswith("._")
    link = stat.S_ISLNK(member.external_attr >> 16)  # the upper half is the Unix mode
    return name.suffix.lower() == ".csv" and not (member.is_dir() or link or of_macos)


def _chunks(file: IO[bytes], name: str) -> Iterator[bytes]:
    start = file.read(LONGEST_MAGIC)
    refuse_other_formats(start, name)
    yield start
    while chunk := file.read(CHUNK):
        yield chunk


def _too_large(path: Path) -> UserError:
    return UserError(f"the CSV of {path} is larger than {LIMIT:,} bytes: this is no file of faces")
