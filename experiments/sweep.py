"""Sweep over every combination of some values: queue the experiments, run them, and rank them.

    python -m experiments.sweep tuning train.optimizer=adam,sgd train.lr=0.0003,0.001 --jobs 1
    python -m experiments.sweep tuning train.lr=0.0003,0.001 --cluster head:6379 --cores 2

Each experiment has params.yaml as it is but for those values, and no floor. Ctrl-C ends the display alone:
`dvc queue status` and `dvc queue logs NAME` show the rest, and `make ranking` ranks what has finished. On a
cluster Ctrl-C ends the experiments; run again, the sweep goes on with those that are not complete.
"""

import argparse
from pathlib import Path
from typing import Any

from emotion.config.words import setting, value
from emotion.runtime.errors import UserError, one_line_errors
from experiments.cluster.driver import Cluster, add_options
from experiments.ranking import report
from experiments.runner import NO_FLOOR, combinations, queue, run_queue, to_the_end
from experiments.settings import at_least_one, experiment_name

FOLDER = Path("sweeps")


def main() -> None:
    """Queue, run and rank."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "name", type=experiment_name, help="name of the sweep; its experiments are NAME-1, NAME-2, ..."
    )
    parser.add_argument("grid", nargs="+", help="a parameter and its values, as train.lr=0.0003,0.001")
    parser.add_argument("--jobs", type=at_least_one, default=1, help="experiments at a time")
    add_options(parser)
    args = parser.parse_args()
    grid = axes(args.grid)
    if args.cluster:
        experiments = combinations(args.name, grid, NO_FLOOR)
        with Cluster(args.cluster, args.cores, args.checkpoints) as cluster:
            ends = to_the_end(cluster.run_all(experiments))
        for name, outcome in ends.items():
            if outcome.failure:
                print(f"{name}  failed: {outcome.failure}")
    else:
        queue(args.name, grid, NO_FLOOR)
        run_queue(args.jobs)
    report(args.name, list(grid), FOLDER / f"{args.name}.png")


def axes(words: list[str]) -> dict[str, list[Any]]:
    """Return the values of each parameter of a sweep.

    Raises:
        UserError: see `axis`; or a parameter stands twice.
    """
    grid: dict[str, list[Any]] = {}
    for name, values in map(axis, words):
        if name in grid:
            raise UserError(f"{name} stands twice: write its values in one word, as {name}=A,B")
        grid[name] = values
    return grid


def axis(word: str) -> tuple[str, list[Any]]:
    """Return a parameter and the values that it takes, of a word such as `train.lr=0.0003,0.001`.

    Raises:
        UserError: the word has no equals sign.
    """
    name, text = setting(word)
    return name, [value(part) for part in text.split(",")]


if __name__ == "__main__":
    with one_line_errors():
        main()
