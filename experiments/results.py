"""The measured results: experiments/results.csv, and their tables in docs/results.md.

python -m experiments.results                       writes the tables anew
python -m experiments.results --add run/result.csv  adds what experiments.local has measured elsewhere
"""

import argparse
import csv
from pathlib import Path
from typing import Any

import pandas as pd

from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.files import whole_file
from emotion.runtime.generated import write_part
from emotion.runtime.project import ROOT

RESULTS, PAGE = ROOT / "experiments/results.csv", ROOT / "docs/results.md"
OTHER_LABELS, OTHER_PAGE = "ferplus", ROOT / "docs/labels.md"  # protocols that begin so, and their table
COLUMNS = [
    "row",
    "protocol",
    "model",
    "recipe",
    "seed",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "macro_f1",
    "disgust_f1",
    "fear_f1",
    "clean_accuracy",
    "clean_macro_f1",
    "test_rows",
    "parameters",
    "multiply_adds",
    "epochs",
    "training_minutes",
    "hardware",
    "commit",
    # What decides the bits of a model; empty where it is not known. For threads see train.threads
    "threads",
    "instructions",
    "versions",
    "code",
    "model_md5",
]
TYPES = {"threads": "Int64"} | dict.fromkeys(
    ["commit", "instructions", "versions", "code", "model_md5"], "str"
)
SAME = ["row", "hardware", "threads"]  # runs that agree in these share a line of a table


def main() -> None:
    """Add runs, and write the tables anew."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--add", type=Path, nargs="+", default=[], help="files of measured runs")
    for file in parser.parse_args().add:
        merge(file)
    write_tables()


def read(file: Path = RESULTS) -> pd.DataFrame:
    """Return the measured runs, one a line, under COLUMNS."""
    return pd.read_csv(file, dtype=TYPES)


def merge(file: Path) -> None:
    """Add the runs of a file to the results.

    Raises:
        UserError: it is no CSV, or has other columns.
    """
    try:
        runs = rows(file)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{file} is no file of measured runs: it is no CSV ({error})") from error
    for run in runs:
        if list(run) != COLUMNS:
            raise UserError(f"{file} is no file of measured runs: its columns are {', '.join(run)}")
        add(run)


def add(run: dict[str, Any], file: Path = RESULTS) -> None:
    """Add a run, in the place of an earlier one of the same row, seed, hardware and threads if there is one.

    Args:
        run: a value for each of COLUMNS; None stands for what was not measured.
        file: the measured runs; begun if it is not there.
    """
    text = {name: "" if value is None else str(value) for name, value in run.items()}
    runs = rows(file) if file.exists() else []
    same = [all(line[name] == text[name] for name in (*SAME, "seed")) for line in runs]
    place = same.index(True) if True in same else len(runs)
    runs[place : place + 1] = [text]
    with whole_file(file) as partial, partial.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(runs)


def rows(file: Path) -> list[dict[str, str]]:
    """Return the lines of a file of measured runs as they stand there."""
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def write_tables() -> None:
    """Write the tables of docs/results.md and docs/labels.md from experiments/results.csv."""
    for (page, name), table in tables(read()).items():
        write_part(page, name, table)


def tables(runs: pd.DataFrame) -> dict[tuple[Path, str], str]:
    """Return the tables of measured runs by page and name; those under other labels are on a page apart."""
    others = runs["protocol"].astype(str).str.startswith(OTHER_LABELS)
    return {
        (PAGE, "results"): markdown(runs[~others], compared),
        (PAGE, "details"): markdown(runs[~others], detailed),
        (OTHER_PAGE, "results"): markdown(runs[others], compared),
    }


def markdown(runs: pd.DataFrame, cells: Any) -> str:
    """Return a Markdown table: a line for the runs that differ in their seed alone, in their order.

    Args:
        runs: see `read`.
        cells: gives the cells of a line by their headers, as `compared` does.
    """
    lines = [cells(seeds) for _, seeds in runs.groupby(SAME, sort=False, dropna=False)]
    texts = (
        [list(lines[0]), ["---"] * len(lines[0]), *(list(line.values()) for line in lines)] if lines else []
    )
    return "".join(f"| {' | '.join(words)} |\n" for words in texts)


def compared(seeds: pd.DataFrame) -> dict[str, str]:
    """Return what a reader compares of the runs of a row, which differ in their seed alone."""
    first = seeds.iloc[0]
    threads = None if pd.isna(first["threads"]) else first["threads"]
    low, high = seeds["accuracy_low"].mean(), seeds["accuracy_high"].mean()
    minutes = seeds["training_minutes"].mean()
    return {
        "row": first["row"],
        "seeds": ", ".join(map(str, seeds["seed"])),
        "accuracy (95 %)": f"{mean(seeds['accuracy'])} ({low:.3f} to {high:.3f})",
        "macro F1": mean(seeds["macro_f1"]),
        "clean accuracy": mean(seeds["clean_accuracy"]),
        "weights": f"{first['parameters'] / 1e6:.2f} M",
        "minutes": "not timed" if pd.isna(minutes) else f"{minutes:.1f}",
        "hardware": first["hardware"] + (f", {threads} threads" if threads else ""),
        "command": f"`{command(first['row'], seeds['seed'].to_list(), bool(threads))}`",
    }


def detailed(seeds: pd.DataFrame) -> dict[str, str]:
    """Return what else was measured of the runs of a row."""
    first = seeds.iloc[0]
    return {
        "row": first["row"],
        "hardware": first["hardware"],
        "Disgust F1": mean(seeds["disgust_f1"]),
        "Fear F1": mean(seeds["fear_f1"]),
        "clean macro F1": mean(seeds["clean_macro_f1"]),
        "test rows": f"{first['test_rows']:,}",
        "multiply-adds": f"{first['multiply_adds'] / 1e6:.0f} M",
        "epochs": ", ".join(map(str, sorted(set(seeds["epochs"])))),
        "commit": ", ".join(dict.fromkeys(seeds["commit"].dropna())),
    }


def command(row: str, seeds: list[int], on_cpu: bool) -> str:
    """Return the command that measures a row: with DVC, or on a machine that is there for its GPU."""
    if on_cpu:
        numbers = " ".join(map(str, seeds))
        return f"make measure ROW={row}" + (f' SEEDS="{numbers}"' if numbers != "0" else "")
    module = "KERAS_BACKEND=jax python -m experiments.local"
    return f"{module} {row} --seed {seeds[0]} --csv fer2013.csv --out {row}"


def mean(values: pd.Series) -> str:
    """Return the mean, of several values with their standard deviation."""
    spread = f" ± {values.std():.3f}" if len(values) > 1 else ""
    return f"{values.mean():.3f}{spread}"


if __name__ == "__main__":
    with one_line_errors():
        main()
