"""The processed data on disk: a folder of images, labels and CSV rows for each split."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion.labels import CLASSES, SIDE
from emotion.runtime.errors import UserError
from emotion.runtime.files import write_json

SPLITS = ("train", "validation", "test")
NAMES, TARGETS = "classes.json", "targets.npy"
PARTS = ("images", "labels", "rows")


@dataclass(frozen=True)
class Split:
    """The faces of one split; entry i of each array belongs to the same face.

    Attributes:
        images: uint8 (N, 48, 48, 1), grey values as in the CSV.
        labels: uint8 (N,), the number of each face's class.
        rows: int32 (N,), the row of the CSV that the face came from; row 0 follows the header.
        classes: the names of the classes, by their numbers.
        targets: float32 (N, K), the shares of the classes that a training aims at, where a face has several;
            its label is the largest. None where it has one.
    """

    images: np.ndarray
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
    for part in PARTS:
        np.save(folder / f"{part}.npy", getattr(split, part), allow_pickle=False)
    if split.targets is not None:
        np.save(folder / TARGETS, split.targets, allow_pickle=False)
    if split.classes != CLASSES:
        write_json(folder / NAMES, {"classes": split.classes})


def load_split(folder: Path) -> Split:
    """Map the split in a folder into memory.

    Raises:
        UserError: a file is missing, is not a whole array, or does not fit the others.
    """
    arrays = {part: _mapped(folder / f"{part}.npy") for part in PARTS}
    targets = _mapped(folder / TARGETS) if (folder / TARGETS).exists() else None
    split = Split(**arrays, classes=_classes(folder / NAMES), targets=targets)
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
