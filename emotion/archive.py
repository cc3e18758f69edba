"""The bytes of a CSV that stands alone or in a zip, read without trusting the archive."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from emotion.errors import UserError

LIMIT = 4 << 30  # bytes of a CSV, a dozen times the official one: a zip bomb must not fill the disk
CHUNK = 1 << 20  # bytes held in memory at a time

# Python's decoders of bzip2 and LZMA expand all that they are given at once, so a bomb fills the memory.
SAFE_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What zipfile lets through on a broken archive; OSError is a seek to before its start.
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError, OSError)


class DamagedFileError(UserError):
    """The bytes are not the ones that were meant; a fresh copy of the file may be whole."""


def csv_chunks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of the CSV at `path`, or of the only CSV in the zip at `path`.

    Whether the file is a zip is told from its content. Only bytes leave the archive: its paths, links and
    permissions are not used. Its other files, and what macOS adds to every zip, are passed over.

    Raises:
        DamagedFileError: the zip is broken or fails its own checksum.
        UserError: the zip has no CSV or several, or one that is encrypted or in another compression
            than deflate, or the CSV is larger than LIMIT.
    """
    if not _is_zip(path):
        with path.open("rb") as file:
            yield from _limited(file, path)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            member = _only_csv(archive, path)
            with archive.open(member) as file:
                yield from _limited(file, path)
    except BROKEN as error:
        raise DamagedFileError(f"{path} is a broken zip ({error}): get it again") from error


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        magic = file.read(4)
    return magic == b"PK\x03\x04" or zipfile.is_zipfile(path)  # the first even if the end was cut off


def _only_csv(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    csvs = [member for member in archive.infolist() if _is_csv(member)]
    if len(csvs) != 1:
        raise UserError(f"{path} is a zip with {len(csvs)} CSV files: it must hold exactly one")
    member = csvs[0]
    if member.flag_bits & 1:
        raise UserError(f"the CSV in {path} is encrypted: unpack it and give the CSV itself")
    if member.compress_type not in SAFE_METHODS:
        raise UserError(
            f"the CSV in {path} is not compressed with deflate: unpack it and give the CSV itself"
        )
    if member.file_size > LIMIT:
        raise _too_large(path)
    return member


def _is_csv(member: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(member.filename)
    of_macos = "__MACOSX" in name.parts or name.name.startswith("._")
    link = stat.S_ISLNK(member.external_attr >> 16)  # the upper half is the Unix mode
    return name.suffix.lower() == ".csv" and not (member.is_dir() or link or of_macos)


def _limited(file: IO[bytes], path: Path) -> Iterator[bytes]:
    size = 0
    while chunk := file.read(CHUNK):
        size += len(chunk)
        if size > LIMIT:
            raise _too_large(path)
        yield chunk


def _too_large(path: Path) -> UserError:
    return UserError(f"the CSV of {path} is larger than {LIMIT:,} bytes: this is no file of faces")
