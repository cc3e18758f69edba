"""Take a file as a stage does, with little memory: `python -m tests.support.capped unpack|read FILE`.

`unpack` prints how many bytes come out; `read` prints the columns and what is wrong with the rows.
"""

import resource
import sys
from pathlib import Path

from emotion.runtime.errors import one_line_errors
from emotion.source.contents import csv_chunks
from emotion.source.fer2013 import read_csv

SPARE = 64 << 20  # bytes of address space beyond what the imports have taken


def cap_memory() -> None:
    """Let any allocation fail that goes beyond what there is now and SPARE."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    cap = pages * resource.getpagesize() + SPARE
    resource.setrlimit(resource.RLIMIT_AS, (cap, cap))
    try:
        bytes(8 * SPARE)  # so much that a thread which was starting, and is no more, makes no difference
    except MemoryError:
        return
    sys.exit("the memory is not capped")


def main() -> None:
    action, path = sys.argv[1], Path(sys.argv[2])
    cap_memory()
    if action == "unpack":
        print(sum(map(len, csv_chunks(path))))
    else:
        table = read_csv(path)
        print(",".join(table.columns), *table.faults.values(), sep="\n")


if __name__ == "__main__":
    with one_line_errors():
        main()
