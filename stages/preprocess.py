"""Turn the validated CSV into uint8 arrays, shuffled and split into train, validation and test."""

import argparse
import json
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from emotion.errors import UserError, one_line_errors
from emotion.fer2013 import FIRST_LINE, Table, duplicate_groups, read_csv
from emotion.files import whole_folder
from emotion.params import Section, load
from emotion.splits import SPLITS, Split, save_split
from emotion.splitting import at_random, by_usage


class PreprocessParams(Section):
    """The `preprocess` section of params.yaml."""

    split: Literal["random", "official", "grouped"]
    validation: float = Field(gt=0, lt=0.5)
    test: float = Field(gt=0, lt=0.5)
    stratify: bool
    seed: int = Field(ge=0, lt=2**32)


def main() -> None:
    """Read the CSV and its verdict; write images, labels and row numbers of the three splits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", type=Path, help="the validated CSV")
    parser.add_argument("verdict", type=Path, help="what validation said of it")
    parser.add_argument("processed", type=Path, help="folder of the splits")
    args = parser.parse_args()
    params = load("preprocess", PreprocessParams)
    if not json.loads(args.verdict.read_text(encoding="utf-8"))["success"]:
        raise UserError(f"{args.csv} did not pass validation ({args.verdict}); run: dvc repro validate")

    table = read_csv(args.csv)
    rows = split_rows(table, params)
    with whole_folder(args.processed) as folder:
        for name, chosen in zip(SPLITS, rows, strict=True):
            if len(chosen) == 0:
                raise UserError(
                    f"the {name} split of {args.csv} is empty; see preprocess.split in params.yaml"
                )
            split = Split(
                images=table.images[chosen],
                labels=table.emotion[chosen].astype(np.uint8),
                rows=chosen.astype(np.int32),
            )
            save_split(folder, name, split)
            print(f"{name:<10} {len(split):>7,} faces")


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
