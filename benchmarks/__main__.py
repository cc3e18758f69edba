"""Run every benchmark, and write the table and the machine into docs/performance.md.

    python -m benchmarks --csv data/raw/fer2013.csv

It takes twenty to forty minutes on two cores; let nothing else run meanwhile. The project in the current
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


def main() -> None:
    """Run the benchmarks one after the other, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", type=Path, required=True, help="a CSV of the FER-2013 schema")
    args = parser.parse_args()
    if not args.csv.is_file():
        raise UserError(f"{args.csv} is not there; fetch it first: dvc repro fetch")
    csv = ["--csv", str(args.csv)]
    table = [HEADER]
    # What fails at once where something is missing comes first.
    benchmarks = {"noop": [], "memory": csv, "parsing": csv, "training": [], "peak": [], "scaling": []}
    for name, options in benchmarks.items():
        table.append(rows(name, options))
        print(table[-1], flush=True)
    results = "\n".join([*table, "", f"Measured on {date.today()} on this machine:", "", describe(), ""])
    write_part(PAGE, "results", results)


def rows(benchmark: str, options: list[str]) -> str:
    """Run one benchmark and return the rows that it prints; end as it ends if it fails."""
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout.strip()


if __name__ == "__main__":
    with one_line_errors():
        main()
