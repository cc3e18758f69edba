"""Measure a row of the table of results: a recipe under a protocol, with one seed or more.

    python -m experiments.measure fast-random --seeds 0 1 2
    python -m experiments.measure fast-random --reproduce
    python -m experiments.measure fast-random --here

Recipes and protocols stand in experiments/recipes.yaml. Each run is a DVC experiment in a folder of its own,
and a line of experiments/results.csv; the README's table follows. `--reproduce` writes neither: it runs a
measured row again and says whether the accuracy is the same within two standard errors. `--here` runs a row
in the working copy, as an experiment that is nobody's measurement.
"""

import argparse
import json
import math
import os
import re
import subprocess
from typing import Any, NamedTuple

import pandas as pd

from emotion.config.schema import load_params
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.machine import hardware
from experiments import results
from experiments.commits import head, recorded, refuse_changes
from experiments.recipes import changed, row_settings

TIME = re.compile(r"^\d+ epochs in ([\d.]+) min")
EPOCH = re.compile(r"^epoch +\d+/\d+ ")


def main() -> None:
    """Run the seeds of a row one after the other, and record them; or run one again, and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("row", help="RECIPE-PROTOCOL")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="of the training")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--reproduce", action="store_true", help="compare with the table instead")
    instead.add_argument("--here", action="store_true", help="run it in the working copy instead")
    parser.add_argument("--set", nargs="*", default=[], help="parameters of fetch, as fetch.source=file")
    args = parser.parse_args()
    recipe, protocol, settings = row_settings(args.row)
    if any(not word.startswith("fetch.") for word in args.set):
        raise UserError("--set is for the parameters of fetch; a row has its own for the rest")
    if args.here:
        os.execvp("dvc", ["dvc", "exp", "run", *switches(settings, args.set)])
    refuse_changes("a measurement", "experiments/results.csv", "README.md")
    chosen = dict(word.partition("=")[::2] for word in args.set)
    if chosen.get("fetch.source", load_params()["fetch"].source) == "faces":
        raise UserError("rendered faces say nothing about a row: --set fetch.source=huggingface, or file")
    if "fetch.sha256" in chosen or load_params()["fetch"].sha256 is None:
        raise UserError(
            "a row is of the faces whose SHA-256 stands in params.yaml (fetch.sha256), and no others"
        )
    if args.reproduce:
        reproduce(args.row, settings, args.set)
        return
    for seed in args.seeds:
        found = measure(args.row, settings, seed, args.set)
        if found["training_minutes"] is None:  # nor is it known on which machine
            print(
                f"{args.row}, seed {seed}: not recorded, because DVC had the training in its cache; "
                "to time it, measure it in a fresh clone"
            )
            continue
        results.add({"recipe": recipe, "protocol": protocol, **found})
        results.write_table()


def measure(row: str, settings: dict[str, Any], seed: int, data: list[str]) -> dict[str, Any]:
    """Run a seed of a row and return what results.COLUMNS holds of it, but for the recipe and the protocol.

    Args:
        row: its name.
        settings: its parameters.
        seed: of the training.
        data: parameters of fetch, as `fetch.source=file`.

    Raises:
        UserError: the experiment failed.
    """
    from emotion.network.cost import multiply_adds
    from emotion.network.model import build  # here, because it takes seconds to import Keras

    model = changed(load_params(), settings)["model"]
    cost, commit = multiply_adds(build(model)), head()
    done = run(f"{row}-{seed}", settings, seed, data)
    scores = done.scores
    f1, clean = scores["per_class"], scores["clean"]
    return {
        "row": row,
        "model": model.name,
        "seed": seed,
        "accuracy": scores["accuracy"],
        "accuracy_low": scores["accuracy_low"],
        "accuracy_high": scores["accuracy_high"],
        "macro_f1": scores["macro_f1"],
        "disgust_f1": f1["Disgust"]["f1"],
        "fear_f1": f1["Fear"]["f1"],
        "clean_accuracy": clean["accuracy"],
        "clean_macro_f1": clean["macro_f1"],
        "test_rows": scores["rows"],
        "parameters": done.training["parameters"],
        "multiply_adds": cost,
        "epochs": done.training["epochs"],
        "training_minutes": done.minutes,
        "hardware": hardware(),
        "commit": commit[:7],
    }


class Run(NamedTuple):
    """What an experiment came to.

    Attributes:
        training: metrics/training.json.
        scores: metrics/evaluation.json.
        minutes: of the training, with the epochs of a checkpoint; None if DVC had it in its cache.
        epochs: how many were trained in this run.
    """

    training: dict[str, Any]
    scores: dict[str, Any]
    minutes: float | None
    epochs: int


def run(experiment: str, settings: dict[str, Any], seed: int, data: list[str]) -> Run:
    """Run an experiment in a folder of its own. No score is too low to be recorded.

    Raises:
        UserError: the experiment failed.
    """
    words = switches(settings | {"train.seed": seed}, data)
    commit, minutes, epochs = head(), None, 0
    if recorded(experiment, "metrics/training.json", commit):  # perhaps of other parameters
        subprocess.run(["dvc", "exp", "remove", experiment], check=True)
    with subprocess.Popen(
        ["dvc", "exp", "run", "--temp", "--name", experiment, *words],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            print(line, end="", flush=True)
            minutes = float(found[1]) if (found := TIME.match(line)) else minutes
            epochs += bool(EPOCH.match(line))
    training = recorded(experiment, "metrics/training.json", commit)
    scores = recorded(experiment, "metrics/evaluation.json", commit)
    if process.returncode or not (training and scores):
        raise UserError(f"the experiment {experiment} failed; see above")
    return Run(training, scores, minutes, epochs)


def switches(settings: dict[str, Any], data: list[str]) -> list[str]:
    """Return the options of `dvc exp run` for these parameters, without a floor, and those of fetch."""
    changes = settings | {"evaluate.floor.accuracy": None, "evaluate.floor.macro_f1": None}
    words = [key + "=" + json.dumps(value).strip('"') for key, value in changes.items()]  # true, null
    return [option for word in words + data for option in ("-S", word)]


def reproduce(row: str, settings: dict[str, Any], data: list[str]) -> None:
    """Run the first measured seed of a row, on this hardware if there is one, again; compare the accuracy.

    Raises:
        UserError: the row was never measured, its accuracy is another, or nothing was trained.
    """
    known = measured(results.read(), row, hardware())
    done = run(f"reproduce-{row}", settings, int(known["seed"]), data)
    if not done.epochs:
        raise UserError(
            "nothing was trained: DVC had this run in its cache, or its checkpoint was there; do it in a "
            "fresh clone, without dvc pull"
        )
    reached = done.scores["accuracy"]
    print(verdict(f"{row}, seed {known['seed']}", reached, known["accuracy"], known["test_rows"]))


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


def verdict(name: str, accuracy: float, known: float, rows: int) -> str:
    """Return in words that an accuracy is what was measured before.

    Raises:
        UserError: it is further away than `tolerance` allows.
    """
    allowed = tolerance(known, rows)
    text = f"{name}: accuracy {accuracy:.4f}, measured before {known:.4f}"
    if abs(accuracy - known) > allowed:
        raise UserError(f"{text}: not within {allowed:.4f}")
    return f"{text}: within {allowed:.4f}"


def tolerance(accuracy: float, rows: int) -> float:
    """Return how far an accuracy may be from what was measured: two standard errors on so many rows.

    On the same machine it is the same to the last digit; another one rounds otherwise.
    """
    return 2 * math.sqrt(accuracy * (1 - accuracy) / rows)


if __name__ == "__main__":
    with one_line_errors():
        main()
