"""Faces in a photo: BlazeFace's back-camera model over the whole of it, and over tiles of a large one."""

import math
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from emotion.inference.blazeface import SIDE, Detections, decode, merge
from emotion.inference.sessions import open_session

MODEL = Path(__file__).with_name("face_detector.onnx")
# From so many pixels of the photo's longer side on, it is also looked at in tiles of this part of that side:
# the network sees 256 pixels at a time, and misses more and more faces of less than 48 of them
TILES = ((512, 1 / 2), (2048, 1 / 4))
OVERLAP = 1 / 4  # of a tile: a larger face is cut by each tile, and large enough in what the tile is part of
# The least score of a face in the whole photo, and in a tile, where there is more that only looks like one.
# MediaPipe's default is 0.5. Of 120 faces of FER-2013 on pictures of other things, 0.5 and 0.65 found 117 and
# 5 false ones, 0.55 and 0.65 116 and 1, 0.65 and 0.65 113 and none, 0.5 and 0.6 117 and 16.
LEAST_SCORE = 0.55
LEAST_IN_TILE = 0.65
RIM = 1 / 64  # of a tile: a face that comes nearer to its edge is cut, and whole in the next tile


class FaceDetector:
    """BlazeFace, ready to run; one object serves any number of photos."""

    def __init__(self, model: Path = MODEL, threads: int = 0) -> None:
        """Load the network.

        Args:
            model: the ONNX file.
            threads: how many compute one call; 0 for as many as there are cores.
        """
        self._session = open_session(model, threads)

    def detect(self, photo: np.ndarray, in_tiles: bool = True) -> Detections:
        """Return the faces of a photo, the surest first, in its pixels.

        Args:
            photo: uint8 (H, W, 3).
            in_tiles: look for small faces, too, which takes several times as long.
        """
        picture = Image.fromarray(photo)
        found = [self._look(picture, LEAST_SCORE)]
        for tile in tiles(*picture.size) if in_tiles else ():
            inside = self._look(picture.crop(tile), LEAST_IN_TILE)
            found.append(_whole(_moved(inside, tile[0], tile[1]), tile, picture.size))
        return merge(
            Detections(
                np.concatenate([part.boxes for part in found]),
                np.concatenate([part.points for part in found]),
                np.concatenate([part.scores for part in found]),
            )
        )

    def _look(self, picture: Image.Image, least: float) -> Detections:
        """Return every row of the network's answer to a picture that is a face, in its pixels."""
        pixels, scale, left, top = letterbox(picture)
        regressors, logits = self._session.run(None, {"input": pixels})
        found = decode(regressors[0], logits[0, :, 0], least)
        corner = np.array([left, top])
        boxes = (found.boxes.reshape(-1, 2, 2) - corner) / scale
        return Detections(boxes.reshape(-1, 4), (found.points - corner) / scale, found.scores)


def tiles(width: int, height: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the left, top, right and bottom of the tiles of a photo, in pixels; each overlaps the next."""
    longer = max(width, height)
    for least, part in TILES:
        if longer >= least:
            side = round(longer * part)
            for top, left in product(_starts(height, side), _starts(width, side)):
                yield left, top, min(left + side, width), min(top + side, height)


def _starts(length: int, side: int) -> list[int]:
    """Return where tiles begin along one side of a photo: evenly, with at least OVERLAP in common."""
    steps = max(0, math.ceil((length - side) / (side * (1 - OVERLAP))))
    return [round((length - side) * step / steps) for step in range(steps + 1)] if steps else [0]


def _moved(found: Detections, x: int, y: int) -> Detections:
    return Detections(found.boxes + np.array([x, y, x, y]), found.points + np.array([x, y]), found.scores)


def _whole(found: Detections, tile: tuple[int, int, int, int], size: tuple[int, int]) -> Detections:
    """Return the faces that no edge of a tile cuts; the edges of the photo itself do not count."""
    left, top, right, bottom = tile
    rim = RIM * max(right - left, bottom - top)
    low = [left + rim if left else -np.inf, top + rim if top else -np.inf]
    high = [right - rim if right < size[0] else np.inf, bottom - rim if bottom < size[1] else np.inf]
    inside = np.concatenate([found.boxes[:, :2] >= low, found.boxes[:, 2:] <= high], axis=1)
    return found[np.flatnonzero(inside.all(axis=1))]


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
    # One direction after the other: which comes first, and so the rounding, depends on the release of Pillow
    narrow = picture.resize((width, picture.height), Image.Resampling.BILINEAR)
    square.paste(narrow.resize((width, height), Image.Resampling.BILINEAR), (left, top))
    pixels = np.asarray(square, np.float32)[None] / 127.5 - 1
    return pixels, np.array([width / picture.width, height / picture.height]), left, top
