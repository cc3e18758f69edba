"""Rank the experiments of a sweep by validation accuracy: a table on the terminal and a figure.

    dvc exp run --queue --name tuning -S train.optimizer=adam,sgd -S train.lr=1e-3,1e-4
    dvc exp run --run-all
    python -m experiments.ranking tuning plots/tuning.png train.optimizer train.lr

The test accuracy stands beside the validation accuracy and takes no part in the ranking.
"""

import argparse
import io
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from rich import box
from rich.console import Console
from rich.table import Table

from emotion.errors import UserError, one_line_errors
from emotion.figures import BLUE, ORANGE, house_style, save_png

VALIDATION, TEST = "validation.accuracy", "accuracy"  # columns of `dvc exp show`
DPI = 100


def main() -> None:
    """Rank the finished experiments of one sweep."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sweep", help="name of the sweep: its experiments are NAME-1, NAME-2, ...")
    parser.add_argument("figure", type=Path, help="PNG file to write")
    parser.add_argument("params", nargs="+", help="parameters that the sweep varies, as train.lr")
    args = parser.parse_args()
    shown = subprocess.run(["dvc", "exp", "show", "--csv"], check=False, capture_output=True, text=True)
    if shown.returncode:
        raise UserError(f"dvc exp show failed: {shown.stderr}")
    ranked, unfinished = ranking(shown.stdout, args.sweep, args.params)
    print_table(ranked, args.params)
    save_png(dots(ranked, args.params), args.figure, DPI)
    print(f"figure: {args.figure}")
    if unfinished:
        print(f"not finished, and left out: {', '.join(unfinished)}; see: dvc queue status")


def ranking(csv: str, sweep: str, params: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """Return the finished experiments of a sweep, the best on validation first, and the names of the others.

    Args:
        csv: what `dvc exp show --csv` prints.
        sweep: the name before the number of each experiment.
        params: the columns to return beside Experiment, VALIDATION and TEST.

    Raises:
        UserError: a parameter is unknown, or no experiment of the sweep has finished.
    """
    table = pd.read_csv(io.StringIO(csv), dtype={"Experiment": str})
    unknown = [name for name in params if name not in table]
    if unknown:
        raise UserError(f"params.yaml has no '{unknown[0]}'; name a parameter as in train.lr")
    table = table[table["Experiment"].str.fullmatch(rf"{sweep}-\d+", na=False)]
    for column in (VALIDATION, TEST):  # "!" where an experiment has no such number
        table[column] = pd.to_numeric(table[column], errors="coerce")
    finished = table[VALIDATION].notna() & table[TEST].notna()
    if not finished.any():
        raise UserError(f"no experiment '{sweep}-N' has finished; see: dvc queue status")
    ranked = table[finished].sort_values([VALIDATION, "Experiment"], ascending=[False, True])
    return ranked[["Experiment", *params, VALIDATION, TEST]], sorted(table[~finished]["Experiment"])


def print_table(ranked: pd.DataFrame, params: list[str]) -> None:
    """Print the experiments in their order."""
    grid = Table(box=box.SIMPLE)
    for header in ("", "experiment", *params):
        grid.add_column(header)
    for header in ("validation accuracy", "test accuracy"):
        grid.add_column(header, justify="right")
    for rank, row in enumerate(ranked.to_dict("records"), start=1):
        numbers = (f"{row[column]:.4f}" for column in (VALIDATION, TEST))
        grid.add_row(str(rank), row["Experiment"], *(str(row[name]) for name in params), *numbers)
    Console(highlight=False, markup=False, emoji=False).print(grid)


@house_style
def dots(ranked: pd.DataFrame, params: list[str]) -> Figure:
    """Draw both accuracies of each experiment on a line of its own, the best on validation on top."""
    lines = np.arange(len(ranked))
    figure = Figure(figsize=(8, 1.2 + 0.26 * len(ranked)))
    axes = figure.subplots()
    axes.plot(ranked[VALIDATION], lines, "o", color=BLUE, label="validation (ranks)")
    axes.plot(ranked[TEST], lines, "D", color=ORANGE, fillstyle="none", label="test")
    names = [", ".join(map(str, row)) for row in ranked[params].to_numpy()]
    axes.set_yticks(lines, names)
    axes.set(xlabel="accuracy", ylabel=", ".join(params))
    axes.invert_yaxis()
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.6 / figure.get_figheight()), ncols=2)
    return figure


if __name__ == "__main__":
    with one_line_errors():
        main()
