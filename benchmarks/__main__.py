"""Run every benchmark, and write the tables and the machine into docs/performance.md and docs/scale.md.

    python -m benchmarks --csv data/raw/fer2013.csv

It takes half an hour to an hour on two cores; let nothing else run meanwhile. The project in the current
folder must be finished, that is `dvc status` must find it up to date.
"""

import argparse
import subprocess
import sys
from datetime import date
from pathlib import Path

from benchmarks.table import HEADER
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.generated import write_part
from emotion.runtime.machine import describe

PAGE = Path(__file__).parents[1] / "docs/performance.md"
SCALE = PAGE.with_name("scale.md")


def main() -> None:
    """Run the benchmarks one after the other, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", type=Path, required=True, help="a CSV of the FER-2013 schema")
    args = parser.parse_args()
    if not args.csv.is_file():
        raise UserError(f"{args.csv} is not there; fetch it first: dvc repro fetch")
    csv = ["--csv", str(args.csv)]
    # What fails at once where something is missing comes first.
    benchmarks = {"noop": [], "memory": csv, "parsing": csv, "training": [], "peak": []}
    write(PAGE, [rows(name, options) for name, options in benchmarks.items()])
    write(SCALE, [rows("scaling", ["--figure", str(SCALE.with_suffix(".png"))])])


def write(page: Path, table: list[str]) -> None:
    """Write the rows of a table and the machine into a page."""
    measured = f"Measured on {date.today()} on this machine:"
    write_part(page, "results", "\n".join([HEADER, *table, "", measured, "", describe(), ""]))


def rows(benchmark: str, options: list[str]) -> str:
    """Run one benchmark, and print and return its rows; end as it ends if it fails."""
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    print(done.stdout.strip(), flush=True)
    return done.stdout.strip()


if __name__ == "__main__":
    with one_line_errors():
        main()
