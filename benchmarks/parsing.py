"""Time to read the CSV: `read_csv` of this project against `pandas.read_csv` and a split of each row.

    python -m benchmarks.parsing --csv data/raw/fer2013.csv

The reference converts each row by `numpy.array(text.split(), dtype="uint8")`, the fastest of the usual
ways that split (`int` for each value takes longer). It checks nothing; this project's reader also looks
for every fault that validation reports. Both must give the same images and labels.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from benchmarks.table import at_least, quote, row
from emotion.errors import UserError, one_line_errors
from emotion.fer2013 import read_csv
from emotion.labels import SIDE

REPETITIONS = 5
GOAL = 4

Arrays = tuple[np.ndarray, np.ndarray]  # uint8 images (rows, 48, 48, 1), labels (rows,)


def main() -> None:
    """Read the CSV both ways in turn, and print a row of the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", type=Path, required=True, help="a CSV of the FER-2013 schema")
    args = parser.parse_args()
    ours, reference = [], []
    for _ in range(REPETITIONS):
        seconds, parsed = timed(this_project, args.csv)
        ours.append(seconds)
        seconds, expected = timed(with_pandas, args.csv)
        reference.append(seconds)
        if not all(map(np.array_equal, parsed, expected)):
            raise UserError(f"pandas reads other images or labels from {args.csv}; are there faulty rows?")
    ratio = median(reference) / median(ours)
    print(
        row(
            f"reading the CSV of {len(parsed[1]):,} rows",
            quote(ours, "s"),
            f"pandas and a split of each row: {quote(reference, 's')}",
            ratio,
            at_least(GOAL, ratio),
        )
    )


def timed(read: Callable[[Path], Arrays], csv: Path) -> tuple[float, Arrays]:
    """Return the seconds that `read` takes, and what it returns."""
    began = time.perf_counter()
    arrays = read(csv)
    return time.perf_counter() - began, arrays


def this_project(csv: Path) -> Arrays:
    """Read a CSV as the stages do."""
    table = read_csv(csv)
    return table.images, table.emotion


def with_pandas(csv: Path) -> Arrays:
    """Read a CSV with pandas, and split each row's pixels."""
    frame = pd.read_csv(csv)
    images = np.stack([np.array(text.split(), dtype="uint8") for text in frame["pixels"]])
    return images.reshape(-1, SIDE, SIDE, 1), frame["emotion"].to_numpy()


if __name__ == "__main__":
    with one_line_errors():
        main()
