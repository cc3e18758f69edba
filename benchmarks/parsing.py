"""Speed of reading the CSV, against `pandas.read_csv` and a split of each row.

    python -m benchmarks.parsing --csv data/raw/fer2013.csv

The reference converts a row by `numpy.array(text.split(), dtype="uint8")`, the fastest of the usual ways
that split (`int` of each value takes twice as long). It checks nothing; this project's reader also finds
every fault that validation reports. Both must give the same images and labels.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.table import row
from emotion.labels import SIDE
from emotion.runtime.errors import UserError, one_line_errors
from emotion.source.fer2013 import read_csv

REPETITIONS = 5

Faces = tuple[np.ndarray, np.ndarray]  # uint8 images (rows, 48, 48, 1) and labels (rows,)


def main() -> None:
    """Read the CSV both ways in turn, and print a row of the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", type=Path, required=True, help="a CSV of the FER-2013 schema")
    csv = parser.parse_args().csv
    ours, reference = [], []
    for _ in range(REPETITIONS):
        rate, found = rows_per_second(this_project, csv)
        ours.append(rate)
        rate, expected = rows_per_second(with_pandas, csv)
        reference.append(rate)
        if not all(map(np.array_equal, found, expected)):
            raise UserError(f"pandas reads other images or labels from {csv}; check it: dvc repro validate")
    name = f"reading the CSV of {len(found[1]):,} rows"
    print(row(name, "rows/s", ours, "pandas and a split of each row", reference, at_least=4))


def rows_per_second(read: Callable[[Path], Faces], csv: Path) -> tuple[float, Faces]:
    """Return the speed of a reader, and what it reads."""
    began = time.perf_counter()
    images, labels = read(csv)
    return len(labels) / (time.perf_counter() - began), (images, labels)


def this_project(csv: Path) -> Faces:
    """Read a CSV as the stages do."""
    table = read_csv(csv)
    return table.images, table.emotion


def with_pandas(csv: Path) -> Faces:
    """Read a CSV with pandas, and split the pixels of each row."""
    frame = pd.read_csv(csv)
    images = np.stack([np.array(text.split(), dtype="uint8") for text in frame["pixels"]])
    return images.reshape(-1, SIDE, SIDE, 1), frame["emotion"].to_numpy()


if __name__ == "__main__":
    with one_line_errors():
        main()
