"""Check the CSV against a Great Expectations suite; block the pipeline if it is not what it must be."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table as Grid

from emotion.config.schema import ValidateParams, load_params
from emotion.data.near_duplicates import near_groups
from emotion.labels import CLASSES
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.files import whole_folder, write_json
from emotion.runtime.stage import begin
from emotion.source.fer2013 import COLUMNS, FIRST_LINE, USAGES, Table, read_csv
from emotion.validation.expectations import expectations
from emotion.validation.facts import KNOWN_FAULTS, near_duplicates, row_facts
from emotion.validation.judge import LINES, Outcome, judge


def main() -> None:
    """Judge the CSV, write the report and the verdict, and only then fail if the CSV is faulty."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", type=Path, required=True, help="the CSV to check")
    parser.add_argument("--verdict", type=Path, required=True, help="where to write the verdict")
    parser.add_argument("--docs", type=Path, required=True, help="folder of the Data Docs")
    args = parser.parse_args()
    every = load_params()
    stage = begin("validate", every, args.csv)
    table, outcomes = validate(
        args.csv, every["validate"], args.verdict, args.docs, stage.check_unchanged, every["data"].names
    )
    index = args.docs / "index.html"
    failures = [outcome for outcome in outcomes if outcome.status == "FAILED"]
    show(table, outcomes, index)
    if failures:
        others = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        raise UserError(f"validation failed: {fault(table, failures[0])}{others}; see {index}")


def validate(
    csv: Path,
    params: ValidateParams,
    verdict: Path,
    docs: Path,
    check: Callable[[], None] = lambda: None,
    classes: tuple[str, ...] = CLASSES,
) -> tuple[Table, list[Outcome]]:
    """Read and judge a CSV; write the verdict and the Data Docs, if `check` raises no error."""
    table = read_csv(csv, classes)
    distance = params.near_distance
    alike = None if distance is None else near_groups(table.images, distance)
    frame = row_facts(table, alike)
    with whole_folder(docs) as folder:
        outcomes = judge(frame, expectations(params, table.classes), folder, table.classes)
        if alike is not None:
            near_duplicates(table, alike).to_csv(
                folder / "near_duplicates.csv", index=False, lineterminator="\n"
            )
        check()
    counts: dict[str, int | None] = {name: int(frame[name].sum()) for name in KNOWN_FAULTS}
    if alike is None:
        counts["near_duplicates"] = None
    write_json(verdict, metrics(table, counts, outcomes))
    return table, outcomes


def metrics(table: Table, counts: dict[str, int | None], outcomes: list[Outcome]) -> dict[str, Any]:
    """Return the verdict: facts about the CSV, and no limit, so that a limit alone changes nothing."""
    statuses = [outcome.status for outcome in outcomes]
    return {
        "success": "FAILED" not in statuses,
        "failed": statuses.count("FAILED"),
        "warnings": statuses.count("WARNING"),
        "rows": len(table),
        "faulty_rows": len(table.faults),
        **counts,
        "classes": {name: int(np.sum(table.emotion == label)) for label, name in enumerate(table.classes)},
        "usages": {name: int(np.sum(table.usage == index)) for index, name in enumerate(USAGES)},
        "expectations": {outcome.name: outcome.status for outcome in outcomes},
    }


def show(table: Table, outcomes: list[Outcome], index: Path) -> None:
    """Print the outcomes, what is wrong on the first offending lines, and the verdict."""
    console = Console(highlight=False, markup=False, emoji=False)
    colours = {"ok": "green", "WARNING": "yellow", "FAILED": "bold red"}
    grid = Grid("", "expected", "found", box=box.SIMPLE)
    for outcome in outcomes:
        grid.add_row(outcome.status, outcome.description, outcome.observed, style=colours[outcome.status])
    console.print(grid)
    for outcome in outcomes:
        if outcome.status != "ok":
            console.print(f"{outcome.status} {outcome.name}: {fault(table, outcome)}", soft_wrap=True)
        if outcome.status == "FAILED":
            for line in outcome.lines[1:]:
                console.print(f"  {at_line(table, line)}", soft_wrap=True)
    statuses = [outcome.status for outcome in outcomes]
    verdict = "failed" if "FAILED" in statuses else "passed"
    console.print(
        f"validation {verdict}: {len(table):,} rows, {statuses.count('FAILED')} of {len(outcomes)} "
        f"expectations failed, {statuses.count('WARNING')} warnings; Data Docs: {index}",
        soft_wrap=True,
    )


def fault(table: Table, outcome: Outcome) -> str:
    """Say in one line what is wrong, and on which line of the CSV."""
    if outcome.name == "columns":
        header = f"the header is {outcome.observed}" if table.columns else "there is no header"
        return f"line 1: {header}; it must be {','.join(COLUMNS)}"
    if outcome.status == "FAILED" and outcome.lines:
        names = "; classes of your own: data.classes" if outcome.name.startswith("emotion_") else ""
        return f"{at_line(table, outcome.lines[0])}{names}"
    more = ", ..." if len(outcome.lines) == LINES else ""
    where = f" (lines {', '.join(map(str, outcome.lines))}{more})" if outcome.lines else ""
    return f"expected {outcome.description}; found {outcome.observed}{where}"


def at_line(table: Table, line: int) -> str:
    """Say what is wrong on a line of the CSV."""
    return f"line {line}: {table.faults.get(line - FIRST_LINE, 'judged under a wrong header')}"


if __name__ == "__main__":
    with one_line_errors():
        main()
