"""Zips, read without trusting them."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emotion.runtime.errors import UserError
from emotion.source.archive import (
    CHUNK,
    MOST_EXPANSION,
    broken,
    expands_too_much,
    of_macos,
    refuse_strange_name,
    too_large,
)
from emotion.source.formats import ZIP

DIRECTORY = 8 << 20  # bytes of a zip's directory: FER-2013 as one picture a face has 4 million

# The methods that zipfile unpacks piece by piece, in bounded memory.
SAFE_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What zipfile lets through on a broken archive; OSError is a seek to before its start.
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError, OSError)


class Zip:
    """A zip as an emotion.source.archive.Container."""

    kind = "zip"

    def __init__(self, archive: zipfile.ZipFile, path: Path, limit: int) -> None:
        for member in archive.infolist():
            refuse_strange_name(member.orig_filename, path)
        members = [member for member in archive.infolist() if _is_file(member)]
        self.links = [member.filename for member in archive.infolist() if _is_link(member)]
        self.names = [member.filename.replace("\\", "/") for member in members]  # some are made on Windows
        self._members = dict(zip(self.names, members, strict=True))
        self._archive, self._path, self._limit = archive, path, limit
        self._taken = 0

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file; zipfile gives no more than the zip declares."""
        member = self._members[name]
        self._refuse_unsafe(member)
        try:
            with self._archive.open(member) as file:
                while chunk := file.read(CHUNK):
                    yield chunk
        except BROKEN as error:
            raise broken(self._path, self.kind, error) from error

    def _refuse_unsafe(self, member: zipfile.ZipInfo) -> None:
        if member.flag_bits & 1:
            raise UserError(f"{self._path} is encrypted: unpack it and give what is in it")
        if member.compress_type not in SAFE_METHODS:
            raise UserError(f"{self._path} is not compressed with deflate: unpack it and give what is in it")
        self._taken += member.file_size
        if self._taken > self._limit:
            raise too_large(self._path, self._limit)
        if self._taken > MOST_EXPANSION * self._path.stat().st_size:
            raise expands_too_much(self._path, self.kind)


def is_zip(path: Path) -> bool:
    """Tell from its content whether a file is a zip, also one that is broken."""
    with path.open("rb") as file:
        magic = file.read(len(ZIP))
    try:
        return magic == ZIP or zipfile.is_zipfile(path)  # the first even if the end was cut off
    except zipfile.BadZipFile:  # it says that it spans several disks
        return True


@contextmanager
def opened_zip(path: Path, limit: int) -> Iterator[Zip]:
    """Open a zip of whose content so many bytes may be read.

    Raises:
        DamagedFileError: it is broken.
        UserError: its directory is larger than DIRECTORY, or names a path that leads elsewhere.
    """
    with _Sipped(io.FileIO(path)) as file:
        try:
            archive = zipfile.ZipFile(file)
        except BROKEN as error:
            raise broken(path, Zip.kind, error) from error
        with archive:
            yield Zip(archive, path, limit)


class _Sipped(io.BufferedReader):
    """A zip that is read in small pieces: zipfile takes its directory, which may be gigabytes, in one."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > DIRECTORY:
            raise UserError(
                f"the directory of the zip {self.name} has more than {DIRECTORY:,} bytes: "
                "unpack it and give what is in it"
            )
        return super().read(size)


def _is_file(member: zipfile.ZipInfo) -> bool:
    return not (member.is_dir() or _is_link(member) or of_macos(member.filename))


def _is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16)  # the upper half is the Unix mode
