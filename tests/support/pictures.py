"""Small pictures of no faces, one of each class or more, as files that people give."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from emotion.labels import CLASSES, SIDE

FOLDERS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")  # Kaggle's, in their order


def pixels(seed: int, height: int = SIDE, width: int = SIDE) -> np.ndarray:
    """Return random grey pixels, uint8 (height, width)."""
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


def encoded(picture: np.ndarray | Image.Image, kind: str = "PNG") -> bytes:
    """Return a picture as the content of a file."""
    buffer = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(buffer, kind)
    return buffer.getvalue()


def kaggle(each: int = 1) -> dict[str, bytes]:
    """Return the files of Kaggle's folder of FER-2013 by their names, some of each class and part."""
    files = {}
    for number, (part, usage) in enumerate(
        (("train", "Training"), ("test", "PublicTest"), ("test", "PrivateTest"))
    ):
        for folder in FOLDERS:
            for picture in range(each):
                seed = 1000 * number + 100 * FOLDERS.index(folder) + picture
                files[f"{part}/{folder}/{usage}_{picture}.png"] = encoded(pixels(seed))
    return files


def write(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files into a folder and return it."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def number(folder: str) -> int:
    """Return FER-2013's number of one of FOLDERS."""
    name = {"happy": "Happiness"}.get(folder, folder.capitalize())
    return CLASSES.index(name)
