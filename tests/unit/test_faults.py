"""What a fault run reports: its counts, its exit status, and that it kills everywhere and in every way."""

import random
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from tests import faults
from tests.faults import CAUSES, Kill, Mark, Outcome, table
from tests.support.parameters import write_params
from tests.support.project import STAGES, Project

INT, TERM, KILL = CAUSES
MARK = Mark("Running stage", 2.0)
WELL = Outcome(Kill("fetch", INT, MARK, 0.25), landed=True, finished=0, repeated=0, cut="", fault="")
FAILED = "ERROR: failed to reproduce 'train'\n"
OUTCOMES = [
    WELL,
    replace(WELL, kill=Kill("fetch", KILL, MARK, 0.5), cut="RWLock-file"),
    replace(WELL, kill=Kill("fetch", TERM, MARK, 1.0), landed=False),
    replace(WELL, kill=Kill("train", INT, MARK, 0.5), finished=3, repeated=1),
    replace(WELL, kill=Kill("train", KILL, MARK, 0.5), finished=2, fault="dvc.lock models/emotion.keras"),
    replace(WELL, kill=Kill("train", KILL, MARK, 0.5), cut="you can manually remove", fault=FAILED),
    replace(WELL, kill=Kill("plot", TERM, MARK, 1.0), landed=False, finished=4),
]


def rows(outcomes: list[Outcome]) -> dict[str, list[str]]:
    columns = [list(column.cells) for column in table(outcomes).columns]
    return {str(stage): list(map(str, counts)) for stage, *counts in zip(*columns, strict=True)}


def test_the_table_counts_what_became_of_the_kills_of_each_stage_and_of_all() -> None:
    heads = [column.header for column in table(OUTCOMES).columns]
    names = ["recovered", "same bytes", "file cut", "too late", "epochs kept", "repeated"]
    assert heads == ["stage", "SIGINT", "SIGTERM", "SIGKILL", *names]
    nothing = {stage: ["0"] * 9 for stage in STAGES}
    assert rows(OUTCOMES) == nothing | {
        "fetch": ["1", "0", "1", "2", "2", "1", "1", "0", "0"],
        "train": ["1", "0", "2", "2", "1", "1", "0", "4", "1"],
        "plot": ["0", "0", "0", "0", "0", "0", "1", "0", "0"],
        "all": ["2", "0", "3", "4", "3", "2", "2", "4", "1"],
    }


def run_main(monkeypatch: pytest.MonkeyPatch, outcomes: list[Outcome]) -> None:
    monkeypatch.setattr(sys, "argv", ["faults", "--kills", str(len(outcomes))])
    monkeypatch.setattr(faults, "fault_run", lambda folder, kills, rng: outcomes[:kills])
    faults.main()


def test_a_run_without_a_fault_prints_its_table_and_succeeds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = [outcome for outcome in OUTCOMES if not outcome.fault]
    run_main(monkeypatch, outcomes)
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["all", *rows(outcomes)["all"]] in printed


@pytest.mark.parametrize("fault", [FAILED, "dvc.lock"])
@pytest.mark.parametrize("landed", [True, False])
def test_a_run_with_a_fault_prints_its_table_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: str, landed: bool
) -> None:
    with pytest.raises(SystemExit, match="error: not every run recovered to the same bytes"):
        run_main(monkeypatch, [WELL, replace(WELL, landed=landed, fault=fault)])
    assert " all " in capsys.readouterr().out


def test_each_stage_is_killed_in_every_way_and_a_kill_that_comes_too_late_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_params(tmp_path)
    late, cut = ("train", KILL), ("plot", TERM)

    def strike(finished: Project, kill: Kill, folder: Path) -> Outcome:
        way = (kill.stage, kill.cause)
        return replace(WELL, kill=kill, landed=way != late, cut="RWLock-file" if way == cut else "")

    monkeypatch.setattr(faults, "small_project", lambda folder: Project(tmp_path))
    monkeypatch.setattr(faults, "timed_run", lambda project: {stage: [MARK] for stage in STAGES})
    monkeypatch.setattr(faults, "strike", strike)
    every = sorted(product(STAGES, CAUSES))
    outcomes = faults.fault_run(tmp_path, len(every), random.Random(0))
    ways = [(outcome.kill.stage, outcome.kill.cause) for outcome in outcomes]
    assert sorted(ways[: len(every)]) == every
    assert sum(outcome.landed for outcome in outcomes) == len(every)
    assert len(outcomes) == len(every) + ways.count(late)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(outcomes)
    assert all(0 <= outcome.kill.share < 1 for outcome in outcomes)
    for line, way in zip(lines, ways, strict=True):
        assert line.startswith(f"{way[0]}: {way[1].name} ")
        assert line.endswith(" ... recovered after make verify" if way == cut else " ... recovered")
