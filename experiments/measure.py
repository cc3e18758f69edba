"""Measure a row of the table of results: a recipe under a protocol, with one seed or more.

    python -m experiments.measure fast-random --seeds 0 1 2

Recipes and protocols stand in experiments/recipes.yaml. Each run is a DVC experiment in a folder of its own,
and a line of experiments/results.csv; the tables of docs/results.md follow.
"""

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from emotion.config.recipes import Row, find_row
from emotion.config.schema import Params, load_params
from emotion.runtime.dvc import dvc
from emotion.runtime.errors import UserError, one_line_errors
from experiments import results
from experiments.cluster.driver import Cluster, add_options
from experiments.commits import experiment_file, head, refuse_what_dvc_loses
from experiments.record import Machine, record
from experiments.runner import NO_FLOOR, Outcome, in_own_folder, to_the_end
from experiments.settings import data_settings

MODEL = "models/emotion.keras"
MEASURED = Path("sweeps/measured.csv")  # runs that are not in the results yet; not in Git


def main() -> None:
    """Run the seeds of a row one after the other, or all at once on a cluster, and record them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("row", help="RECIPE-PROTOCOL")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="of the training")
    parser.add_argument("--set", nargs="*", default=[], help="parameters of fetch, as fetch.source=file")
    add_options(parser)
    args = parser.parse_args()
    row, data = find_row(args.row), measurable_data(args.set)
    refuse_what_dvc_loses()
    try:
        if args.cluster:
            with Cluster(args.cluster, args.cores, args.checkpoints, measured=True) as cluster:
                measure_on(cluster, row, args.seeds, data)
        else:
            for seed in args.seeds:
                measure(row, seed, data)
    finally:
        keep()


def measurable_data(words: list[str]) -> dict[str, Any]:
    """Return the parameters of fetch that a user gives, if with them the faces are those of the table.

    Raises:
        UserError: they are not, or a word is no parameter of fetch.
    """
    data = data_settings(words)
    fetch = load_params(changes=data)["fetch"]
    if fetch.source == "faces":
        raise UserError("rendered faces say nothing about a row: --set fetch.source=huggingface, or file")
    if "fetch.sha256" in data or fetch.sha256 is None:
        raise UserError(
            "a row is of the faces whose SHA-256 stands in params.yaml (fetch.sha256), and no others"
        )
    return data


def measure(row: Row, seed: int, data: dict[str, Any]) -> None:
    """Run a seed of a row and add it to MEASURED: until the last seed the results stay as they are committed.

    DVC would put a change of them into `git stash` while it begins the next seed.

    Raises:
        UserError: the experiment failed.
    """
    keep_run(row, seed, run(f"{row.name}-{seed}", row.settings | {"train.seed": seed}, data))


def measure_on(cluster: Cluster, row: Row, seeds: list[int], data: dict[str, Any]) -> None:
    """Run seeds of a row on a cluster and add those that end well to MEASURED.

    Raises:
        UserError: an experiment failed; the others are kept.
    """
    settings = {seed: row.settings | {"train.seed": seed} | data | NO_FLOOR for seed in seeds}
    names = {seed: f"{row.name}-{seed}" for seed in seeds}
    ends = to_the_end(cluster.run_all({names[seed]: settings[seed] for seed in seeds}))
    failures = [f"{name}: {outcome.failure}" for name, outcome in ends.items() if outcome.failure]
    for seed, name in names.items():
        if not ends[name].failure:
            ran_on = Machine(cluster.records[name].hardware, cluster.records[name].conditions)
            done = result(name, load_params(changes=settings[seed]), ends[name], head())
            keep_run(row, seed, done, ran_on)
    if failures:
        raise UserError("; ".join(failures))


def keep_run(row: Row, seed: int, done: "Run", machine: Machine | None = None) -> None:
    """Add a run to MEASURED; `machine` is where it was, if not here."""
    if done.outcome.minutes is None:  # nor is it known on which machine
        print(
            f"{row.name}, seed {seed}: not recorded, because DVC had the training in its cache; to time it, "
            "measure it in a fresh clone"
        )
        return
    minutes, md5 = done.outcome.minutes, done.outputs[MODEL]
    line = record(row, done.params, done.training, done.scores, minutes, md5, head(), machine)
    results.add(line, MEASURED)


def keep() -> None:
    """Move the runs of MEASURED, also those of a killed measurement, into the results and their tables."""
    if not MEASURED.exists():
        return
    results.merge(MEASURED)
    results.write_tables()
    MEASURED.unlink()


class Run(NamedTuple):
    """The result of an experiment.

    Attributes:
        params: what it ran with.
        training: metrics/training.json.
        scores: metrics/evaluation.json.
        exports: metrics/export.json.
        outputs: MD5 of each output that DVC keeps, by its path.
        outcome: how it ended.
    """

    params: Params
    training: dict[str, Any]
    scores: dict[str, Any]
    exports: dict[str, Any]
    outputs: dict[str, str]
    outcome: Outcome


def run(experiment: str, settings: dict[str, Any], data: dict[str, Any]) -> Run:
    """Run an experiment in a folder of its own. No score is too low to be recorded.

    Args:
        experiment: its name; an earlier one of this commit is replaced, which may have had other parameters.
        settings: its parameters.
        data: those of fetch.

    Raises:
        UserError: the experiment failed, or DVC would lose it.
    """
    changes, commit = settings | data | NO_FLOOR, head()
    params = load_params(changes=changes)
    if experiment_file(experiment, "dvc.lock", commit):
        dvc("exp", "remove", experiment)
    return result(experiment, params, to_the_end(in_own_folder(experiment, changes)), commit)


def result(experiment: str, params: Params, outcome: Outcome, commit: str) -> Run:
    """Return the result of an experiment that has ended.

    Raises:
        UserError: it failed.
    """
    files = [f"metrics/{name}.json" for name in ("training", "evaluation", "export")]
    metrics = [experiment_file(experiment, file, commit) for file in files]
    lock = experiment_file(experiment, "dvc.lock", commit)
    if outcome.failure or not (lock and all(metrics)):
        raise UserError(f"the experiment {experiment} failed; see above")
    stages = YAML(typ="safe", pure=True).load(lock)["stages"].values()
    outputs = {out["path"]: out["md5"] for stage in stages for out in stage["outs"]}
    training, scores, exports = (json.loads(content or "") for content in metrics)
    return Run(params, training, scores, exports, outputs, outcome)


if __name__ == "__main__":
    with one_line_errors():
        main()
