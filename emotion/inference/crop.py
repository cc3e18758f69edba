"""The face that the classifier sees, cut out of a photo: one recipe, the same in every language.

1. A square around the detector's box, of `Framing`, upright by the eyes if the head is turned by more than
   `TILT`, on the grid of `STEPS` and `ANGLES`; beyond the photo its edge pixels go on.
2. Grey at full size, in whole numbers: (19595 R + 38470 G + 7471 B + 32768) >> 16, as Pillow's convert("L").
3. If the head is turned: that square, a pixel for a pixel, by Pillow's bicubic transform.
4. Pillow's own resample in 8 bits to the classifier's size, by LANCZOS; its box is in float32.

In a photo the probabilities are the means over this square and four that are shifted a little.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

TILT = 10.0  # degrees; less is left as it is, as it costs nothing, and turning blurs (docs/prediction.md)
FILTER = Image.Resampling.LANCZOS
CROPS = 5  # that `around` returns
SHIFT = 0.04  # in sides of a square: as far as its middle is off, as a rule
# Steps of a pixel, and of a radian: the detector's answers differ in their last bits from one runtime or
# processor to the next. Squares on a grid do not, so that the same pixels are cut out everywhere.
STEPS = 16
ANGLES = 1024


@dataclass(frozen=True)
class Framing:
    """Where FER-2013's faces lie in the detector's box; the model's metadata may say something else.

    Attributes:
        side: of the crop, in sides of the detector's box.
        rise: of the crop's middle over the box's, in sides of the box, towards the forehead.
    """

    # Chosen on PublicTest, through the whole path. `python -m benchmarks.framing` measures where the faces of
    # FER-2013 lie: 1.16 and 0.09; a crop that is a little tighter errs less
    side: float = 1.12
    rise: float = 0.12


@dataclass(frozen=True)
class Square:
    """A square in a photo.

    Attributes:
        x: of its middle, in pixels.
        y: of its middle, in pixels.
        side: in pixels.
        angle: by which it is turned clockwise, in radians.
    """

    x: float
    y: float
    side: float
    angle: float


def frame(box: np.ndarray, points: np.ndarray, framing: Framing, tilt: float = TILT) -> Square:
    """Return the square to cut out for a face.

    Args:
        box: left, top, right and bottom in pixels, float (4,).
        points: the person's right eye and left eye, then others, in pixels, float (N, 2).
        framing: where the face lies in the box.
        tilt: degrees up to which a head is left as it is.
    """
    across, down = points[1] - points[0]
    angle = math.atan2(down, across)
    angle = 0.0 if abs(angle) <= math.radians(tilt) else round(angle * ANGLES) / ANGLES
    left, top, right, bottom = (float(edge) for edge in box)
    size = (right - left + bottom - top) / 2
    rise = framing.rise * size
    x = (left + right) / 2 + rise * math.sin(angle)
    y = (top + bottom) / 2 - rise * math.cos(angle)
    return Square(_on_grid(x), _on_grid(y), max(_on_grid(framing.side * size), 1 / STEPS), angle)


def around(square: Square) -> list[Square]:
    """Return a square, and it shifted in four directions by SHIFT: what a photo's face is averaged over."""
    step = _on_grid(SHIFT * square.side)
    moves = ((0.0, 0.0), (step, 0.0), (-step, 0.0), (0.0, step), (0.0, -step))
    return [replace(square, x=square.x + right, y=square.y + down) for right, down in moves]


def cut(photo: np.ndarray, square: Square, size: int) -> np.ndarray:
    """Return a square of a photo as the classifier takes it.

    Args:
        photo: uint8 (H, W, 3).
        square: what to cut out; it may reach beyond the photo.
        size: pixels of the result's side.

    Returns:
        uint8 (size, size), grey.
    """
    half = square.side / 2 * (abs(math.cos(square.angle)) + abs(math.sin(square.angle)))
    left, top = math.floor(square.x - half), math.floor(square.y - half)
    right, bottom = math.ceil(square.x + half), math.ceil(square.y + half)
    region = photo.take(range(top, bottom), axis=0, mode="clip").take(range(left, right), axis=1, mode="clip")
    grey = Image.fromarray(region).convert("L")
    if square.angle:
        grey = _upright(grey, square.x - left, square.y - top, square)
        box = (0.0, 0.0, float(grey.width), float(grey.height))
    else:
        x, y = square.x - square.side / 2 - left, square.y - square.side / 2 - top
        box = (x, y, x + square.side, y + square.side)
    return np.asarray(grey.resize((size, size), FILTER, box))


def _on_grid(value: float) -> float:
    return round(value * STEPS) / STEPS


def _upright(grey: Image.Image, x: float, y: float, square: Square) -> Image.Image:
    """Return the turned square around a point of `grey`, as many pixels wide as its side."""
    size = max(1, round(square.side))
    step = square.side / size
    cosine, sine = step * math.cos(square.angle), step * math.sin(square.angle)
    # From a pixel of the result to where it lies in `grey`
    affine = (
        cosine,
        -sine,
        x - size / 2 * (cosine - sine),
        sine,
        cosine,
        y - size / 2 * (sine + cosine),
    )
    return grey.transform((size, size), Image.Transform.AFFINE, affine, Image.Resampling.BICUBIC)
