"""Turn the validated CSV into uint8 arrays, shuffled and split into train, validation and test."""

import argparse
import json
from pathlib import Path

import numpy as np

from emotion.duplicates import duplicate_groups
from emotion.errors import UserError, one_line_errors
from emotion.fer2013 import FIRST_LINE, Table, read_csv
from emotion.files import hold, whole_folder
from emotion.intact import check_intact
from emotion.schema import PreprocessParams, load_params
from emotion.splits import SPLITS, Split, save_split
from emotion.splitting import at_random, by_usage


def main() -> None:
    """Read the CSV and its verdict; write images, labels and row numbers of the three splits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", type=Path, help="the validated CSV")
    parser.add_argument("verdict", type=Path, help="what validation said of it")
    for name in SPLITS:
        parser.add_argument(name, type=Path, help=f"folder of the {name} split, to be written")
    args = parser.parse_args()
    params = load_params()["preprocess"]
    hold("preprocess")
    check_intact(args.csv, args.verdict)
    if not passed(args.verdict):
        raise UserError(f"{args.csv} did not pass validation ({args.verdict}); run: dvc repro validate")

    table = read_csv(args.csv)
    rows = dict(zip(SPLITS, split_rows(table, params), strict=True))
    for name, chosen in rows.items():
        if len(chosen) == 0:
            raise UserError(f"the {name} split of {args.csv} is empty; see preprocess.split in params.yaml")
    for name, chosen in rows.items():
        split = Split(
            images=table.images[chosen],
            labels=table.emotion[chosen].astype(np.uint8),
            rows=chosen.astype(np.int32),
        )
        with whole_folder(getattr(args, name)) as folder:
            save_split(folder, split)
        print(f"{name:<10} {len(split):>7,} faces")


def passed(verdict: Path) -> bool:
    """Return whether validation let the CSV pass.

    Raises:
        UserError: the verdict cannot be read.
    """
    try:
        return json.loads(verdict.read_text(encoding="utf-8"))["success"] is True
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{verdict} cannot be read ({error!r}); run: dvc repro -f validate") from error


def split_rows(table: Table, params: PreprocessParams) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows of the train, validation and test split, each in random order.

    Raises:
        UserError: a row has a fault, or a class is too rare to be stratified.
    """
    if table.faults:
        row, fault = next(iter(table.faults.items()))
        raise UserError(f"line {row + FIRST_LINE} of the CSV has a fault ({fault}); run: dvc repro validate")
    if params.split == "official":
        rng = np.random.default_rng(params.seed)
        train, validation, test = (rng.permutation(rows) for rows in by_usage(table.usage))
        return train, validation, test
    together = params.split == "grouped"
    groups = duplicate_groups(table.images) if together else np.arange(len(table))
    try:
        return at_random(table.emotion, groups, params.validation, params.test, params.stratify, params.seed)
    except ValueError as error:
        raise UserError(
            f"the rows cannot be split: {error} (preprocess.stratify, .validation, .test)"
        ) from error


if __name__ == "__main__":
    with one_line_errors():
        main()
