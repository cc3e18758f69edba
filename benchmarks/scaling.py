"""Time and memory of fetch, validate, preprocess and train on rendered faces, as the rows grow.

    python -m benchmarks.scaling
    python -m benchmarks.scaling --rows 36000 360000 1000000 --figure scale.png

A row of the CSV takes 8.6 kB, and the splits 2.3 kB: a million faces need 14 GB in TMPDIR. Training
takes one epoch of the fast network on faces that are reduced to 16 pixels, which ends within minutes.
"""

import argparse
import contextlib
import shutil
import tempfile
from pathlib import Path

from benchmarks.one_stage import Cost, run_stage
from benchmarks.table import row
from emotion.config.editing import edit
from emotion.runtime.errors import one_line_errors
from emotion.runtime.project import ROOT
from emotion.runtime.yaml import PARAMS

ROWS = (36_000, 360_000)  # of FER-2013, and ten times as many
LIMITS = {"fetch": 400, "validate": 400, "preprocess": 400, "train": 1500}  # MB of anonymous memory
LINEAR = 1.1  # how much more time it may take than in proportion
SHORT = {"model.name": "fast_cnn", "train.epochs": 1, "train.small_epochs": 1, "train.small_side": 16}
DEFAULTS = ROOT / PARAMS

Costs = dict[int, dict[str, Cost]]  # of each number of rows and each stage


def main() -> None:
    """Run the stages at each size, and print the rows of the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS, help="how many faces, ascending")
    parser.add_argument("--figure", type=Path, help="where to draw the costs, a PNG file")
    args = parser.parse_args()
    first, *more = args.rows
    costs: Costs = {rows: run_stages(rows) for rows in args.rows}
    for stage, limit in LIMITS.items():
        for rows in args.rows:
            memory, name = costs[rows][stage].anonymous, f"{stage} of {rows:,} faces"
            print(row(f"memory of {name}", "MB", [memory], "the limit", [limit], at_most=1))
        for rows in more:
            seconds, expected = costs[rows][stage].seconds, costs[first][stage].seconds * rows / first
            name = f"time of {stage} of {rows:,} faces"
            print(row(name, "CPU s", [seconds], f"in proportion to {first:,}", [expected], at_most=LINEAR))
    if args.figure:
        # Here, because what this process holds counts as the memory of those that it starts
        from benchmarks.scaling_figure import draw

        draw(costs, LIMITS, args.figure)


def run_stages(rows: int) -> dict[str, Cost]:
    """Return what each stage takes on that many faces."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        write_params(rows)
        return {stage: run_stage(stage) for stage in LIMITS}


def write_params(rows: int) -> None:
    """Write a params.yaml for that many rendered faces."""
    shutil.copy(DEFAULTS, PARAMS)
    edit({"fetch.source": "faces", "fetch.faces.rows": rows, "validate.rows": rows} | SHORT)


if __name__ == "__main__":
    with one_line_errors():
        main()
