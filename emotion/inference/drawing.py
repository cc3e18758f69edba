"""A photo with its faces marked."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
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
FONT = "mpl-data/fonts/ttf/DejaVuSans.ttf"  # in matplotlib's folder: that of the figures
FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
Draw = Callable[[np.ndarray, Sequence[Face]], Image.Image]  # a photo, uint8 (H, W, 3), and the faces in it


def annotated(photo: np.ndarray, faces: Sequence[Face]) -> Image.Image:
    """Return a photo, uint8 (H, W, 3), with a box and the emotion's name and probability at each face.

    Several faces are numbered, as in the table.
    """
    picture = Image.fromarray(photo)
    draw = ImageDraw.Draw(picture)
    size = max(LEAST_LETTER, round(max(picture.size) * LETTER))
    font = lettering(size)
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


def lettering(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font of names of any classes: Pillow's own, taken without matplotlib, lacks even ü."""
    found = find_spec("matplotlib")  # whose import would take half a second
    for folder in (found and found.submodule_search_locations) or []:
        if (font := Path(folder, FONT)).is_file():
            return ImageFont.truetype(font, size)
    return ImageFont.load_default(size)


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
