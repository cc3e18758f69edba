"""Parquet files as the datasets library of Hugging Face stores pictures and their classes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from emotion.labels import CLASSES, SIDE
from emotion.runtime.errors import UserError
from emotion.source.archive import (
    LIMIT,
    MOST_EXPANSION,
    broken,
    expands_too_much,
    shown,
    shown_names,
    too_large,
)
from emotion.source.classes import OWN_CLASSES, Classes
from emotion.source.dialect import NO_USAGE
from emotion.source.faces import Face, Faces
from emotion.source.fer2013 import USAGES
from emotion.source.folders import Folder
from emotion.source.formats import PARQUET
from emotion.source.images import face_of, mapping, part_of

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

KIND = "Parquet file"
BATCH = 16  # rows in memory at a time
# How the types of columns begin: of pictures, and of numbers
PICTURES = ("struct<bytes: ", "binary", "large_binary")
NUMBERS = ("int", "uint", "float", "double")
LABELS = ("label", "labels", "emotion", "class")  # names of the column of the class, if it is no ClassLabel


class Columns(NamedTuple):
    """Where a file has its pictures and classes.

    Attributes:
        image: the column of the pictures.
        label: the column of the classes.
        names: of the classes, by the numbers of the column; empty if the column has names itself.
    """

    image: str
    label: str
    names: list[str]


def is_parquet(path: Path) -> bool:
    """Tell from its content whether a file is one of Parquet."""
    with path.open("rb") as file:
        return file.read(len(PARQUET)) == PARQUET


def parquet_files(sources: list[Path]) -> list[Path]:
    """Return the Parquet files among the sources, or in the only one if it is a folder.

    Raises:
        UserError: of several sources some are Parquet and others not.
    """
    if len(sources) == 1 and sources[0].is_dir():
        return [sources[0] / name for name in Folder(sources[0]).names if name.endswith(".parquet")]
    files = [path for path in sources if is_parquet(path)]
    if files and len(files) < len(sources):
        other = next(path for path in sources if path not in files)
        raise UserError(f"{other} is no Parquet file, and others are: correct fetch.file")
    return files


def read_parquet(files: list[Path], source: Path, classes: Classes, limit: int = LIMIT) -> Faces:
    """Return the faces of Parquet files.

    The part of the split is what the name of a file begins with, as in train-00000-of-00001.parquet; of
    several files it may also be the name of the folder.

    Args:
        files: the files, in the order of their rows.
        source: where they are, for messages.
        classes: what their names may be.
        limit: bytes that a file may declare.

    Raises:
        DamagedFileError: a file is broken.
        UserError: there are none; a file has no pictures, or paths alone; its classes have no names, or
            others; or some files have a part of the split and others none.
    """
    if not files:
        raise UserError(f"{source} is no Parquet file and no folder with one")
    columns = [_columns(path, classes, limit) for path in files]
    names = sorted({name for each in columns for name in each.names})
    parts, origin = _parts(files)
    rows = (
        face
        for path, each, part in zip(files, columns, parts, strict=True)
        for face in _rows(path, each, part, classes, limit)
    )
    found = [f"parquet, {len(files):,} {'files' if len(files) > 1 else 'file'}", origin]
    return Faces(rows, [*found, mapping(names, classes)] if names else found)


def _parts(files: list[Path]) -> tuple[list[int], str]:
    """Return the part of the split of each file, and in words where it comes from."""
    found = [part_of(path.stem.partition("-")[0]) for path in files]
    if not any(part is not None for part in found) and len(files) > 1:
        found = [part_of(path.parent.name) for path in files]
    parts = [part for part in found if part is not None]
    if not parts:
        return [0] * len(files), NO_USAGE
    if len(parts) < len(files):
        other = files[found.index(None)]
        raise UserError(
            f"{other} has no part of the split in its name, such as train or test, and other files have"
        )
    return parts, f"Usage from the names of the files: {', '.join(sorted({USAGES[part] for part in parts}))}"


@contextmanager
def _opened(path: Path, limit: int) -> Iterator["ParquetFile"]:
    """Open a Parquet file, and say in one line what is wrong if it cannot be read."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            sizes = (file.metadata.row_group(number).total_byte_size for number in range(file.num_row_groups))
            size = sum(sizes)
            if size > limit:
                raise too_large(path, limit)
            if size > MOST_EXPANSION * path.stat().st_size:
                raise expands_too_much(path, KIND)
            yield file
    except (ArrowException, OSError, ValueError) as error:
        raise broken(path, KIND, error) from error


def _columns(path: Path, classes: Classes, limit: int) -> Columns:
    with _opened(path, limit) as file:
        schema = file.schema_arrow
    features = _features(schema.metadata or {})
    types = {field.name: str(field.type) for field in schema}
    images = [name for name, kind in types.items() if kind.startswith(PICTURES)]
    labels = [name for name in types if features.get(name, {}).get("_type") == "ClassLabel"]
    labels = labels or [name for name in types if name.lower() in LABELS]
    if len(images) != 1 or len(labels) != 1:
        raise UserError(
            f"{path} has the columns {shown_names(list(types))}: it must have one of pictures (a struct of "
            "bytes and path) and one of classes (label)"
        )
    names = [str(name) for name in features.get(labels[0], {}).get("names", [])]
    if not names and types[labels[0]].startswith(NUMBERS) and not classes.numeric:
        if classes.names == CLASSES:  # whose numbers are others in many a data set
            raise UserError(
                f"{path} has numbers in its column {labels[0]} and no names for them: save it with a "
                "ClassLabel, or with the names themselves"
            )
        names = list(classes.names)
    if others := classes.others(names):
        raise UserError(
            f"{path} has other classes ({shown_names(others)}): "
            f"{classes.remedy([shown(name) for name in names])}"
        )
    return Columns(images[0], labels[0], names)


def _features(metadata: dict[bytes, bytes]) -> dict[str, dict[str, Any]]:
    """Return what the datasets library says of each column; nothing if it has not written the file."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        return {str(name): feature for name, feature in features.items() if isinstance(feature, dict)}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def _rows(path: Path, columns: Columns, part: int, classes: Classes, limit: int) -> Iterator[Face]:
    for number, (image, value) in enumerate(_values(path, columns, limit), start=1):
        origin = f"{path}, row {number}"
        content, place = (image.get("bytes"), image.get("path")) if isinstance(image, dict) else (image, None)
        label = _label(value, columns.names, classes)
        if content is None and place:
            raise UserError(
                f"{origin} has the path of a picture and no picture, as Dataset.to_parquet writes a folder "
                "of images: give that folder"
            )
        if content is None or label is None:
            no_class = f"its class is {str(value)[:20]!r}; {OWN_CLASSES}"
            fault = "it has no picture" if content is None else no_class
            yield Face(np.zeros((SIDE, SIDE), np.uint8), 0, part, origin, fault)
        else:
            yield face_of(content, label, part, origin)


def _values(path: Path, columns: Columns, limit: int) -> Iterator[tuple[Any, Any]]:
    """Yield the picture and the class of each row, as Python has them."""
    wanted = [columns.image, columns.label]
    with _opened(path, limit) as file:
        for batch in file.iter_batches(BATCH, columns=wanted, use_threads=False):
            yield from zip(*(batch[name].to_pylist() for name in wanted), strict=True)


def _label(value: Any, names: list[str], classes: Classes) -> int | None:
    if names:
        known = isinstance(value, int) and 0 <= value < len(names)
        return classes.number(names[value]) if known else None
    return classes.number(str(value)) if isinstance(value, str | int) else None
