"""Time of a `dvc repro` that has nothing to run, against `dvc version`.

    python -m benchmarks.noop --project .

The project must be finished, that is `dvc status` must find it up to date: nothing is run here.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from benchmarks.table import at_most, quote, row
from emotion.errors import UserError, one_line_errors

REPETITIONS = 7
GOAL = 3
UP_TO_DATE = "Data and pipelines are up to date."


def main() -> None:
    """Run both commands in turn, and print a row of the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, default=Path(), help="folder of a finished project")
    args = parser.parse_args()
    # Asked first, because `dvc repro` would start what is missing; it also warms the disk's cache.
    if UP_TO_DATE not in timed("status", args.project)[1]:
        raise UserError(f"{args.project.resolve()} is not up to date; finish it first: dvc repro")
    repro, version = [], []
    for _ in range(REPETITIONS):
        seconds, output = timed("repro", args.project)
        if UP_TO_DATE not in output:
            raise UserError("dvc repro ran a stage: the project changed while it was measured")
        repro.append(seconds)
        version.append(timed("version", args.project)[0])
    ratio = median(repro) / median(version)
    print(
        row(
            "`dvc repro` with nothing to run",
            quote(repro, "s"),
            f"`dvc version`: {quote(version, 's')}",
            ratio,
            at_most(GOAL, ratio),
        )
    )


def timed(command: str, project: Path) -> tuple[float, str]:
    """Return the seconds that a DVC command takes in a project, and what it prints."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "dvc", command], cwd=project, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise UserError(f"dvc {command} failed with status {done.returncode} in {project.resolve()}")
    return time.perf_counter() - began, done.stdout


if __name__ == "__main__":
    with one_line_errors():
        main()
