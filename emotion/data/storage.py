"""The processed data on disk: a folder of images, labels and CSV rows for each split."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from emotion.labels import CLASSES, SIDE
from emotion.runtime.errors import UserError
from emotion.runtime.files import write_json

SPLITS = ("train", "validation", "test")
NAMES, TARGETS = "classes.json", "targets.npy"
IMAGES = "images.npy"
BLOCK = 4096  # faces that are in memory at once: nine megabytes


class Images(Protocol):
    """What an array of faces, uint8 (N, 48, 48, 1), and rows that are chosen from one have in common."""

    @property
    def shape(self) -> tuple[int, ...]:
        """As NumPy has it."""

    @property
    def dtype(self) -> Any:
        """As NumPy has it."""

    def __len__(self) -> int: ...

    def __getitem__(self, which: Any, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def __array__(self) -> np.ndarray:
        """All of them."""


class Chosen:
    """Rows of an array of faces, in their order, each copied when it is asked for."""

    def __init__(self, images: Images, rows: np.ndarray) -> None:
        """Choose.

        Args:
            images: the faces.
            rows: int (N,), the numbers of those that are chosen.
        """
        self._images, self._rows = images, rows

    @property
    def shape(self) -> tuple[int, ...]:
        """That of an array of them."""
        return len(self), *self._images.shape[1:]

    @property
    def dtype(self) -> Any:
        """That of the array they are from."""
        return self._images.dtype

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, which: Any) -> Any:
        first, *rest = which if isinstance(which, tuple) else (which,)
        return self._images[(self._rows[first], *rest)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)

    def __iter__(self) -> Iterator[Any]:
        for block in blocks(self):
            yield from block


def blocks(images: Images) -> Iterator[np.ndarray]:
    """Yield the faces, at most BLOCK at a time."""
    for start in range(0, len(images), BLOCK):
        yield images[start : start + BLOCK]


@dataclass(frozen=True)
class Split:
    """The faces of one split; entry i of each array belongs to the same face.

    Attributes:
        images: uint8 (N, 48, 48, 1), grey values as in the CSV; in a file as a rule, and not in memory.
        labels: uint8 (N,), the number of each face's class.
        rows: int32 (N,), the row of the CSV that the face came from; row 0 follows the header.
        classes: the names of the classes, by their numbers.
        targets: float32 (N, K), the shares of the classes that a training aims at, where a face has several;
            its label is the largest. None where it has one.
    """

    images: Images
    labels: np.ndarray
    rows: np.ndarray
    classes: tuple[str, ...] = CLASSES
    targets: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)


def save_split(folder: Path, split: Split) -> None:
    """Write a split as .npy files that can be mapped into memory, and the names of its classes.

    FER-2013's classes have no file: with one the splits would have another hash, and every training on them
    would run again.
    """
    _save_images(folder / IMAGES, split.images)
    for part in ("labels", "rows"):
        np.save(folder / f"{part}.npy", getattr(split, part), allow_pickle=False)
    if split.targets is not None:
        np.save(folder / TARGETS, split.targets, allow_pickle=False)
    if split.classes != CLASSES:
        write_json(folder / NAMES, {"classes": split.classes})


def _save_images(path: Path, images: Images) -> None:
    """Write what numpy.save would write of an array, a block at a time."""
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": images.shape}
        np.lib.format.write_array_header_1_0(file, header)
        for block in blocks(images):
            file.write(np.ascontiguousarray(block).data)


def load_split(folder: Path) -> Split:
    """Map the split in a folder into memory.

    Raises:
        UserError: a file is missing, is not a whole array, or does not fit the others.
    """
    images, labels, rows = (_mapped(folder / name) for name in (IMAGES, "labels.npy", "rows.npy"))
    targets = _mapped(folder / TARGETS) if (folder / TARGETS).exists() else None
    split = Split(images, labels, rows, _classes(folder / NAMES), targets)
    shape = (len(split), SIDE, SIDE, 1)
    if split.images.shape != shape or split.images.dtype != np.uint8 or split.rows.shape != shape[:1]:
        raise UserError(f"{folder}: the arrays do not fit together; run: dvc repro -f preprocess")
    if len(split) == 0 or split.labels.max() >= len(split.classes):
        raise UserError(f"{folder} is empty or has unknown labels; run: dvc repro -f preprocess")
    if targets is not None and targets.shape != (len(split), len(split.classes)):
        raise UserError(f"{folder}: the targets do not fit the faces; run: dvc repro -f preprocess")
    return split


def _classes(path: Path) -> tuple[str, ...]:
    if not path.exists():
        return CLASSES
    try:
        return tuple(map(str, json.loads(path.read_text(encoding="utf-8"))["classes"]))
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise UserError(f"{path} cannot be read ({error}); run: dvc repro -f preprocess") from error


def _mapped(path: Path) -> np.ndarray:
    try:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
        return array
    except (OSError, ValueError, EOFError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path} cannot be read ({reason}); run: dvc repro -f preprocess") from error
