from typing import Any

import pytest

from experiments import compare
from experiments.compare import print_table, ranked

PARAMS: dict[str, dict[str, Any]] = {
    "model": {"name": "paper_cnn"},
    "train": {"lr": 0.0002, "flip": True, "weight_decay": None},
}


def revision(name: str, validation: float | None = None, **train: Any) -> dict[str, Any]:
    """A revision as `dvc exp show --json` has it; the metrics are missing if there is no accuracy."""
    metrics = {
        "metrics/training.json": {
            "data": {"validation": {"accuracy": validation}, "train": {"accuracy": 0.99}}
        },
        "metrics/evaluation.json": {"data": {"accuracy": 0.6, "macro_f1": 0.5, "clean": {"accuracy": 0.4}}},
    }
    params = {"params.yaml": {"data": PARAMS | {"train": PARAMS["train"] | train}}}
    data = {"params": params, "metrics": metrics if validation is not None else {}}
    return {"rev": f"{name}-rev", "name": name, "data": data, "error": None, "experiments": None}


def experiment(name: str, state: str | None = None, *args: Any, **train: Any) -> dict[str, Any]:
    executor = {"state": state} if state else None
    return {"revs": [revision(name, *args, **train)], "executor": executor, "name": name}


def shown(*experiments: dict[str, Any], workspace: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    commit = revision("main", 0.66) | {"experiments": list(experiments)}
    return [workspace or revision("workspace", 0.66), commit]


def names(rows: list[compare.Row]) -> list[str]:
    return [row.name for row in rows]


def test_the_best_on_validation_comes_first_and_what_has_no_score_last() -> None:
    rows = ranked(
        shown(
            experiment("waiting", "queued", None, lr=0.1),
            experiment("worse", None, 0.5, lr=0.2),
            experiment("broken", "failed", 0.66, lr=0.3),  # DVC shows the commit's metrics
            experiment("better", "success", 0.7, lr=0.4),
            experiment("busy", "running", 0.66, lr=0.5),
        )
    )
    assert names(rows) == ["better", "main", "worse", "waiting", "broken", "busy"]
    assert [row.state for row in rows] == ["", "", "", "queued", "failed", "running"]
    assert all(row.validation is row.test is row.macro_f1 is None for row in rows if row.state)


def test_changes_are_the_parameters_that_differ_as_they_are_written_for_dvc() -> None:
    (row,) = ranked(
        shown(experiment("all", None, 0.7, lr=1e-05, flip=False, weight_decay=0.1, optimizer="sgd"))
    )[:1]
    assert row.changes == (
        "train.lr=1e-05",
        "train.flip=false",
        "train.weight_decay=0.1",
        "train.optimizer=sgd",
    )


def test_the_workspace_is_shown_if_no_other_row_says_the_same() -> None:
    applied = experiment("applied", None, 0.7, lr=0.1)
    assert names(ranked(shown(applied, workspace=revision("workspace", 0.7, lr=0.1)))) == ["applied", "main"]
    rows = ranked(shown(applied, workspace=revision("workspace", 0.65, lr=0.9)))
    assert names(rows) == ["applied", "main", "workspace"]
    assert rows[-1].changes == ("train.lr=0.9",)


def test_what_dvc_could_not_read_has_neither_scores_nor_changes() -> None:
    unread = revision("unread") | {"data": None, "error": {"msg": "broken"}}
    rows = ranked(shown({"revs": [unread], "executor": None, "name": "unread"}))
    assert rows[-1] == compare.Row("unread", "", None, None, None, ())


@pytest.mark.parametrize("columns", [80, 100])
def test_the_table_fits_and_cuts_nothing_off(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    many: dict[str, Any] = {"label_smoothing": 0.1, "logit_adjustment": True, "path": "/a/long/way" * 7}
    name = "gregarious-hippopotamus"
    print_table(ranked(shown(experiment(name, None, 0.7, **many), experiment("next", "queued", None, lr=1))))
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= columns
    assert "…" not in out
    for word in ("0.7000", "0.6000", "0.5000", "queued", "train.label_smoothing=0.1", "train.lr=1"):
        assert word in out
    first = [line.split() for line in out.splitlines() if "0.7000" in line]
    assert first[0][1:4] == ["0.7000", "0.6000", "0.5000"]  # the scores stand before the parameters
