"""Measure from which tilt on it pays to turn a head upright: `emotion.inference.crop.TILT`.

    python -m benchmarks.tilt --test data/splits/test

Faces are turned before they are pasted onto pictures, and cut out as they are and upright by the eyes.
"""

import numpy as np
from PIL import Image

from benchmarks.pasting import accuracy, arguments, look, materials
from emotion.inference.crop import TILT, cut, frame
from emotion.inference.recognizer import EmotionRecognizer
from emotion.runtime.errors import one_line_errors

ANGLES = (0, 5, 10, 15, 20, 30, 45)  # degrees
WAYS = {"as it is": 180.0, "upright": 0.0, f"upright from {TILT:g}°": TILT}  # and the tilt that each leaves
HEADER = f"| turned by | found | {' | '.join(WAYS)} |\n|---|---|{'---|' * len(WAYS)}"


def main() -> None:
    """Measure, and print a table."""
    recognizer, faces, labels, pictures = materials(arguments(__doc__).parse_args())
    print(HEADER)
    for angle in ANGLES:
        found, accuracies = turned(recognizer, faces, labels, pictures, angle)
        shares = " | ".join(f"{share:.4f}" for share in accuracies.values())
        print(f"| {angle}° | {found} of {len(faces)} | {shares} |", flush=True)


def turned(
    recognizer: EmotionRecognizer,
    faces: np.ndarray,
    labels: np.ndarray,
    pictures: list[Image.Image],
    angle: float,
) -> tuple[int, dict[str, float]]:
    """Return how many turned faces are found, and their accuracy for each of WAYS.

    Args:
        recognizer: the models.
        faces: uint8 (N, 48, 48).
        labels: integers (N,).
        pictures: of other things; they take turns.
        angle: in degrees; the faces are turned clockwise and counter-clockwise in turn.
    """
    rows: list[int] = []
    crops: dict[str, list[np.ndarray]] = {way: [] for way in WAYS}
    for start, sign in ((0, 1), (1, -1)):
        for index, seen in enumerate(look(faces[start::2], pictures, sign * angle)):
            if seen.box is not None and seen.points is not None:
                rows.append(2 * index + start)
                for way, tilt in WAYS.items():
                    square = frame(seen.box, seen.points, recognizer.info.framing, tilt)
                    crops[way].append(cut(seen.photo, square, recognizer.info.side))
    return len(rows), {way: accuracy(recognizer, cut_out, labels[rows]) for way, cut_out in crops.items()}


if __name__ == "__main__":
    with one_line_errors():
        main()
