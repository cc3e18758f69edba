"""Peak memory of the stages that read a CSV or its faces, each in a process of its own.

    python -m benchmarks.memory --csv data/raw/fer2013.csv

The CSV must pass validation under the params.yaml of the current folder. Training takes two epochs: its peak
is in the second. Peak memory is the largest resident set as Linux or macOS counts it.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ruamel.yaml import YAML

from benchmarks.table import row
from emotion.data.storage import SPLITS
from emotion.runtime.errors import UserError, one_line_errors

LIMITS = {"validate": 1500, "preprocess": 1500, "train": 2000, "evaluate": 2000}  # MB, of 10^6 bytes
TRAIN, VALIDATION, TEST = SPLITS
VERDICT, MODEL = "validation.json", "emotion.keras"
EPOCHS = 2
UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in which the system counts
ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Run the stages one after the other in a folder of their own, and print a row of the table for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", type=Path, required=True, help="a CSV of the FER-2013 schema")
    csv = parser.parse_args().csv.absolute()
    commands = {
        "validate": [str(csv), VERDICT, "docs"],
        "preprocess": [str(csv), VERDICT, *SPLITS],
        "train": [TRAIN, VALIDATION, MODEL, "curves", "training.json", "--checkpoints", "checkpoints"],
        "evaluate": [MODEL, TEST, TRAIN, VALIDATION, "evaluation.json", "rows.csv", "f1.csv", "bins.csv"],
    }
    os.environ["PYTHONPATH"] = str(ROOT)
    params = YAML().load(Path("params.yaml"))
    params["train"] |= {"epochs": EPOCHS, "small_epochs": 0}
    params["evaluate"] |= {"floor": {"accuracy": None, "macro_f1": None}}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        YAML().dump(params, Path("params.yaml"))
        peaks = {
            stage: peak_memory([sys.executable, "-m", f"stages.{stage}", *words])
            for stage, words in commands.items()
        }
    for stage, peak in peaks.items():
        name = f"peak memory of {stage}, CSV of {csv.stat().st_size / 1e6:,.0f} MB"
        print(row(name, "MB", [peak], "the limit", [LIMITS[stage]], at_most=1))


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
