"""Fuzz the reader of pictures: each damaged file is read as pixels or refused in one line.

    python -m tests.fuzz_photos --inputs 10000 --seed 0

The files are small pictures of every kind that is read, cut short or with bytes changed, copied or inserted,
most often where the header is. libtiff, which decodes TIFF, writes lines of its own about some of them.
"""

import io
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from emotion.inference.photos import read_photo
from emotion.runtime.errors import UserError
from emotion.source.pictures import ORIENTATION
from tests.support.fuzzing import run

READ, REFUSED = "read", "refused with a UserError"
SIDE = 24  # pixels of the pictures before they are damaged
HEADER = 64  # bytes
CHANGES = 3  # at most, of a file


def main() -> None:
    """Fuzz, and print the counts, also if an input breaks the rule."""
    run(fuzz, __doc__, 10_000, "no crash; each file was read as pixels or refused in one line")


def fuzz(inputs: int, seed: int, folder: Path, outcomes: Counter[str]) -> None:
    """Judge that many damaged pictures, and count their outcomes.

    Raises:
        AssertionError: the reader gives something else than pixels, or says more than one printable line.
        Exception: it crashed.
    """
    random = np.random.default_rng(seed)
    whole = pictures()
    for index in range(inputs):
        outcomes[judge(damaged(whole[index % len(whole)], random), folder / "picture")] += 1


def judge(content: bytes, file: Path) -> str:
    """Read a picture as a user's command does, and return what becomes of it.

    Raises:
        AssertionError: see `fuzz`.
        Exception: the reader crashed.
    """
    file.write_bytes(content)
    try:
        photo = read_photo(file)
    except UserError as error:
        message = str(error)
        if not message.isprintable():
            raise AssertionError(f"not one printable line: {message!r}") from error
        return REFUSED
    assert photo.dtype == np.uint8
    assert photo.ndim == 3
    assert photo.shape[2] == 3
    assert photo.size
    return READ


def pictures() -> list[bytes]:
    """Return the same small picture as files of many kinds."""
    ramp = np.linspace(0, 255, SIDE).astype(np.uint8)
    pixels = np.stack(
        [np.add.outer(ramp // 2, ramp // 2), np.tile(ramp, (SIDE, 1)), np.full((SIDE, SIDE), 90)], 2
    )
    colour = Image.fromarray(pixels.astype(np.uint8))
    grey, alpha, palette = colour.convert("L"), colour.convert("RGBA"), colour.quantize(16)
    deep = Image.fromarray(np.multiply.outer(ramp, ramp).astype(np.uint16))
    turned = Image.Exif()
    turned[ORIENTATION] = 6
    several = {"save_all": True, "append_images": [colour.rotate(90)]}
    return [
        *(_file(colour, kind) for kind in ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")),
        *(_file(colour, kind) for kind in ("JPEG2000", "TGA", "ICO")),
        *(_file(grey, kind) for kind in ("JPEG", "PNG", "PPM", "TGA")),
        *(_file(alpha, kind) for kind in ("PNG", "WEBP", "TIFF", "ICO")),
        *(_file(palette, kind, transparency=3) for kind in ("PNG", "GIF")),
        *(_file(deep, kind) for kind in ("PNG", "TIFF", "JPEG2000")),
        *(_file(colour, kind, exif=turned) for kind in ("JPEG", "PNG", "WEBP", "AVIF")),
        *(_file(colour, kind, **several) for kind in ("GIF", "PNG", "WEBP", "TIFF")),
        *(_file(colour, "TIFF", compression=way) for way in ("tiff_lzw", "tiff_adobe_deflate", "packbits")),
        _file(colour.convert("CMYK"), "JPEG"),
        _file(colour, "JPEG", progressive=True),
        _file(colour, "WEBP", lossless=True),
        _file(colour, "TGA", compression="tga_rle"),
    ]


def damaged(whole: bytes, random: np.random.Generator) -> bytes:
    """Return a file with a few changes, at places that are drawn: half of them in the header."""
    content = bytearray(whole)
    for _ in range(random.integers(1, CHANGES + 1)):
        end = min(len(content), HEADER) if random.random() < 0.5 else len(content)
        place = int(random.integers(end))
        match random.integers(4):
            case 0:
                content[place] = random.integers(256)
            case 1:
                content[place : place + 2] = random.choice([b"\0\0", b"\xff\xff", b"\x7f\xff", b"\0\1"])
            case 2:
                content[place:place] = random.bytes(int(random.integers(1, 9)))
            case _:
                start = int(random.integers(len(content)))
                content[place : place + 8] = content[start : start + 8]
    if random.random() < 0.2:
        del content[int(random.integers(1, len(content) + 1)) :]
    return bytes(content)


def _file(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
