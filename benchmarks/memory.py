"""Peak memory of the stages that read a CSV or its faces, each in a process of its own.

    python -m benchmarks.memory --csv data/raw/fer2013.csv

The CSV must pass validation under the params.yaml of the current folder. Training takes two epochs: its peak
is in the second.
"""

import argparse
import contextlib
import shutil
import tempfile
from pathlib import Path

from benchmarks.one_stage import outputs, run_stage
from benchmarks.table import row
from emotion.config.editing import edit
from emotion.runtime.errors import one_line_errors
from emotion.runtime.yaml import PARAMS
from emotion.source.ferplus import HEADER as NO_VOTES

LIMITS = {"validate": 1500, "preprocess": 1500, "train": 2000, "evaluate": 2000}  # MB, of 10^6 bytes
EPOCHS = 2


def main() -> None:
    """Run the stages one after the other, and print a row of the table for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", type=Path, required=True, help="a CSV of the FER-2013 schema")
    csv = parser.parse_args().csv.absolute()
    for stage, peak in peaks(csv).items():
        name = f"peak memory of {stage}, CSV of {csv.stat().st_size / 1e6:,.0f} MB"
        print(row(name, "MB", [peak], "the limit", [LIMITS[stage]], at_most=1))


def peaks(csv: Path) -> dict[str, float]:
    """Run the stages on a CSV in a folder of their own; return the peak memory of each, in MB."""
    params = PARAMS.absolute()
    fetched, votes = outputs("fetch")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        shutil.copy(params, PARAMS)
        edit({"train.epochs": EPOCHS, "train.small_epochs": 0})
        edit({"evaluate.floor.accuracy": None, "evaluate.floor.macro_f1": None})
        fetched.parent.mkdir(parents=True)
        fetched.symlink_to(csv)
        votes.write_bytes(NO_VOTES)
        return {stage: run_stage(stage).resident for stage in LIMITS}


if __name__ == "__main__":
    with one_line_errors():
        main()
