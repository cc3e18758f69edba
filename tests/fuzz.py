"""Fuzz the reader: whatever is not a good CSV is refused, and a good one is read as a strict parser reads it.

    python -m tests.fuzz --inputs 100000 --seed 0

It ends at the first input that breaks this, and shows the smallest such input that it finds.
"""

from collections import Counter
from itertools import count
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings

from emotion.labels import CLASSES
from emotion.runtime.errors import UserError
from emotion.source.contents import csv_chunks
from emotion.source.fer2013 import COLUMNS, PIXELS, UNKNOWN, USAGES, Table, read_csv
from tests.support.fuzzing import run
from tests.support.hostile import Case, cases
from tests.support.reference import Faces, strict

ACCEPTED, ERROR, FAULTS = "accepted", "refused with a UserError", "refused for its faults"
BATCH = 500  # examples, of up to four inputs, that Hypothesis remembers at a time


def main() -> None:
    """Fuzz, and print the counts, also if an input breaks the rule."""
    rule = "nothing accepted that the strict parser refuses, or read otherwise than it does"
    run(fuzz, __doc__, 100_000, f"no crash; {rule}")


def fuzz(inputs: int, seed: int, folder: Path, outcomes: Counter[str]) -> None:
    """Judge at least that many different inputs, and count their outcomes.

    Raises:
        Exception: what `judge` raises, for the smallest such input that Hypothesis finds.
    """
    seen: set[int] = set()
    batches = count(seed << 32)
    while len(seen) < inputs:
        _fuzz_batch(next(batches), folder, seen, outcomes)


def _fuzz_batch(seed: int, folder: Path, seen: set[int], outcomes: Counter[str]) -> None:
    @hypothesis.seed(seed)
    @settings(
        max_examples=BATCH,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(cases())
    def take(drawn: list[Case]) -> None:
        for case in drawn:
            if hash(case.content) not in seen:
                outcomes[judge(case, folder)] += 1
                seen.add(hash(case.content))  # only now: Hypothesis repeats an input that fails

    take()


def judge(case: Case, folder: Path) -> str:
    """Take an input as the pipeline does and return what becomes of it.

    Raises:
        AssertionError: the reader and the strict parser disagree, or something else comes out of a zip
            than went in, or a message is not one printable line.
        Exception: the reader crashed.
    """
    source, csv = folder / "source", folder / "faces.csv"
    for old in (source, csv):
        old.unlink(missing_ok=True)  # to write over a file can take a millisecond
    source.write_bytes(case.content)
    content, error = unpacked(source)
    if error:
        assert error.isprintable()
        return ERROR
    assert content in case.csvs
    csv.write_bytes(content)
    return compare(csv)


def compare(csv: Path) -> str:
    """Read a CSV, compare with what the strict parser makes of it, and return what becomes of it.

    Raises:
        AssertionError: they disagree, or a message is not one printable line.
        Exception: the reader crashed.
    """
    table, faces = read_csv(csv), strict(csv.read_bytes())
    assert ",".join(table.columns).isprintable()
    assert all(fault.isprintable() for fault in table.faults.values())
    assert judged_faulty(table) == [*table.faults]
    if table.columns != COLUMNS or table.faults or not len(table):
        assert faces is None
        return FAULTS
    images = table.images.reshape(len(table), PIXELS).tolist()
    assert faces == Faces(table.emotion.tolist(), images, [USAGES[usage] for usage in table.usage])
    return ACCEPTED


def unpacked(source: Path) -> tuple[bytes, str]:
    """Return the CSV that comes out of a file, and the error in words if none does."""
    try:
        return b"".join(csv_chunks(source)), ""
    except UserError as error:
        return b"", str(error)


def judged_faulty(table: Table) -> list[int]:
    """Return the rows that validation blocks, which judges the facts and not the words."""
    known = (table.emotion >= 0) & (table.emotion < len(CLASSES)) & (table.usage != UNKNOWN)
    good = known & (table.fields == len(COLUMNS)) & table.whole
    faulty: list[int] = (~good).nonzero()[0].tolist()
    return faulty


if __name__ == "__main__":
    main()
