"""Photos as pixels."""

from pathlib import Path

import numpy as np

from emotion.runtime.errors import UserError
from emotion.source.pictures import decode_picture


def read_photo(path: Path) -> np.ndarray:
    """Return the pixels of a picture file, upright, uint8 (H, W, 3) in RGB.

    Raises:
        UserError: the file is not there or empty; or see emotion.source.pictures.decode_picture.
    """
    if not path.is_file():
        raise UserError(f"{path} is {'a folder' if path.is_dir() else 'not there'}; name a picture file")
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty")
    return decode_picture(path, str(path))
