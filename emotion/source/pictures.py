"""Picture files as pixels: every kind that Pillow decodes is read rightly or refused in one line."""

import logging
import threading
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from emotion.runtime.errors import UserError

# Those that pictures of people come in. Pillow knows more, and of one of them, EPS, it runs a program.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "TGA", "ICO")
BACKGROUND = (255, 255, 255)  # under transparent pixels: white, as on a page
ORIENTATION = 0x0112  # EXIF's tag, and how to turn a picture upright for each of its values
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
WHITE_16 = 65535  # the lightest shade of 16 bits
# Else Pillow's own lines would stand beside ours
logging.getLogger("PIL").addHandler(logging.NullHandler())
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.TiffImagePlugin")
_FILTERS = threading.Lock()  # the filters of warnings are one for all threads


def decode_picture(file: Path | BytesIO, name: str) -> np.ndarray:
    """Return the pixels of a picture, upright as its EXIF data say, uint8 (H, W, 3) in RGB.

    Of an animated file it is the first frame; 16-bit grey is scaled to 8 bits; transparent is white.

    Args:
        file: its path, or its content.
        name: what a message calls it.

    Raises:
        UserError: it is damaged, too large for Pillow's limit, or no picture.
    """
    try:
        with _opened(file) as picture:
            picture.load()
            turn = UPRIGHT.get(_orientation(picture))
            pixels = _in_rgb(picture, name)
    except UserError:
        raise
    except UnidentifiedImageError as error:
        raise UserError(f"{name} is no picture of a kind that is read here: {', '.join(FORMATS)}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        limit = Image.MAX_IMAGE_PIXELS or 0
        raise UserError(f"{name} has more than {limit:,} pixels, Pillow's limit; make it smaller") from error
    except Exception as error:  # each of Pillow's decoders fails in its own way on a damaged file
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(f"{name} is damaged and cannot be read ({reason})") from error
    return np.asarray(pixels if turn is None else pixels.transpose(turn))


def _opened(file: Path | BytesIO) -> Image.Image:
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of harmless damage, such as in EXIF data
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        return Image.open(file, formats=FORMATS)


def _orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(ORIENTATION, 1))
    except Exception:  # damaged EXIF data say nothing, and the pixels are whole
        return 1


def _in_rgb(picture: Image.Image, name: str) -> Image.Image:
    """Return a picture of any mode in RGB.

    Raises:
        UserError: its pixels have no known range.
    """
    if picture.mode.startswith("I"):
        return _from_16_bits(picture, name).convert("RGB")
    if picture.mode == "F":
        raise UserError(f"{name} has floating-point pixels, whose white nobody knows; save it as PNG")
    if picture.has_transparency_data:
        shown = picture.convert("RGBA")
        page = Image.new("RGBA", shown.size, (*BACKGROUND, 255))
        return Image.alpha_composite(page, shown).convert("RGB")
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _from_16_bits(picture: Image.Image, name: str) -> Image.Image:
    """Return the upper 8 of 16 bits, as browsers do: Pillow's convert("L") makes all above 255 white."""
    shades = np.asarray(picture).astype(np.int64)
    if shades.min() < 0 or shades.max() > WHITE_16:
        raise UserError(f"{name} has grey values beyond 16 bits; save it as PNG")
    return Image.fromarray((shades >> 8).astype(np.uint8))
