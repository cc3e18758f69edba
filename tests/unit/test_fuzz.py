"""The reader against hostile inputs, and the judge of the fuzzing against readers that are wrong."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from emotion.source.fer2013 import Table, read_csv
from tests import fuzz
from tests.support.hostile import Case, csv, zipped

GOOD = csv(2, 255)
BAD = GOOD.replace(b" 9 ", b" 256 ", 1)


def test_accepts_what_a_strict_parser_accepts_nothing_else_and_never_crashes(tmp_path: Path) -> None:
    outcomes: Counter[str] = Counter()
    fuzz.fuzz(1_000, seed=0, folder=tmp_path, outcomes=outcomes)
    assert outcomes.total() >= 1_000
    assert min(outcomes[outcome] for outcome in (fuzz.ACCEPTED, fuzz.ERROR, fuzz.FAULTS)) > 50


def test_the_counts_that_are_printed_add_up_to_the_inputs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fuzz", "--inputs", "50", "--seed", "3"])
    monkeypatch.setattr(fuzz, "BATCH", 20)
    judged, judge = set(), fuzz.judge

    def recording(case: Case, folder: Path) -> str:
        judged.add(case.content)
        return judge(case, folder)

    monkeypatch.setattr(fuzz, "judge", recording)
    fuzz.main()
    printed = capsys.readouterr().out
    lines = re.findall(r"^ *(\d+) (.+?)(?:,|$)", printed, re.MULTILINE)
    counts = {words: int(number) for number, words in lines}
    of_each = [counts.get(outcome, 0) for outcome in (fuzz.ACCEPTED, fuzz.ERROR, fuzz.FAULTS)]
    assert counts["inputs"] == sum(of_each) == len(judged) >= 50
    assert printed.startswith("no crash; nothing accepted")


def test_an_input_that_breaks_the_rule_is_raised_after_the_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(inputs: int, seed: int, folder: Path, outcomes: Counter[str]) -> None:
        outcomes.update({fuzz.ACCEPTED: inputs, fuzz.FAULTS: 2})
        raise AssertionError

    monkeypatch.setattr(sys, "argv", ["fuzz", "--inputs", "1234"])
    monkeypatch.setattr(fuzz, "fuzz", broken)
    with pytest.raises(AssertionError):
        fuzz.main()
    total, *_, accepted, faults = capsys.readouterr().out.splitlines()
    assert total.startswith("    1,236 inputs, of seed 0, in ")
    assert [accepted, faults] == [f"    1,234 {fuzz.ACCEPTED}", f"        2 {fuzz.FAULTS}"]


def test_the_judge_tells_good_from_bad(tmp_path: Path) -> None:
    assert fuzz.judge(Case(GOOD, (GOOD,)), tmp_path) == fuzz.ACCEPTED
    assert fuzz.judge(Case(zipped(GOOD), (GOOD,)), tmp_path) == fuzz.ACCEPTED
    assert fuzz.judge(Case(BAD, (BAD,)), tmp_path) == fuzz.FAULTS
    assert fuzz.judge(Case(b"PK\x03\x04", ()), tmp_path) == fuzz.ERROR


def lenient(path: Path) -> Table:
    return replace(read_csv(path), faults={})


def fussy(path: Path) -> Table:
    return replace(read_csv(path), columns=("emotion", "pixels", "usage"))


def blurred(path: Path) -> Table:
    table = read_csv(path)
    return replace(table, images=table.images ^ 1)


@pytest.mark.parametrize(("reader", "content"), [(lenient, BAD), (fussy, GOOD), (blurred, GOOD)])
def test_the_judge_catches_a_wrong_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: object, content: bytes
) -> None:
    monkeypatch.setattr(fuzz, "read_csv", reader)
    with pytest.raises(AssertionError):
        fuzz.judge(Case(content, (content,)), tmp_path)


def test_the_judge_catches_what_was_never_in_the_zip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(path: Path) -> Iterator[bytes]:
        yield csv(1, 1)

    monkeypatch.setattr(fuzz, "csv_chunks", other)
    with pytest.raises(AssertionError):
        fuzz.judge(Case(zipped(GOOD), (GOOD,)), tmp_path)
