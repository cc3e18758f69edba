"""Maps of what spoke for a prediction, as evaluate leaves them for the figures."""

import io
import zipfile
from pathlib import Path

import numpy as np

from emotion.runtime.errors import UserError
from emotion.runtime.files import whole_file


def save_maps(path: Path, rows: np.ndarray, maps: np.ndarray) -> None:
    """Write maps to a .npz file.

    Args:
        path: of the file.
        rows: integers (N,), the row of the CSV that each face came from.
        maps: float (N, h, w), 0 to 1; 8 bits of them are kept.
    """
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez(file, rows=rows.astype(np.int32), maps=(255 * maps).round().astype(np.uint8))


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
