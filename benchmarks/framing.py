"""Measure where FER-2013's faces lie in the detector's box: the defaults of `emotion.inference.crop.Framing`.

    python -m benchmarks.framing --train data/splits/train

Training faces are enlarged and put in the middle of a grey square; the medians over those that are found once
give the crop's side and its rise over the box's middle, in sides of the box.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from emotion.data.storage import load_split
from emotion.inference.detector import FaceDetector
from emotion.runtime.errors import one_line_errors

ENLARGED = 192  # pixels of a face's side
AROUND = 384  # pixels of the square's side: under that from which the detector also looks at tiles
GREY = (128, 128, 128)


def main() -> None:
    """Measure, and print the medians and how far they vary."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", type=Path, required=True, help="folder of the train split")
    parser.add_argument("--faces", type=int, default=1000, help="how many of its faces; 1000 if not given")
    args = parser.parse_args()
    images = load_split(args.train).images
    rows = np.linspace(0, len(images) - 1, min(args.faces, len(images))).astype(int)
    found = framings(images[rows, :, :, 0])
    print(f"{len(found)} of {len(rows)} faces were found, once each")
    for name, values in zip(("side", "rise", "shift"), found.T, strict=True):
        low, median, high = np.quantile(values, (0.25, 0.5, 0.75))
        print(f"{name}: median {median:.3f}, middle half {low:.3f} to {high:.3f}")


def framings(faces: np.ndarray) -> np.ndarray:
    """Return where each face that is found lies in the detector's box.

    Args:
        faces: uint8 (N, 48, 48).

    Returns:
        float64 (found, 3), in sides of the box: the face's side, and how far its middle is above and to the
        right of the box's.
    """
    detector = FaceDetector()
    start = (AROUND - ENLARGED) // 2
    relations = []
    for face in faces:
        picture = Image.new("RGB", (AROUND, AROUND), GREY)
        enlarged = Image.fromarray(face).resize((ENLARGED, ENLARGED), Image.Resampling.BICUBIC)
        picture.paste(enlarged.convert("RGB"), (start, start))
        boxes = detector.detect(np.asarray(picture)).boxes
        if len(boxes) == 1:
            left, top, right, bottom = boxes[0]
            size = (right - left + bottom - top) / 2
            x, y = (left + right) / 2, (top + bottom) / 2
            relations.append((ENLARGED / size, (y - AROUND / 2) / size, (AROUND / 2 - x) / size))
    return np.array(relations).reshape(-1, 3)


if __name__ == "__main__":
    with one_line_errors():
        main()
