"""Compare the experiments of the commit that is checked out, in 80 columns: scores, and what each changed.

The best on validation comes first, what has no score comes last.
"""

import argparse
import json
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from emotion.runtime.dvc import dvc
from emotion.runtime.errors import one_line_errors


@dataclass(frozen=True)
class Row:
    """An experiment, the commit or the workspace.

    Attributes:
        name: DVC's name for it.
        state: queued, running or failed; of a finished one it is empty.
        validation: accuracy on the validation split, which ranks; this and the others in [0, 1], or None.
        test: accuracy on the test split.
        macro_f1: on the test split.
        changes: the parameters that differ from the commit's, as `-S` takes them.
    """

    name: str
    state: str
    validation: float | None
    test: float | None
    macro_f1: float | None
    changes: tuple[str, ...]


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    rows = ranked(json.loads(dvc("exp", "show", "--json")))
    print_table(rows)
    if all(not row.changes for row in rows):
        print("no experiment of this commit has another parameter; try: dvc exp run -S train.lr=0.001")


def ranked(shown: list[dict[str, Any]]) -> list[Row]:
    """Return the commit and its experiments, the best on validation first, those without a score last.

    The workspace is among them unless it holds what another row says.

    Args:
        shown: what `dvc exp show --json` prints: the workspace, then the commit, which has the experiments.
    """
    workspace, commit = shown[:2]
    before = _parameters(commit)
    rows = [_row(commit, before)]
    for experiment in commit["experiments"] or []:
        state = (experiment["executor"] or {}).get("state", "")
        rows.append(_row(experiment["revs"][0], before, "" if state == "success" else state))
    here = _row(workspace, before)
    if all(here.changes != row.changes or here.validation != row.validation for row in rows):
        rows.append(here)
    return sorted(rows, key=lambda row: (row.validation is None, -(row.validation or 0)))


def print_table(rows: list[Row]) -> None:
    """Print the rows in their order; what has no score shows its state in the place of it."""
    grid = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
    grid.add_column("experiment", overflow="fold", max_width=20)
    for header in ("validation", "test", "macro F1"):
        grid.add_column(header, justify="right", no_wrap=True)
    grid.add_column("changed", overflow="fold")
    for row in rows:
        scores = [
            "" if score is None else f"{score:.4f}" for score in (row.validation, row.test, row.macro_f1)
        ]
        grid.add_row(row.name, row.state or scores[0] or "-", *scores[1:], "\n".join(row.changes))
    Console(highlight=False, markup=False, emoji=False).print(grid)


def _row(revision: dict[str, Any], before: dict[str, Any], state: str = "") -> Row:
    changed = {key: value for key, value in _parameters(revision).items() if value != before.get(key)}
    return Row(
        name=revision["name"] or revision["rev"][:7],
        state=state,
        validation=None if state else _metric(revision, "training", "validation", "accuracy"),
        test=None if state else _metric(revision, "evaluation", "accuracy"),
        macro_f1=None if state else _metric(revision, "evaluation", "macro_f1"),
        changes=tuple(f"{key}={_written(value)}" for key, value in changed.items()),
    )


def _parameters(revision: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a revision by their dotted names; none where DVC could not read them."""
    flat: dict[str, Any] = {}

    def walk(content: dict[str, Any], prefix: str) -> None:
        for name, value in content.items():
            if isinstance(value, dict):
                walk(value, f"{prefix}{name}.")
            else:
                flat[prefix + name] = value

    walk(_data(revision, "params", "params.yaml"), "")
    return flat


def _metric(revision: dict[str, Any], file: str, *keys: str) -> float | None:
    found: Any = _data(revision, "metrics", f"metrics/{file}.json")
    for key in keys:
        found = found.get(key, {})
    return found if isinstance(found, float | int) else None


def _data(revision: dict[str, Any], kind: str, path: str) -> dict[str, Any]:
    files = (revision["data"] or {}).get(kind, {})
    return files.get(path, {}).get("data") or {}


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    with one_line_errors():
        main()
