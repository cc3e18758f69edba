"""Time and peak memory of fetch, validate and preprocess on rendered faces, as the rows grow to tenfold.

    python -m benchmarks.scaling

Ten times the rows of FER-2013 are a CSV of 3 GB, in a temporary folder.
"""

import argparse
import contextlib
import shutil
import tempfile
import time

from benchmarks.one_stage import run_stage
from benchmarks.table import row
from emotion.config.editing import edit
from emotion.runtime.errors import one_line_errors
from emotion.runtime.project import ROOT
from emotion.runtime.yaml import PARAMS

ROWS = 36_000
TIMES = (1, 3, 10)
LIMIT = 2000  # MB, of 10^6 bytes
LINEAR = 1.2  # how much longer than in proportion it may take
STAGES = ("fetch", "validate", "preprocess")
DEFAULTS = ROOT / PARAMS


def main() -> None:
    """Run the stages at each size, and print rows of the table for the larger ones."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    costs = {times: run_stages(times * ROWS) for times in TIMES}
    for stage in STAGES:
        first, _ = costs[1][stage]
        for times in TIMES[1:]:
            seconds, megabytes = costs[times][stage]
            name = f"{stage} of {times * ROWS:,} faces"
            print(
                row(f"time of {name}", "s", [seconds], f"{times} x {ROWS:,}", [times * first], at_most=LINEAR)
            )
            print(row(f"peak memory of {name}", "MB", [megabytes], "the limit", [LIMIT], at_most=1))


def run_stages(rows: int) -> dict[str, tuple[float, float]]:
    """Return the seconds and the peak memory in MB of each stage on that many faces."""
    costs = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        write_params(rows)
        for stage in STAGES:
            start = time.perf_counter()
            megabytes = run_stage(stage)
            costs[stage] = time.perf_counter() - start, megabytes
    return costs


def write_params(rows: int) -> None:
    """Write a params.yaml for that many rendered faces."""
    shutil.copy(DEFAULTS, PARAMS)
    edit({"fetch.source": "faces", "fetch.faces.rows": rows, "validate.rows": rows})


if __name__ == "__main__":
    with one_line_errors():
        main()
