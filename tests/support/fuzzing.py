"""The command line of the fuzzers: so many inputs of a seed, and what became of them."""

import argparse
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.one_stage import UNIT


def run(
    fuzz: Callable[[int, int, Path, Counter[str]], None], description: str | None, inputs: int, verdict: str
) -> None:
    """Fuzz as the command line asks, and print the counts, also if an input breaks the rule.

    Args:
        fuzz: takes how many inputs, the seed, an empty folder, and the counts of the outcomes, which it
            fills.
        description: of the command.
        inputs: how many, if the command line does not say.
        verdict: what is printed if no input breaks the rule.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=inputs, help=f"how many; {inputs:,} if not given")
    parser.add_argument("--seed", type=int, default=0, help="the same inputs for the same seed")
    args = parser.parse_args()
    outcomes: Counter[str] = Counter()
    start = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as folder:
            fuzz(args.inputs, args.seed, Path(folder), outcomes)
        print(verdict)
    finally:
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(f"{outcomes.total():9,} inputs, of seed {args.seed}, in {time.monotonic() - start:,.0f} s")
        print(f"{used.ru_utime + used.ru_stime:9,.0f} s of processor time")
        print(f"{used.ru_maxrss * UNIT / 1e6:9,.0f} MB of memory at the peak")
        for outcome, number in outcomes.most_common():
            print(f"{number:9,} {outcome}")
