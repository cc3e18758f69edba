"""Pictures by class: train/angry/1.png and so on, in a folder or a zip, as Kaggle has FER-2013."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import pairwise
from pathlib import Path, PurePosixPath

import numpy as np

from emotion.labels import SIDE
from emotion.runtime.errors import UserError
from emotion.source.archive import Container, shown, shown_names
from emotion.source.classes import Classes
from emotion.source.dialect import NO_USAGE
from emotion.source.faces import Face, Faces
from emotion.source.fer2013 import USAGES

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".avif", ".tif", ".tiff", ".pgm", ".ppm"}
LARGEST = 64 << 20  # bytes of one picture
_USAGES = {usage: part for part, usage in enumerate(USAGES)}
# How folders and files name the parts of the split, in lower case
PARTS = {
    **dict.fromkeys(("train", "training"), 0),
    **dict.fromkeys(("validation", "valid", "val", "dev", "publictest"), 1),
    **dict.fromkeys(("test", "testing", "privatetest"), 2),
}


def has_images(names: list[str], classes: Classes) -> bool:
    """Say whether there is a picture in a folder named as a class, or are pictures and no CSV."""
    pictures = [PurePosixPath(name) for name in names if is_picture(name)]
    of_class = any(classes.number(path.parent.name) is not None for path in pictures)
    csvs = any(name.lower().endswith(".csv") for name in names)
    return of_class or (bool(pictures) and not csvs)


def is_picture(name: str) -> bool:
    """Say whether a file is one of pictures, by its name."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def read_images(container: Container, path: Path, classes: Classes) -> Faces:
    """Return the faces of a folder or zip in which each folder is a class.

    The class is the folder in which a picture lies. Its part of the split is what its name begins with
    (Kaggle keeps FER-2013's, as in PublicTest_123.jpg), if all have such names, or else the nearest folder
    above the class that is named train, validation or test.

    Args:
        container: the folder or the zip.
        path: where it is, for messages.
        classes: what the folders may be named as.

    Raises:
        UserError: there is no picture, or one lies in a folder that is no class, or some have a part of the
            split and others none, or there are links.
    """
    names = sorted(name for name in container.names if is_picture(name))
    if not names:
        raise UserError(f"{path} is a {container.kind} without pictures: put them in a folder for each class")
    if twice := {name for name, after in pairwise(names) if name == after}:
        raise UserError(f"{path} has files of the same name ({shown_names(sorted(twice))}): unpack it")
    if container.links:
        raise UserError(
            f"{path} has symbolic links ({shown_names(container.links)}), whose pictures would be left out: "
            "unpack it and put what they lead to in their place"
        )
    folders = {PurePosixPath(name).parent.name for name in names}
    if others := [name for name in names if _class_of(name, classes) is None]:
        raise UserError(
            f"{path} has pictures that lie in no folder of a class ({shown_names(others)}): "
            f"{classes.remedy([shown(name) for name in sorted(folders - {''})])}"
        )
    parts, origin = _parts(names, path)
    found = [
        f"images, {len(names):,} in a {container.kind}",
        mapping(folders, classes),
        origin,
        *_left_alone(container, classes),
    ]
    return Faces(_rows(container, path, names, parts, classes), found)


def grey_face(content: bytes) -> np.ndarray:
    """Return a picture as grey pixels, uint8 (48, 48).

    It is made grey at full size and then reduced with antialiasing, as emotion.inference.crop does. A grey
    picture of 48 x 48 pixels keeps them; one that is not square is squeezed.

    Raises:
        UserError: see emotion.source.pictures.decode_picture.
    """
    from PIL import Image  # here, because the official CSV needs none of it

    from emotion.source.pictures import decode_picture

    grey = Image.fromarray(decode_picture(BytesIO(content), "it")).convert("L")
    return np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def face_of(content: bytes, label: int, part: int, origin: str) -> Face:
    """Return the face of a picture file, or what is wrong with it."""
    try:
        return Face(grey_face(content), label, part, origin)
    except UserError as error:
        return Face(np.zeros((SIDE, SIDE), np.uint8), label, part, origin, str(error))


def mapping(names: Iterable[str], classes: Classes) -> str:
    """Say in one line which number each name of a class gets."""
    numbers = sorted((number, name) for name in names if (number := classes.number(name)) is not None)
    named = (f"{shown(name)} is {number} {classes.names[number]}" for number, name in numbers)
    return f"classes: {', '.join(named)}"


def part_of(name: str) -> int | None:
    """Return the part of the split, an index into USAGES, that a name stands for; None if for none."""
    return PARTS.get(name.lower())


def _rows(
    container: Container, path: Path, names: list[str], parts: list[int], classes: Classes
) -> Iterator[Face]:
    for name, part in zip(names, parts, strict=True):
        label = _class_of(name, classes)
        assert label is not None
        origin, content = f"{path}/{shown(name)}", bytearray()
        for chunk in container.chunks(name):
            content += chunk
            if len(content) > LARGEST:
                raise UserError(f"{origin} is larger than {LARGEST:,} bytes: this is no picture of a face")
        yield face_of(bytes(content), label, part, origin)


def _parts(names: list[str], path: Path) -> tuple[list[int], str]:
    """Return the part of the split of each picture, and in words where it comes from."""
    begins = [_USAGES.get(PurePosixPath(name).name.partition("_")[0]) for name in names]
    above = [_part_above(name) for name in names]
    for found, where in ((begins, "what their names begin with"), (above, "folders")):
        parts = [part for part in found if part is not None]
        if len(parts) == len(names):
            counts = ", ".join(f"{parts.count(part):,} {usage}" for part, usage in enumerate(USAGES))
            return parts, f"Usage from {where}: {counts}"
    if any(part is not None for part in above):
        other = names[above.index(None)]
        raise UserError(
            f"{path} has pictures in folders such as train and test, and others outside, as {shown(other)}: "
            "put all of them into such folders, or none"
        )
    return [0] * len(names), NO_USAGE


def _part_above(name: str) -> int | None:
    """Return the part of the split that the nearest folder above the class names; None if none does."""
    parts = [part_of(folder) for folder in PurePosixPath(name).parts[:-2]]
    return next((part for part in reversed(parts) if part is not None), None)


def _class_of(name: str, classes: Classes) -> int | None:
    return classes.number(PurePosixPath(name).parent.name)


def _left_alone(container: Container, classes: Classes) -> Iterator[str]:
    """Yield in words which files give no face, and which classes have none, also those of empty folders."""
    if others := sorted(name for name in container.names if not is_picture(name)):
        yield f"left alone: {shown_names(others)}"
    filled = {_class_of(name, classes) for name in container.names if is_picture(name)}
    if missing := [name for number, name in enumerate(classes.names) if number not in filled]:
        yield f"no pictures of {', '.join(missing)}"
