"""Peak memory of the stages validate and preprocess, each in a process of its own.

    python -m benchmarks.memory --csv data/raw/fer2013.csv

The CSV must pass validation under the params.yaml of the current folder. Peak memory is the largest
resident set as Linux or macOS counts it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.table import row
from emotion.errors import UserError, one_line_errors
from emotion.splits import SPLITS

REPETITIONS = 3
LIMIT = 1500  # MB, of 10^6 bytes
UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in which the system counts


def main() -> None:
    """Run both stages in turn, and print a row of the table for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", type=Path, required=True, help="a CSV of the FER-2013 schema")
    csv = parser.parse_args().csv
    peaks: dict[str, list[float]] = {"validate": [], "preprocess": []}
    with tempfile.TemporaryDirectory() as folder:
        verdict = f"{folder}/validation.json"
        splits = [f"{folder}/{name}" for name in SPLITS]
        outputs = {"validate": [verdict, f"{folder}/docs"], "preprocess": [verdict, *splits]}
        for _ in range(REPETITIONS):
            for stage, measured in peaks.items():
                command = [sys.executable, "-m", f"stages.{stage}", str(csv), *outputs[stage]]
                measured.append(peak_memory(command))
    for stage, measured in peaks.items():
        name = f"peak memory of {stage}, CSV of {csv.stat().st_size / 1e6:,.0f} MB"
        print(row(name, "MB", measured, "the limit", [LIMIT], at_most=1))


def peak_memory(command: list[str]) -> float:
    """Run a command and return its largest resident set, in MB of 10^6 bytes.

    Linux counts the memory of the process that starts a command as the command's own until that is
    loaded, so call this from a process that has imported nothing heavy.

    Raises:
        UserError: the command fails; what it says goes to standard error.
    """
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise UserError(f"{' '.join(command[1:3])} failed with status {process.returncode}")
    return usage.ru_maxrss * UNIT / 1e6


if __name__ == "__main__":
    with one_line_errors():
        main()
