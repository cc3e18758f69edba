"""What people give, opened by its content: a file, compressed or not, an archive, or a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emotion.source.archive import CHUNK, LIMIT, Container, only_csv, too_large
from emotion.source.folders import Folder
from emotion.source.formats import LONGEST_MAGIC, refuse_other_formats
from emotion.source.tars import Tar, is_tar, opened_stream
from emotion.source.zips import is_zip, opened_zip


@contextmanager
def opened(path: Path, limit: int = LIMIT) -> Iterator[Container | None]:
    """Open an archive or a folder; None for a file that is none.

    Args:
        path: where it is.
        limit: bytes of an archive's content that may be read.

    Raises:
        DamagedFileError: the archive is broken.
        UserError: see emotion.source.archive.
    """
    if path.is_dir():
        yield Folder(path)
    elif is_zip(path):
        with opened_zip(path, limit) as archive:
            yield archive
    else:
        yield Tar(path, limit) if is_tar(path) else None


def csv_chunks(path: Path, member: str | None = None, limit: int = LIMIT) -> Iterator[bytes]:
    """Yield the bytes of the CSV at `path`, or of that in the archive at `path`.

    What the file is is told from its content.

    Args:
        path: a CSV, one in gzip or Zstandard, an archive, or a folder.
        member: the CSV of an archive with several; None for the only one.
        limit: bytes that it may have.

    Raises:
        DamagedFileError: the archive is broken or fails its own checksum.
        UserError: the file, or the CSV in it, is of another format (see emotion.source.formats); the archive
            has no CSV or several, or breaks a limit (see emotion.source.archive).
    """
    with opened(path, limit) as container:
        yield from csv_of(container, path, member, limit)


def csv_of(container: Container | None, path: Path, member: str | None, limit: int) -> Iterator[bytes]:
    """Yield the bytes of the CSV in what is opened at `path`; see `csv_chunks`."""
    if container:
        name = only_csv(container, path, member)
        yield from _refused_if_other(_within(container.chunks(name), path, limit), f"the CSV in {path}")
    else:
        yield from _refused_if_other(_of_file(path, limit), str(path))


def _of_file(path: Path, limit: int) -> Iterator[bytes]:
    with opened_stream(path, limit) as stream:
        if not stream.compression and path.stat().st_size > limit:
            raise too_large(path, limit)
        while chunk := stream.read(CHUNK):
            yield chunk


def _within(chunks: Iterator[bytes], path: Path, limit: int) -> Iterator[bytes]:
    """Yield the bytes of a file in what is at `path`, unless they are more than the limit."""
    taken = 0
    for chunk in chunks:
        taken += len(chunk)
        if taken > limit:
            raise too_large(path, limit)
        yield chunk


def _refused_if_other(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    start = next(chunks, b"")
    refuse_other_formats(start[:LONGEST_MAGIC], name)
    yield start
    yield from chunks
