"""Faces as they come out of a photo: enlarged there, cropped a little differently, and reduced again.

FER-2013's faces were cropped and reduced once, by other software. A face in a photo is cropped by
emotion.inference.crop, whose square errs by some 10 % of its side, and reduced by another filter.
"""

import math

import numpy as np
from PIL import Image
from PIL.Image import Resampling as Filter

from emotion.labels import SIDE

ENLARGED = (2.0, 6.0)  # times: from where a photo's face has enough pixels, to a portrait
FILTERS = (Filter.BOX, Filter.BILINEAR, Filter.BICUBIC, Filter.LANCZOS)  # that enlarge
REDUCE = Filter.LANCZOS  # emotion.inference.crop's
CROPS = 256  # in an epoch; faces that share one are spread over its batches
NONE = -1  # the crop of a face that stays as it is


class Resampling:
    """What enlarges, crops and reduces to the same size a random share of the faces of an epoch."""

    def __init__(self, faces: int, share: float, zoom: float, rng: np.random.Generator) -> None:
        """Draw the faces and the crops.

        Args:
            faces: how many there are in the epoch.
            share: of them that are changed, 0 to 1.
            zoom: how far the crop's side is from the face's, at most, as a share; its middle is up to half a
                pixel away.
            rng: draws them.
        """
        chosen = np.flatnonzero(rng.random(faces) < share)
        self._crop = np.full(faces, NONE, np.int16)
        self._crop[chosen] = np.arange(len(chosen)) % CROPS
        self._matrices = [_crop_matrices(zoom, rng) for _ in range(min(CROPS, len(chosen)))]

    def of(self, faces: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Return faces, those that are chosen changed; beyond a face's edges its outer pixels go on.

        Args:
            faces: uint8 (N, 48, 48, 1).
            places: int (N,), where they stand in the epoch.
        """
        out, crops = faces.copy(), self._crop[places]
        for crop, (down, across) in enumerate(self._matrices):
            rows = np.flatnonzero(crops == crop)
            values = down @ faces[rows, :, :, 0].astype(np.float64) @ across.T
            out[rows, :, :, 0] = np.rint(np.clip(values, 0, 255)).astype(np.uint8)
        return out


def _crop_matrices(zoom: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrices of a random crop, of a picture's columns and of its rows."""
    enlarge, factor = FILTERS[rng.integers(len(FILTERS))], rng.uniform(*ENLARGED)
    scale = 1 + zoom * rng.uniform(-1, 1)
    down, across = (crop_matrix(SIDE, enlarge, factor, scale, offset) for offset in rng.uniform(-0.5, 0.5, 2))
    return down, across


def crop_matrix(side: int, enlarge: Filter, factor: float, scale: float, offset: float) -> np.ndarray:
    """Return what enlarging, cropping and reducing do to the rows of a picture, or to its columns.

    All of it is linear, so Pillow shows the matrix when it is given the unit vectors: a product of small
    matrices takes a twentieth of the time of resizing each face.

    Args:
        side: of the picture, in pixels.
        enlarge: the filter that enlarges it; REDUCE reduces the crop.
        factor: how many times it is enlarged.
        scale: the crop's side, in sides of the picture.
        offset: of the crop's middle from the picture's, in pixels.

    Returns:
        float32 (side, side): a row for each pixel of the result, the weights of the picture's pixels.
    """
    border = max(0, math.ceil((scale - 1) / 2 * side + abs(offset)))
    padded = np.pad(np.eye(side, dtype=np.float32), ((border, border), (0, 0)), mode="edge")
    large = Image.fromarray(padded).resize((side, round(factor * len(padded))), enlarge)
    pixel = large.height / len(padded)  # of the picture, in those of the enlarged one
    middle, half = (len(padded) / 2 + offset) * pixel, scale * side / 2 * pixel
    return np.asarray(large.resize((side, side), REDUCE, (0, middle - half, side, middle + half)))
