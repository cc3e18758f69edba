"""Speed of reading the CSV, against `pandas.read_csv` and two ways to turn the pixels of a row into numbers.

    python -m benchmarks.parsing --csv data/raw/fer2013.csv

The references convert a row by `numpy.array(text.split(), dtype="uint8")`, the fastest of the usual ways
that split (`int` of each value takes twice as long), and by `numpy.fromstring(text, sep=" ")`, the fastest of
all. They check nothing; this project's reader also finds every fault that validation reports. All must give
the same images and labels.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.table import row
from emotion.labels import SIDE
from emotion.runtime.errors import UserError, one_line_errors
from emotion.source.fer2013 import read_csv

REPETITIONS = 5
CONVERSIONS: dict[str, Callable[[str], np.ndarray]] = {
    "a split of each row": lambda text: np.array(text.split(), dtype="uint8"),
    "np.fromstring of each row": lambda text: np.fromstring(text, dtype="uint8", sep=" "),
}
GOALS = {"a split of each row": 4.0, "np.fromstring of each row": 1.0}  # times the reference's speed

Faces = tuple[np.ndarray, np.ndarray]  # uint8 images (rows, 48, 48, 1) and labels (rows,)


def main() -> None:
    """Read the CSV in every way in turn, and print the rows of the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", type=Path, required=True, help="a CSV of the FER-2013 schema")
    csv = parser.parse_args().csv
    ours: list[float] = []
    references: dict[str, list[float]] = {name: [] for name in CONVERSIONS}
    for _ in range(REPETITIONS):
        rate, found = rows_per_second(this_project, csv)
        ours.append(rate)
        for name, convert in CONVERSIONS.items():
            rate, expected = rows_per_second(partial(with_pandas, convert), csv)
            references[name].append(rate)
            if not all(map(np.array_equal, found, expected)):
                raise UserError(
                    f"pandas reads other images or labels from {csv}; check it: dvc repro validate"
                )
    measured = f"reading the CSV of {len(found[1]):,} rows"
    for name, goal in GOALS.items():
        print(row(measured, "rows/s", ours, f"pandas and {name}", references[name], at_least=goal))


def rows_per_second(read: Callable[[Path], Faces], csv: Path) -> tuple[float, Faces]:
    """Return the speed of a reader, and what it reads."""
    began = time.perf_counter()
    images, labels = read(csv)
    return len(labels) / (time.perf_counter() - began), (images, labels)


def this_project(csv: Path) -> Faces:
    """Read a CSV as the stages do."""
    table = read_csv(csv)
    return table.images, table.emotion


def with_pandas(convert: Callable[[str], np.ndarray], csv: Path) -> Faces:
    """Read a CSV with pandas, and convert the pixels of each row."""
    frame = pd.read_csv(csv)
    images = np.stack([convert(text) for text in frame["pixels"]])
    return images.reshape(-1, SIDE, SIDE, 1), frame["emotion"].to_numpy()


if __name__ == "__main__":
    with one_line_errors():
        main()
