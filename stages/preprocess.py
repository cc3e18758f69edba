"""Turn the validated CSV into uint8 arrays, shuffled and split into train, validation and test."""

import argparse
import json
from pathlib import Path

from emotion.config.schema import load_params
from emotion.data.labelling import labelled
from emotion.data.protocols import split_rows
from emotion.data.storage import SPLITS, save_split
from emotion.data.votes import check_rows
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.files import whole_folder
from emotion.runtime.stage import begin
from emotion.source.fer2013 import read_csv
from emotion.source.ferplus import read_votes


def main() -> None:
    """Read the CSV and its verdict; write images, labels and row numbers of the three splits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", type=Path, required=True, help="the validated CSV")
    parser.add_argument("--votes", type=Path, required=True, help="the votes of FER+ on its faces, if any")
    parser.add_argument("--verdict", type=Path, required=True, help="what validation said of it")
    for name in SPLITS:
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"folder of the {name} split")
    args = parser.parse_args()
    every = load_params()
    stage = begin("preprocess", every, args.csv, args.votes, args.verdict)
    if not passed(args.verdict):
        raise UserError(f"{args.csv} did not pass validation ({args.verdict}); run: dvc repro validate")

    table = read_csv(args.csv, every["data"].names)
    votes = read_votes(args.votes)
    if votes:
        check_rows(votes, table)
    params = every["preprocess"]
    splits = labelled(table, split_rows(table, params), params.labels, votes)
    stage.check_unchanged()
    for name, split in zip(SPLITS, splits, strict=True):
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


if __name__ == "__main__":
    with one_line_errors():
        main()
