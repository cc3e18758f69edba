"""What the package fer makes of faces and photos.

benchmarks/photo.py runs this with the Python of fer's environment, so it imports nothing of this project.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from fer.fer import FER

# fer's names of the seven classes, and this project's
NAMES = {
    "angry": "Angry",
    "disgust": "Disgust",
    "fear": "Fear",
    "happy": "Happiness",
    "sad": "Sad",
    "surprise": "Surprise",
    "neutral": "Neutral",
}


def main() -> None:
    """Read faces.npy and photos.npy of a folder, and print the answers as a line of JSON.

    "direct" has the emotion of each face; "photos" has, for each photo, [left, top, right, bottom] and the
    emotion of each face in it.
    """
    folder = Path(sys.argv[1])
    faces = np.load(folder / "faces.npy", allow_pickle=False)
    photos = np.load(folder / "photos.npy", mmap_mode="r", allow_pickle=False)
    whole, exact = [(0, 0, *faces.shape[1:])], FER(offsets=(0, 0))
    direct = [emotion(exact.detect_emotions(colour(face), whole)[0]) for face in faces]
    as_used = FER()
    seen = [as_used.detect_emotions(np.ascontiguousarray(photo[..., ::-1])) for photo in photos]  # BGR
    found = [[[corners(face["box"]), emotion(face)] for face in each] for each in seen]
    print(json.dumps({"direct": direct, "photos": found}))


def emotion(face: dict[str, Any]) -> str:
    """Return the most probable emotion of a face."""
    scores = face["emotions"]
    return NAMES[max(scores, key=lambda name: scores[name])]


def colour(face: np.ndarray) -> np.ndarray:
    """Return a grey face, uint8 (48, 48), in three channels."""
    return np.repeat(face[..., None], 3, axis=2)


def corners(box: np.ndarray) -> list[int]:
    """Return left, top, right and bottom of a box of left, top, width and height."""
    left, top, width, height = (int(number) for number in box)
    return [left, top, left + width, top + height]


if __name__ == "__main__":
    main()
