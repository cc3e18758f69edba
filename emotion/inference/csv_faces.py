"""CSVs of faces that are cut out already, such as FER-2013's: each row goes to the classifier as it is."""

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from emotion.inference.recognizer import BATCH, EmotionRecognizer
from emotion.inference.reports import ROW_HEADER, row_json, row_line
from emotion.labels import SIDE
from emotion.runtime.errors import UserError
from emotion.source.contents import csv_chunks
from emotion.source.dialect import read_pixels
from emotion.source.faces import MOST_FAULTS


def predict_csv(recognizer: EmotionRecognizer, path: Path, as_json: bool) -> None:
    """Print the emotion of each face of a CSV; a faulty row costs a line on stderr, and the others go on.

    Args:
        recognizer: the models.
        path: a CSV with a column `pixels` in any dialect, compressed or not; other columns are not read.
        as_json: print a JSON object a row in place of a table.

    Raises:
        UserError: the file is not there, cannot be read, has no such column or not a single face; or the
            model takes faces of another size.
    """
    if not path.is_file():
        raise UserError(f"{path} is {'a folder' if path.is_dir() else 'not there'}; name a CSV of faces")
    if recognizer.info.side != SIDE:
        side = recognizer.info.side
        raise UserError(
            f"{recognizer.path} takes faces of {side} x {side} pixels, and a CSV has {SIDE} x {SIDE}"
        )
    faces = _faces(path)
    batch = list(islice(faces, BATCH))
    if not batch:
        raise UserError(f"{path} has no face")
    if not as_json:
        print(f"{path}: a face a row", ROW_HEADER, sep="\n")
    while batch:
        answers = recognizer.classify([image for _, image in batch])
        for (row, _), answer in zip(batch, answers.tolist(), strict=True):
            probabilities = dict(zip(recognizer.info.classes, answer, strict=True))
            print(
                row_json(str(path), row, probabilities, str(recognizer.path))
                if as_json
                else row_line(row, probabilities)
            )
        sys.stdout.flush()
        batch = list(islice(faces, BATCH))


def _faces(path: Path) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the number and the image, uint8 (48, 48), of each row that is a face; say which are none."""
    faulty = 0
    for row, face in enumerate(read_pixels(_chunks(path), str(path))):
        if not face.fault:
            yield row, face.image.reshape(SIDE, SIDE)
            continue
        faulty += 1
        end = f"; reading stopped here, after {MOST_FAULTS:,} faulty rows" if faulty == MOST_FAULTS else ""
        print(f"error: {face.origin}: {face.fault}{end}", file=sys.stderr, flush=True)
        if end:
            return


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        yield from csv_chunks(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from error
