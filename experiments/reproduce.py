"""Run a measured row again, and say whether it comes out the same.

    python -m experiments.reproduce fast-random

A row is run with the threads that it was measured with. Where everything agrees that decides the bits of the
model (see CONDITIONS in experiments/record.py), the model must be the same to the last byte; elsewhere the
accuracy must be the same within two standard errors. Which of the two it was, and why, is printed.
"""

import argparse
import math
from typing import Any

import pandas as pd

from emotion.config.recipes import Row, find_row
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.machine import hardware
from experiments import results
from experiments.commits import refuse_what_dvc_loses
from experiments.measure import MODEL, measurable_data, run
from experiments.record import conditions, differences


def main() -> None:
    """Run the first measured seed of a row, on this hardware if there is one, again; compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("row", help="RECIPE-PROTOCOL")
    parser.add_argument("--set", nargs="*", default=[], help="parameters of fetch, as fetch.source=file")
    args = parser.parse_args()
    row, data = find_row(args.row), measurable_data(args.set)
    refuse_what_dvc_loses()
    print(reproduce(row, data))


def reproduce(row: Row, data: dict[str, Any]) -> str:
    """Run a row again and return in words that it came out the same.

    Raises:
        UserError: it did not, or the row was never measured, or nothing was trained.
    """
    known = measured(results.read(), row.name, hardware())
    settings = row.settings | {"train.seed": int(known["seed"])}
    if not pd.isna(known["threads"]):
        settings["train.threads"] = int(known["threads"])
    done = run(f"reproduce-{row.name}", settings, data)
    if not done.outcome.epochs:
        raise UserError(
            "nothing was trained: DVC had this run in its cache, or its checkpoint was there; do it in a "
            "fresh clone, without dvc pull"
        )
    differing = differences(known, conditions(done.params))
    return verdict(known, done.scores["accuracy"], done.outputs[MODEL], differing)


def measured(runs: pd.DataFrame, row: str, machine: str) -> pd.Series:
    """Return the first run of a row on this hardware; where there is none, the first on any.

    Raises:
        UserError: the row was never measured.
    """
    runs = runs[runs["row"] == row]
    if runs.empty:
        raise UserError(f"'{row}' has not been measured; see experiments/results.csv")
    same = runs[runs["hardware"] == machine]
    return (runs if same.empty else same).iloc[0]


def verdict(known: pd.Series, accuracy: float, model_md5: str, differing: list[str]) -> str:
    """Return in words that a run came out as it was measured.

    Args:
        known: the measured run.
        accuracy: of this one.
        model_md5: of its model.
        differing: what decides the bits of the model and differs; see record.differences.

    Raises:
        UserError: the model is another although nothing differs, or the accuracy is further away than
            `tolerance` allows.
    """
    name = f"{known['row']}, seed {known['seed']}"
    if not differing:
        if model_md5 != known["model_md5"]:
            raise UserError(
                f"{name}: the model has MD5 {model_md5}, measured before {known['model_md5']}, although the "
                "data, the seed, threads, instructions, versions and code agree"
            )
        return f"{name}: the same model to the last byte (MD5 {model_md5}), accuracy {accuracy:.4f}"
    allowed = tolerance(known["accuracy"], known["test_rows"])
    text = f"{name}: accuracy {accuracy:.4f}, measured before {known['accuracy']:.4f}"
    if abs(accuracy - known["accuracy"]) > allowed:
        raise UserError(f"{text}: not within {allowed:.4f}")
    return f"{text}: within {allowed:.4f}. The models' bytes are not compared: {'; '.join(differing)}"


def tolerance(accuracy: float, rows: int) -> float:
    """Return how far an accuracy may be from what was measured: two standard errors on so many rows."""
    return 2 * math.sqrt(accuracy * (1 - accuracy) / rows)


if __name__ == "__main__":
    with one_line_errors():
        main()
