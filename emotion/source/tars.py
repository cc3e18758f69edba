"""Tar archives and compressed files, read as streams and without trusting them."""

import gzip
import struct
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from emotion.runtime.errors import UserError
from emotion.source.archive import (
    CHUNK,
    LIMIT,
    MOST_EXPANSION,
    DamagedFileError,
    broken,
    expands_too_much,
    of_macos,
    refuse_strange_name,
    too_large,
)
from emotion.source.formats import GZIP, TAR, TAR_AT, ZSTANDARD

HEADERS = 64 << 10  # bytes of the headers of one file: few enough that tarfile's recursion over them ends
MOST_FILES = 10_000  # tarfile remembers each; that of the challenge has four
# What gzip and tarfile let through on a broken file.
BROKEN = (tarfile.TarError, zlib.error, struct.error, EOFError, ValueError, OSError)


class Stream:
    """The bytes of a file, unpacked if it is compressed, and no more of them than the limits allow."""

    def __init__(self, path: Path, limit: int) -> None:
        self._path, self._limit = path, limit
        self.compression, self._file = _unpacked(path)
        self.kind = f"{self.compression} file"
        self._total = 0
        self._allowed = limit

    def allow(self, size: int) -> None:
        """Let so many more bytes be read until this is called again: tarfile reads what a header says."""
        self._allowed = size

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`.

        Raises:
            DamagedFileError: the compressed file is broken, or more is read than was allowed.
            UserError: there are more bytes than the limits.
        """
        try:
            chunk = self._file.read(size)
        except BROKEN as error:
            raise broken(self._path, self.kind, error) from error
        self._total += len(chunk)
        self._allowed -= len(chunk)
        if self._total > self._limit:
            raise too_large(self._path, self._limit)
        if self.compression and self._total > MOST_EXPANSION * self._path.stat().st_size:
            raise expands_too_much(self._path, self.kind)
        if self._allowed < 0:
            raise broken(self._path, "tar archive", ValueError("headers without an end"))
        return chunk

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _unpacked(path: Path) -> tuple[str, IO[bytes]]:
    """Return how a file is compressed, '' for not at all, and its content as a file."""
    with path.open("rb") as file:
        start = file.read(max(len(GZIP), len(ZSTANDARD)))
    if start.startswith(GZIP):
        return "gzip", cast(IO[bytes], gzip.open(path))
    if start.startswith(ZSTANDARD):
        from pyarrow import input_stream

        return "Zstandard", cast(IO[bytes], input_stream(path, compression="zstd"))
    return "", path.open("rb")


@contextmanager
def opened_stream(path: Path, limit: int = LIMIT) -> Iterator[Stream]:
    """Open a file, compressed or not, of whose content so many bytes may be read."""
    stream = Stream(path, limit)
    try:
        yield stream
    finally:
        stream.close()


def is_tar(path: Path) -> bool:
    """Tell from its content whether a file is a tar archive, compressed or not."""
    with opened_stream(path) as stream:
        try:
            return stream.read(tarfile.BLOCKSIZE)[TAR_AT:].startswith(TAR)
        except DamagedFileError:
            return False


class Tar:
    """A tar archive, compressed or not, as an emotion.source.archive.Container.

    It is read from its start for the names, and again for each file.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self._path, self._limit = path, limit
        with opened_stream(path) as stream:
            self.kind = f"tar archive in {stream.compression}" if stream.compression else "tar archive"
        self.names = [member.name for member, _ in self._files()]
        self.links: list[str] = []  # no pictures are read from it, and a link is no CSV

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file; then read to the end of the archive, where its checksum stands."""
        for member, content in self._files():
            if member.name == name:
                yield from content

    def _files(self) -> Iterator[tuple[tarfile.TarInfo, Iterator[bytes]]]:
        """Yield each regular file and its bytes, which are passed over if they are not taken."""
        with opened_stream(self._path, self._limit) as stream:
            stream.allow(HEADERS)
            try:
                archive = tarfile.open(fileobj=stream, mode="r|", bufsize=tarfile.BLOCKSIZE)  # type: ignore[call-overload]  # noqa: SIM115
            except BROKEN as error:
                raise broken(self._path, self.kind, error) from error
            with archive:
                for _ in range(MOST_FILES + 1):
                    member = self._next(archive, stream)
                    if member is None:
                        break
                    content = self._content(archive, stream, member)
                    if member.isreg() and not member.issparse() and not of_macos(member.name):
                        yield member, content
                    for _ in content:
                        pass
                else:
                    raise UserError(
                        f"{self._path} is a {self.kind} with more than {MOST_FILES:,} files: unpack it"
                    )
            stream.allow(self._limit)
            while stream.read(CHUNK):
                pass

    def _next(self, archive: tarfile.TarFile, stream: Stream) -> tarfile.TarInfo | None:
        stream.allow(HEADERS)
        try:
            member = archive.next()
        except BROKEN as error:
            raise broken(self._path, self.kind, error) from error
        if member is None:
            return None
        refuse_strange_name(member.name, self._path)
        if member.size < 0:
            raise broken(self._path, self.kind, ValueError("a size below zero"))
        return member

    def _content(self, archive: tarfile.TarFile, stream: Stream, member: tarfile.TarInfo) -> Iterator[bytes]:
        """Yield the bytes of a file, and take what fills up its last block from the stream."""
        source = archive.fileobj
        assert source
        left, after = member.size, archive.offset - source.tell()
        while after > 0:
            stream.allow(CHUNK + HEADERS)
            try:
                chunk = source.read(min(CHUNK, after))
            except BROKEN as error:
                raise broken(self._path, self.kind, error) from error
            if not chunk:
                raise broken(self._path, self.kind, EOFError())
            after -= len(chunk)
            if left > 0:
                yield chunk[:left]
                left -= len(chunk)
