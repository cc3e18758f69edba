"""Measure how small a face may be in a large photo, and what it brings to look at the photo in tiles, too.

    python -m benchmarks.tiles --test data/splits/test --faces 200

Faces of the test split are pasted in several sizes onto pictures of 1280 x 960 pixels.
"""

import numpy as np
from PIL import Image

from benchmarks.pasting import arguments, covers, drawn, materials, pasted
from emotion.inference.detector import FaceDetector
from emotion.runtime.errors import one_line_errors

SIZE = (1280, 960)  # pixels of the pictures
SIDES = (16, 24, 32, 48, 64, 96, 192)  # of a face, in pixels
WAYS = {"whole photo": False, "and tiles": True}
NAMES = " | ".join(f"{way}: found | false" for way in WAYS)
HEADER = f"| side of the face | {NAMES} |\n|---|{'---|---|' * len(WAYS)}"


def main() -> None:
    """Measure, and print a table."""
    args = arguments(__doc__).parse_args()
    _, faces, _, pictures = materials(args)
    large = [picture.resize(SIZE) for picture in pictures] if args.pictures else drawn(8, SIZE)
    print(HEADER)
    for side in SIDES:
        found, false = seen(faces, large, side)
        counts = " | ".join(f"{found[way]} of {len(faces)} | {false[way]}" for way in WAYS)
        print(f"| {side} | {counts} |", flush=True)


def seen(faces: np.ndarray, pictures: list[Image.Image], side: int) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many faces are found in each of WAYS, and how many boxes are on no face.

    Args:
        faces: uint8 (N, 48, 48).
        pictures: of other things; they take turns.
        side: of the faces on them, in pixels.
    """
    detector, times = FaceDetector(), side / faces.shape[1]
    found, false = dict.fromkeys(WAYS, 0), dict.fromkeys(WAYS, 0)
    for photo, place in pasted(faces, pictures, enlarged=(times, times)):
        for way, in_tiles in WAYS.items():
            boxes = detector.detect(photo, in_tiles).boxes
            inside = sum(covers(place, box) for box in boxes)
            found[way] += min(1, inside)
            false[way] += len(boxes) - min(1, inside)
    return found, false


if __name__ == "__main__":
    with one_line_errors():
        main()
