"""The measured results: experiments/results.csv, and the table of it in the README.

    python -m experiments.results

writes the table anew.
"""

import argparse
import csv
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.table import with_results
from emotion.runtime.errors import one_line_errors
from emotion.runtime.files import whole_file

ROOT = Path(__file__).resolve().parents[1]
RESULTS, README = ROOT / "experiments/results.csv", ROOT / "README.md"
SCORES = ["macro_f1", "disgust_f1", "fear_f1", "clean_accuracy", "clean_macro_f1"]
COLUMNS = [
    "row",
    "protocol",
    "model",
    "recipe",
    "seed",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    *SCORES,
    "test_rows",
    "parameters",
    "multiply_adds",
    "epochs",
    "training_minutes",
    "hardware",
    "commit",
]
HEADER = [
    "row",
    "seeds",
    "accuracy (95 %)",
    "macro F1",
    "Disgust F1",
    "Fear F1",
    "clean accuracy",
    "clean macro F1",
    "test rows",
    "parameters",
    "multiply-adds",
    "epochs",
    "training",
    "hardware",
]


def main() -> None:
    """Write the table of the README anew."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    write_table()


def write_table() -> None:
    """Write the table of the README from experiments/results.csv."""
    text = with_results(README.read_text(encoding="utf-8"), markdown(read()))
    with whole_file(README) as partial:
        partial.write_text(text, encoding="utf-8")


def read(file: Path = RESULTS) -> pd.DataFrame:
    """Return the measured runs, one a line, under COLUMNS."""
    return pd.read_csv(file, dtype={"commit": str})


def add(run: dict[str, Any], file: Path = RESULTS) -> None:
    """Add a run, in the place of an earlier one of the same row, seed and hardware if there is one.

    Args:
        run: a value for each of COLUMNS; None stands for what was not measured.
        file: the measured runs.
    """
    key = ["row", "seed", "hardware"]
    with file.open(encoding="utf-8", newline="") as opened:
        runs: list[dict[str, Any]] = list(csv.DictReader(opened))
    same = [all(line[name] == str(run[name]) for name in key) for line in runs]
    place = same.index(True) if True in same else len(runs)
    runs[place : place + 1] = [run]
    with whole_file(file) as partial, partial.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(runs)


def markdown(runs: pd.DataFrame) -> str:
    """Return a Markdown table: a line for the runs of a row on the same hardware, in their order."""
    lines = [line(seeds) for _, seeds in runs.groupby(["row", "hardware"], sort=False)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (HEADER, ["---"] * len(HEADER), *lines)) + "\n"


def line(seeds: pd.DataFrame) -> list[str]:
    """Return the cells of the runs of a row, which differ in their seed alone."""
    first = seeds.iloc[0]
    low, high = seeds["accuracy_low"].mean(), seeds["accuracy_high"].mean()
    minutes = seeds["training_minutes"].mean()
    return [
        first["row"],
        ", ".join(map(str, seeds["seed"])),
        f"{mean(seeds['accuracy'])} ({low:.3f} to {high:.3f})",
        *(mean(seeds[score]) for score in SCORES),
        f"{first['test_rows']:,}",
        f"{first['parameters'] / 1e6:.2f} M",
        f"{first['multiply_adds'] / 1e6:.0f} M",
        ", ".join(map(str, sorted(set(seeds["epochs"])))),
        "not timed" if pd.isna(minutes) else f"{minutes:.1f} min",
        first["hardware"],
    ]


def mean(values: pd.Series) -> str:
    """Return the mean, of several values with their standard deviation."""
    spread = f" ± {values.std():.3f}" if len(values) > 1 else ""
    return f"{values.mean():.3f}{spread}"


if __name__ == "__main__":
    with one_line_errors():
        main()
