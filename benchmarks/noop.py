"""Time of a `dvc repro` that has nothing to run, against `dvc version`.

    python -m benchmarks.noop --project .

The project must be finished, that is `dvc status` must find it up to date: no stage is run here.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.table import row
from emotion.runtime.errors import UserError, one_line_errors

REPETITIONS = 7
UP_TO_DATE = "Data and pipelines are up to date."


def main() -> None:
    """Run both commands in turn, and print a row of the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, default=Path(), help="folder of a finished project")
    project = parser.parse_args().project.resolve()
    # Asked first, because `dvc repro` would run what is missing
    if UP_TO_DATE not in dvc("status", project)[1]:
        raise UserError(f"{project} is not up to date; finish it first: dvc repro")
    repro, version = [], []
    for _ in range(REPETITIONS):
        seconds, output = dvc("repro", project)
        if UP_TO_DATE not in output:
            raise UserError(f"dvc repro ran a stage; did {project} change meanwhile? Measure again")
        repro.append(seconds)
        version.append(dvc("version", project)[0])
    print(row("`dvc repro` with nothing to run", "s", repro, "`dvc version`", version, at_most=3))


def dvc(command: str, project: Path) -> tuple[float, str]:
    """Run a DVC command in a project; return the seconds it takes and what it prints."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "dvc", command], cwd=project, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise UserError(f"dvc {command} failed with status {done.returncode} in {project}")
    return time.perf_counter() - began, done.stdout


if __name__ == "__main__":
    with one_line_errors():
        main()
