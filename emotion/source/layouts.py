"""The layouts in which faces come, and how each becomes the CSV that the pipeline reads."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from emotion.config.schema import Layout
from emotion.labels import CLASSES
from emotion.runtime.errors import UserError
from emotion.source.archive import CHUNK, LIMIT, Container
from emotion.source.classes import Classes
from emotion.source.contents import csv_of, opened
from emotion.source.dialect import dialect_of, read_dialect
from emotion.source.faces import Faces, as_csv
from emotion.source.images import has_images, read_images
from emotion.source.parquet import parquet_files, read_parquet
from emotion.source.tars import Tar


def official_csv(
    sources: list[Path],
    layout: Layout,
    member: str | None,
    names: tuple[str, ...] = CLASSES,
    limit: int = LIMIT,
) -> Iterator[bytes]:
    """Yield the bytes of the CSV that the pipeline reads, and print what was found and how it was taken.

    A CSV that is in FER-2013's own layout stays as it is, byte for byte, but for empty lines at its end; what
    is wrong with its rows is validation's to say. So does one of no layout that is known.

    Args:
        sources: a file or a folder; or several Parquet files.
        layout: the name of the layout, or `auto` to recognise it.
        member: the CSV to read of an archive or folder with several; None for the only one.
        names: of the classes, by their numbers.
        limit: bytes of a file, and of what is unpacked, that may be read.

    Raises:
        UserError: the faces cannot be read; the message says why and what helps.
    """
    files, classes = parquet_files(sources), Classes(names)
    if layout == "parquet" or (layout == "auto" and files):
        yield from _converted(read_parquet(files, sources[0], classes, limit))
        return
    if len(sources) > 1:
        raise UserError(
            f"{len(sources)} files, and only Parquet is read from several: name one in fetch.file"
        )
    source = sources[0]
    with opened(source, limit) as container:
        of_images = container is not None and member is None and has_images(container.names, classes)
        if layout == "images" or (layout == "auto" and of_images):
            yield from _converted(_images(container, source, classes))
        else:
            yield from _of_csv(csv_of(container, source, member, limit), layout, str(source), classes)


def _images(container: Container | None, source: Path, classes: Classes) -> Faces:
    if container is None:
        raise UserError(f"{source} is no folder and no zip, as the layout images is")
    if isinstance(container, Tar):  # which can be read from its start to its end alone
        raise UserError(f"{source} is a {container.kind} with pictures: unpack it and give the folder")
    return read_images(container, source, classes)


def _of_csv(chunks: Iterator[bytes], layout: Layout, name: str, classes: Classes) -> Iterator[bytes]:
    start = next(chunks, b"")
    chunks = chain([start], chunks)
    dialect = None if layout == "official" else dialect_of(start, name, classes)
    if layout == "csv" and dialect is None:
        raise UserError(f"{name} has no header with emotion and pixels and a row that fits it")
    if dialect and (layout == "csv" or dialect.differences):
        yield from _converted(read_dialect(chunks, dialect, name, classes))
        return
    known = dialect or layout == "official"
    print(f"layout: {'official' if known else 'none that is known'}, left as it is")
    yield from _without_empty_end(chunks)


def _converted(faces: Faces) -> Iterator[bytes]:
    print("layout:", *faces.found, sep="\n  ")
    yield from as_csv(faces)


def _without_empty_end(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a text without the empty lines at its end."""
    held = b""
    for chunk in chunks:
        text = chunk.rstrip(b"\r\n")
        if text or len(held) > CHUNK:
            yield held
            yield text
            held = chunk[len(text) :]
        else:
            held += chunk
    yield held[: 2 if held.startswith(b"\r\n") else 1]
