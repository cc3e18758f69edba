"""Print what each distance of perceptual hashes joins in a CSV: the table of docs/data.md.

python -m tools.near_duplicates data/raw/fer2013.csv
"""

import argparse
from pathlib import Path

import numpy as np

from emotion.config.schema import FARTHEST, load_params
from emotion.data.duplicates import duplicate_groups
from emotion.data.near_duplicates import groups_within, is_near, pairs_within, perceptual_hashes
from emotion.runtime.errors import UserError, one_line_errors
from emotion.source.fer2013 import FIRST_LINE, Table, read_csv

COLUMNS = (
    "distance",
    "rows like an earlier one",
    "test rows like one of Training",
    "pairs",
    "of them with two labels",
    "largest group",
)


def main() -> None:
    """Read the CSV, and print a line for exact copies and one for each even distance.

    The odd ones add hardly a pair: of the bits of any hash, all but the first are half ones.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("csv", type=Path, help="a CSV of the FER-2013 schema")
    csv = parser.parse_args().csv
    table = read_csv(csv, load_params()["data"].names)
    if table.faults or not len(table):
        line, fault = next(((row + FIRST_LINE, text) for row, text in table.faults.items()), (1, "no faces"))
        raise UserError(f"line {line} of {csv} has a fault ({fault}): correct it first")
    hashes = perceptual_hashes(table.images)
    print_line(COLUMNS)
    print_line(("---",) * len(COLUMNS))
    print_line(("exact", *joined(table, duplicate_groups(table.images).astype(np.uint64), 0)))
    for distance in range(0, FARTHEST + 1, 2):
        print_line((str(distance), *joined(table, hashes, distance)))


def joined(table: Table, hashes: np.ndarray, distance: int) -> tuple[str, ...]:
    """Return what the images within a distance come to, a text for each of COLUMNS but the first."""
    groups = groups_within(hashes, distance)
    training = table.usage == 0
    near = is_near(hashes[~training], hashes[training], distance)
    pairs, mixed = count_pairs(hashes, table.emotion, distance)
    return (
        f"{len(groups) - len(np.unique(groups)):,}",
        f"{near.sum():,}",
        f"{pairs:,}",
        f"{mixed / max(pairs, 1):.1%}".replace("%", " %"),
        f"{np.bincount(groups).max():,}",
    )


def count_pairs(hashes: np.ndarray, labels: np.ndarray, distance: int) -> tuple[int, int]:
    """Return how many pairs of images are within a distance, and how many of these have two labels.

    Args:
        hashes: uint64 (N,).
        labels: integers (N,).
        distance: the most bits in which the two hashes differ.
    """
    distinct, of_image = np.unique(hashes, return_inverse=True)
    images = np.zeros((len(distinct), labels.max() + 1), int)  # of each hash, under each label
    np.add.at(images, (of_image, labels), 1)
    found = [left * len(distinct) + right for left, right in pairs_within(distinct, distinct, distance)]
    left, right = np.divmod(
        np.unique(np.concatenate(found)), len(distinct)
    )  # both ways, and each with itself
    pairs = int((images.sum(axis=1)[left] * images.sum(axis=1)[right]).sum()) - len(hashes)
    same = int((images[left] * images[right]).sum()) - len(hashes)
    return pairs // 2, (pairs - same) // 2


def print_line(cells: tuple[str, ...]) -> None:
    """Print a line of a table in Markdown."""
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    with one_line_errors():
        main()
