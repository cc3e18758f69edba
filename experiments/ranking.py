"""Rank the experiments of a sweep by validation accuracy: a table on the terminal and a figure.

    python -m experiments.sweep tuning train.optimizer=adam,sgd train.lr=1e-3,1e-4
    python -m experiments.ranking tuning sweeps/tuning.png train.optimizer train.lr

The test accuracy stands beside the validation accuracy and takes no part in the ranking.
"""

import argparse
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from rich import box
from rich.console import Console
from rich.table import Table

from emotion.evaluation.figures import BLUE, ORANGE, house_style, save_png
from emotion.runtime.dvc import dvc
from emotion.runtime.errors import UserError, one_line_errors

VALIDATION, TEST = "validation.accuracy", "accuracy"  # columns of `dvc exp show`
DPI = 100


def main() -> None:
    """Rank the finished experiments of one sweep."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sweep", help="name of the sweep, that is of its experiments up to their numbers")
    parser.add_argument("figure", type=Path, help="PNG file to write")
    parser.add_argument("params", nargs="+", help="parameters that the sweep varies, as train.lr")
    args = parser.parse_args()
    report(args.sweep, args.params, args.figure)


def report(sweep: str, params: list[str], figure: Path) -> None:
    """Print the ranking of a sweep's finished experiments, and draw it.

    Raises:
        UserError: see `ranking`; or DVC cannot show the experiments.
    """
    ranked, unfinished = ranking(dvc("exp", "show", "--csv"), sweep, params)
    print_table(ranked, params)
    save_png(dots(ranked, params), figure, DPI)
    print(f"figure: {figure}")
    if unfinished:
        print(f"not finished, and left out: {', '.join(unfinished)}; see: dvc queue status")


def ranking(csv: str, sweep: str, params: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """Return the finished experiments of a sweep, the best on validation first, and the names of the others.

    Args:
        csv: what `dvc exp show --csv` prints.
        sweep: the name before the number of each experiment; a sweep of one experiment has no number.
        params: the columns to return beside Experiment, VALIDATION and TEST.

    Raises:
        UserError: a parameter is unknown, or no experiment of the sweep has finished.
    """
    table = pd.read_csv(io.StringIO(csv), dtype=str)
    unknown = [name for name in params if name not in table]
    if unknown:
        raise UserError(f"params.yaml has no '{unknown[0]}'; name a parameter as in train.lr")
    # DVC leaves out columns that are empty, and shows the metrics of the commit for what has not finished.
    table = table.reindex(columns=["Experiment", "State", *params, VALIDATION, TEST])
    table = table[table["Experiment"].str.fullmatch(rf"{re.escape(sweep)}(-\d+)?", na=False)]
    table[[VALIDATION, TEST]] = table[[VALIDATION, TEST]].apply(pd.to_numeric, errors="coerce")
    done = table["State"].fillna("Success").eq("Success") & table[[VALIDATION, TEST]].notna().all(axis=1)
    if not done.any():
        raise UserError(f"no experiment of the sweep '{sweep}' has finished; see: dvc queue status")
    ranked = table[done].sort_values(VALIDATION, ascending=False, kind="stable").drop(columns="State")
    ranked[params] = ranked[params].fillna("null")  # which DVC leaves empty
    return ranked, sorted(set(table[~done]["Experiment"]) - set(ranked["Experiment"]))


def print_table(ranked: pd.DataFrame, params: list[str]) -> None:
    """Print the experiments in their order."""
    grid = Table(title="accuracy of the finished experiments", box=box.SIMPLE, padding=(0, 1, 0, 0))
    for header in ("", "experiment", *(name.rpartition(".")[2] for name in params)):
        grid.add_column(header, overflow="fold")
    for header in ("validation", "test"):
        grid.add_column(header, justify="right", no_wrap=True)
    for rank, row in enumerate(ranked.to_dict("records"), start=1):
        numbers = (f"{row[column]:.4f}" for column in (VALIDATION, TEST))
        grid.add_row(str(rank), row["Experiment"], *(row[name] for name in params), *numbers)
    Console(highlight=False, markup=False, emoji=False).print(grid)


@house_style
def dots(ranked: pd.DataFrame, params: list[str]) -> Figure:
    """Draw both accuracies of each experiment on a line of its own, the best on validation on top."""
    lines = np.arange(len(ranked))
    figure = Figure(figsize=(8, 1.4 + 0.28 * len(ranked)))
    axes = figure.subplots()
    axes.plot(ranked[VALIDATION], lines, "o", color=BLUE, label="validation (ranks)")
    axes.plot(ranked[TEST], lines, "D", color=ORANGE, fillstyle="none", label="test")
    axes.set_yticks(lines, [", ".join(row) for row in ranked[params].to_numpy()])
    axes.set(title=", ".join(params), xlabel="accuracy", ylim=(len(ranked) - 0.5, -0.5))
    figure.legend(loc="outside lower center", ncols=2)
    return figure


if __name__ == "__main__":
    with one_line_errors():
        main()
