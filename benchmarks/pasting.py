"""Faces of a split in larger pictures of other things, for what is lost between a photo and the classifier.

Each is enlarged 3 to 6 times and pasted with a soft border onto a picture of 640 x 480 pixels.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from emotion.data.storage import load_split
from emotion.inference.crop import Square
from emotion.inference.detector import FaceDetector
from emotion.inference.photos import read_photo
from emotion.inference.recognizer import EmotionRecognizer

SIZE = (640, 480)  # pixels of the pictures
ENLARGED = (3.0, 6.0)  # times
BORDER = 0.08  # of a face's side, over which it fades into the picture
SEED = 0


@dataclass(frozen=True)
class Seen:
    """A pasted face, and what the detector says.

    Attributes:
        photo: what it was pasted on, uint8 (480, 640, 3).
        place: where it was pasted.
        box: left, top, right and bottom in pixels; None if the face is not found.
        points: float64 (6, 2), in pixels; None if the face is not found.
        false: how many boxes are on no face, or a second one on the face.
    """

    photo: np.ndarray
    place: Square
    box: np.ndarray | None
    points: np.ndarray | None
    false: int


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that all measurements on pasted faces have."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="an exported model; by default as in emotion.predict")
    parser.add_argument("--test", type=Path, required=True, help="folder of the test split")
    parser.add_argument("--faces", type=int, default=1000, help="how many of its faces; 1000 if not given")
    parser.add_argument(
        "--pictures", type=Path, nargs="*", default=[], help="of other things; else drawn ones"
    )
    return parser


def materials(
    args: argparse.Namespace,
) -> tuple[EmotionRecognizer, np.ndarray, np.ndarray, list[Image.Image]]:
    """Return what the options name: the model, faces uint8 (N, 48, 48), their labels (N,), the pictures."""
    test = load_split(args.test)
    rows = np.linspace(0, len(test) - 1, min(args.faces, len(test))).astype(int)
    pictures = [Image.fromarray(read_photo(path)).resize(SIZE) for path in args.pictures] or drawn(8)
    return EmotionRecognizer(args.model), test.images[rows, :, :, 0], test.labels[rows], pictures


def accuracy(recognizer: EmotionRecognizer, crops: list[np.ndarray], labels: np.ndarray) -> float:
    """Return the share of crops, each uint8 (48, 48), that get their label, integers (N,)."""
    return float((recognizer.classify(crops).argmax(axis=1) == labels).mean())


def look(faces: np.ndarray, pictures: list[Image.Image], angle: float = 0.0) -> Iterator[Seen]:
    """Yield each face on a picture, and what the detector says of it.

    Args:
        faces: uint8 (N, 48, 48).
        pictures: of other things; they take turns.
        angle: by which each face is turned clockwise, in degrees.
    """
    detector = FaceDetector()
    for photo, place in pasted(faces, pictures, angle):
        found = detector.detect(photo)
        inside = [number for number, box in enumerate(found.boxes) if covers(place, box)]
        false = len(found) - min(1, len(inside))
        box, points = (found.boxes[inside[0]], found.points[inside[0]]) if inside else (None, None)
        yield Seen(photo, place, box, points, false)


def covers(place: Square, box: np.ndarray) -> bool:
    """Say whether the middle of a box, left, top, right and bottom, lies in the square of a pasted face."""
    middle = (box[:2] + box[2:]) / 2
    return bool(np.abs(middle - (place.x, place.y)).max() < place.side / 2)


def pasted(
    faces: np.ndarray,
    pictures: list[Image.Image],
    angle: float = 0.0,
    enlarged: tuple[float, float] = ENLARGED,
) -> Iterator[tuple[np.ndarray, Square]]:
    """Yield a photo for each face, uint8 (H, W, 3) of a picture's size, and where the face is there."""
    random = np.random.default_rng(SEED)
    for index, face in enumerate(faces):
        side = round(face.shape[0] * random.uniform(*enlarged))
        picture = pictures[index % len(pictures)]
        left, top = (int(random.integers(0, length - side + 1)) for length in picture.size)
        fade = np.minimum(np.minimum(np.arange(side), np.arange(side)[::-1]) / (BORDER * side), 1)
        mask = Image.fromarray((255 * np.minimum.outer(fade, fade)).astype(np.uint8))
        photo = picture.copy()
        large = Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC)
        if angle:
            large, mask = (
                part.rotate(-angle, Image.Resampling.BICUBIC, expand=True) for part in (large, mask)
            )
        grown = (large.width - side) // 2
        photo.paste(large.convert("RGB"), (left - grown, top - grown), mask)
        yield np.asarray(photo), Square(left + side / 2, top + side / 2, float(side), np.radians(angle))


def drawn(number: int, size: tuple[int, int] = SIZE) -> list[Image.Image]:
    """Return pictures of coloured blurs, the same each time."""
    random = np.random.default_rng(SEED)
    spots = random.integers(0, 256, (number, 6, 8, 3), np.uint8)
    return [Image.fromarray(spot).resize(size, Image.Resampling.BICUBIC) for spot in spots]
