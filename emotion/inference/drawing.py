"""A photo with its faces marked."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emotion.inference.recognizer import Face
from emotion.runtime.errors import UserError
from emotion.runtime.files import whole_file

COLOUR = (255, 210, 0)
INK = (0, 0, 0)
LETTER = 1 / 40  # height of the letters, as a share of the picture's longer side
LEAST_LETTER = 10  # pixels
FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
Draw = Callable[[np.ndarray, Sequence[Face]], Image.Image]  # a photo, uint8 (H, W, 3), and the faces in it


def annotated(photo: np.ndarray, faces: Sequence[Face]) -> Image.Image:
    """Return a photo, uint8 (H, W, 3), with a box and the emotion's name and probability at each face.

    Several faces are numbered, as in the table.
    """
    picture = Image.fromarray(photo)
    draw = ImageDraw.Draw(picture)
    size = max(LEAST_LETTER, round(max(picture.size) * LETTER))
    font = ImageFont.load_default(size)
    for index, face in enumerate(faces):
        left, top, right, bottom = face.box
        draw.rectangle((left, top, right, bottom), outline=COLOUR, width=max(1, size // 8))
        text = label(index, faces)
        width = draw.textlength(text, font)
        x = max(0.0, min(left, picture.width - width))
        y = top - 1.3 * size if top >= 1.3 * size else min(bottom, picture.height - 1.3 * size)
        draw.rectangle((x, y, x + width, y + 1.3 * size), fill=COLOUR)
        draw.text((x, y), text, fill=INK, font=font)
    return picture


def label(index: int, faces: Sequence[Face]) -> str:
    """Return the emotion and its probability of one of the faces, with its number if there are several."""
    face = faces[index]
    number = f"{index + 1} " if len(faces) > 1 else ""
    return f"{number}{face.emotion} {face.probabilities[face.emotion]:.0%}"


def check_picture(path: Path) -> None:
    """Refuse a name under which no picture can be written.

    Raises:
        UserError: its ending is of no format that is written here.
    """
    if path.suffix.lower() not in FORMATS:
        raise UserError(f"{path} must end in {', '.join(FORMATS)}, to say how the picture is written")


def write_picture(path: Path, picture: Image.Image) -> None:
    """Write a picture; the name's ending decides the format."""
    check_picture(path)
    with whole_file(path) as partial:
        picture.save(partial, FORMATS[path.suffix.lower()], quality=92)
