"""Faces in a photo: BlazeFace's back-camera model over the whole of it, and over tiles of a large one."""

from pathlib import Path

import numpy as np
from PIL import Image

from emotion.inference.blazeface import LEAST_SCORE, SIDE, Detections, decode, merge
from emotion.inference.sessions import open_session

MODEL = Path(__file__).with_name("face_detector.onnx")


class FaceDetector:
    """BlazeFace, ready to run; one object serves any number of photos."""

    def __init__(self, model: Path = MODEL, threads: int = 0) -> None:
        """Load the network.

        Args:
            model: the ONNX file.
            threads: how many compute one call; 0 for as many as there are cores.
        """
        self._session = open_session(model, threads)

    def detect(self, photo: np.ndarray, least: float = LEAST_SCORE) -> Detections:
        """Return the faces of a photo, uint8 (H, W, 3), the surest first, in its pixels."""
        return merge(self._look(Image.fromarray(photo), least))

    def _look(self, picture: Image.Image, least: float) -> Detections:
        """Return every row of the network's answer to a picture, in its pixels."""
        pixels, scale, left, top = letterbox(picture)
        regressors, logits = self._session.run(None, {"input": pixels})
        found = decode(regressors[0], logits[0, :, 0], least)
        corner = np.array([left, top])
        boxes = (found.boxes.reshape(-1, 2, 2) - corner) / scale
        return Detections(boxes.reshape(-1, 4), (found.points - corner) / scale, found.scores)


def letterbox(picture: Image.Image) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Return a picture as the network takes it, whole, in the middle of a black square.

    Args:
        picture: RGB.

    Returns:
        float32 (1, 256, 256, 3) in [-1, 1]: with [0, 1] it would find large faces and miss small ones;
        the factors from the picture's x and y to the square's, float64 (2,); and the picture's left and top
        there in pixels.
    """
    longer = max(picture.size)
    width, height = (max(1, round(size * SIDE / longer)) for size in picture.size)
    left, top = (SIDE - width) // 2, (SIDE - height) // 2
    square = Image.new("RGB", (SIDE, SIDE))
    square.paste(picture.resize((width, height), Image.Resampling.BILINEAR), (left, top))
    pixels = np.asarray(square, np.float32)[None] / 127.5 - 1
    return pixels, np.array([width / picture.width, height / picture.height]), left, top
