"""Maps of what spoke for a prediction: the file in which evaluate leaves them, and a face under one."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from emotion.runtime.errors import UserError
from emotion.runtime.files import whole_file

COLOUR = (213, 94, 0)  # vermilion, of Okabe and Ito's colours
OPACITY = 0.7  # of the colour where a map is at its largest


def save_maps(path: Path, rows: np.ndarray, maps: np.ndarray) -> None:
    """Write maps to a .npz file.

    Args:
        path: of the file.
        rows: integers (N,), the row of the CSV that each face came from.
        maps: float (N, h, w), 0 to 1; 8 bits of them are kept.
    """
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez(
            file, allow_pickle=False, rows=rows.astype(np.int32), maps=(255 * maps).round().astype(np.uint8)
        )


def load_maps(path: Path) -> dict[int, np.ndarray]:
    """Return the map of each face, float (h, w), 0 to 1, by the row of the CSV that it came from.

    Raises:
        UserError: the file cannot be read, or its arrays do not fit together.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            rows, maps = file["rows"], file["maps"]
        return {int(row): heat / 255 for row, heat in zip(rows, maps, strict=True)}
    except (OSError, ValueError, EOFError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} cannot be read ({error!r}); run: dvc repro -f evaluate") from error


def overlaid(face: np.ndarray, heat: np.ndarray, side: int) -> Image.Image:
    """Return a face under the colour of its map.

    Args:
        face: uint8 (H, W), grey.
        heat: float (h, w), 0 to 1.
        side: pixels of the result's side.
    """
    grey = Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC).convert("RGB")
    opacity = Image.fromarray((255 * OPACITY * heat).astype(np.uint8))
    mask = opacity.resize((side, side), Image.Resampling.BILINEAR)
    return Image.composite(Image.new("RGB", (side, side), COLOUR), grey, mask)
