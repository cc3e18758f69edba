"""Pictures of what a network looked at."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from emotion.evaluation.maps import overlaid
from emotion.inference.drawing import label, lettering
from emotion.inference.recognizer import Face

TILE = 1 / 8  # side of a face below the photo, as a share of the photo's width
LEAST_TILE = 96  # pixels
GAP = 1 / 12  # between two faces, and around their text, in sides of a tile


def with_maps(picture: Image.Image, faces: Sequence[Face], maps: np.ndarray) -> Image.Image:
    """Return a picture with its faces below it: as the classifier sees each, and beside that its map.

    Args:
        picture: the photo, its faces marked.
        faces: those in it.
        maps: of what spoke for the emotion of each, float (N, h, w), 0 to 1.
    """
    side = max(LEAST_TILE, round(picture.width * TILE))
    gap = round(side * GAP)
    font = lettering(2 * gap)
    wide, high = 2 * side + gap, side + 4 * gap
    columns = max(1, (picture.width + gap) // (wide + gap))
    rows = -(-len(faces) // columns)
    page = Image.new("RGB", (max(picture.width, wide), picture.height + rows * high), "white")
    page.paste(picture, (0, 0))
    draw = ImageDraw.Draw(page)
    for index, (face, heat) in enumerate(zip(faces, maps, strict=True)):
        row, column = divmod(index, columns)
        left, top = column * (wide + gap), picture.height + row * high
        draw.text((left, top + gap // 2), label(index, faces), "black", font)
        grey = Image.fromarray(face.crop).resize((side, side), Image.Resampling.BICUBIC)
        page.paste(grey.convert("RGB"), (left, top + 4 * gap - gap // 2))
        page.paste(overlaid(face.crop, heat, side), (left + side, top + 4 * gap - gap // 2))
    return page
