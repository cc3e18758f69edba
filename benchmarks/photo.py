"""Measure what is lost between a photo and the classifier, by faces of the test split in larger pictures.

    python -m benchmarks.photo --model models/emotion.onnx --test data/splits/test

Each face is enlarged 3 to 6 times and pasted with a soft border onto a picture of 640 x 480 pixels of other
things. Of the faces that are found, the accuracy is put beside that of the same faces fed directly.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from emotion.data.storage import Split, load_split
from emotion.inference.photos import read_photo
from emotion.inference.recognizer import EmotionRecognizer
from emotion.runtime.errors import one_line_errors

SIZE = (640, 480)  # pixels of the pictures
ENLARGED = (3.0, 6.0)  # times
BORDER = 0.08  # of a face's side, over which it fades into the picture
SEED = 0


@dataclass(frozen=True)
class Losses:
    """What became of the faces.

    Attributes:
        faces: how many were pasted.
        found: how many of them the detector found.
        false: boxes that are on no face, or a second one on a face.
        direct: accuracy of the faces that were found, fed directly.
        path: their accuracy through the whole path.
    """

    faces: int
    found: int
    false: int
    direct: float
    path: float


def main() -> None:
    """Measure, and print a line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="an exported model; by default as in emotion.predict")
    parser.add_argument("--test", type=Path, required=True, help="folder of the test split")
    parser.add_argument("--faces", type=int, default=1000, help="how many of its faces; 1000 if not given")
    parser.add_argument(
        "--pictures", type=Path, nargs="*", default=[], help="of other things; else drawn ones"
    )
    args = parser.parse_args()
    recognizer = EmotionRecognizer(args.model)
    pictures = [Image.fromarray(read_photo(path)).resize(SIZE) for path in args.pictures] or drawn(8)
    losses = measure(recognizer, load_split(args.test), args.faces, pictures)
    print(
        f"found {losses.found} of {losses.faces} ({losses.found / losses.faces:.2%}), {losses.false} false; "
        f"accuracy of those found {losses.direct:.4f} fed directly, {losses.path:.4f} through the whole "
        f"path: {losses.path / losses.direct:.2%} of it"
    )


def measure(recognizer: EmotionRecognizer, test: Split, faces: int, pictures: list[Image.Image]) -> Losses:
    """Return what becomes of faces of a split, spread over it evenly, on pictures that take turns."""
    rows = np.linspace(0, len(test) - 1, min(faces, len(test))).astype(int)
    labels = test.labels[rows]
    direct = recognizer.classify([test.images[row, :, :, 0] for row in rows]).argmax(axis=1)
    classes = recognizer.info.classes
    found, path, false = np.zeros(len(rows), bool), np.zeros(len(rows), int), 0
    for index, (photo, square) in enumerate(pasted(test.images[rows, :, :, 0], pictures)):
        seen = recognizer.predict(photo)
        inside = [face for face in seen if _covers(square, face.box)]
        false += len(seen) - min(1, len(inside))
        if inside:
            found[index], path[index] = True, classes.index(inside[0].emotion)
    return Losses(
        faces=len(rows),
        found=int(found.sum()),
        false=false,
        direct=float((direct == labels)[found].mean()),
        path=float((path == labels)[found].mean()),
    )


def pasted(
    faces: np.ndarray, pictures: list[Image.Image]
) -> Iterator[tuple[np.ndarray, tuple[int, int, int]]]:
    """Yield a photo for each face, uint8 (480, 640, 3), and the face's left, top and side there in pixels."""
    random = np.random.default_rng(SEED)
    for index, face in enumerate(faces):
        side = round(face.shape[0] * random.uniform(*ENLARGED))
        left, top = (int(random.integers(0, length - side + 1)) for length in SIZE)
        fade = np.minimum(np.minimum(np.arange(side), np.arange(side)[::-1]) / (BORDER * side), 1)
        mask = Image.fromarray((255 * np.minimum.outer(fade, fade)).astype(np.uint8))
        photo = pictures[index % len(pictures)].copy()
        enlarged = Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC)
        photo.paste(enlarged.convert("RGB"), (left, top), mask)
        yield np.asarray(photo), (left, top, side)


def drawn(number: int) -> list[Image.Image]:
    """Return pictures of coloured blurs, the same each time."""
    random = np.random.default_rng(SEED)
    spots = random.integers(0, 256, (number, 6, 8, 3), np.uint8)
    return [Image.fromarray(spot).resize(SIZE, Image.Resampling.BICUBIC) for spot in spots]


def _covers(square: tuple[int, int, int], box: tuple[float, float, float, float]) -> bool:
    left, top, side = square
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return left < x < left + side and top < y < top + side


if __name__ == "__main__":
    with one_line_errors():
        main()
