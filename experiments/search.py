"""Search parameters with Optuna: each trial is a DVC experiment, and poor ones are stopped early.

    python -m experiments.search search --trials 20 --epochs 10 --workers 1

A trial is judged by its accuracy on validation; the test split takes no part. One that after some epoch is
worse than the median of the others is stopped there, and recorded as the shorter training that it was: going
on from its checkpoint, that takes seconds. Interrupted, even killed, the search goes on with the same trials
when it is run again. Optuna's dashboard (pip install optuna-dashboard) shows it:
optuna-dashboard sqlite:///sweeps/search.db
"""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from emotion.config.schema import load_params
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.locks import hold
from emotion.training.progress import Epoch
from experiments.cluster.driver import Cluster, add_options
from experiments.commits import experiment_file, head, refuse_what_dvc_loses
from experiments.ranking import report
from experiments.runner import NO_FLOOR, Outcome, Settings, in_own_folder, to_the_end
from experiments.settings import at_least_one, experiment_name

FOLDER = Path("sweeps")
SPACE: dict[str, BaseDistribution] = {
    "train.optimizer": CategoricalDistribution(["adam", "adamw", "nadam", "rmsprop", "sgd"]),
    "train.lr": FloatDistribution(1e-4, 1e-2, log=True),
    "train.shift": FloatDistribution(0.0, 0.2, step=0.02),
    "train.zoom": FloatDistribution(0.0, 0.2, step=0.02),
    "model.conv_dropout": FloatDistribution(0.0, 0.4, step=0.1),
    "model.dense_dropout": FloatDistribution(0.0, 0.5, step=0.1),
    "model.l2": FloatDistribution(1e-5, 1e-2, log=True),
}
SPARED_TRIALS = 4  # the first of a search, with which the others are compared
SPARED_EPOCHS = 2  # of each trial, before it may be stopped

Runner = Callable[[str, Settings, Callable[[Epoch], bool]], Awaitable[Outcome]]
HERE: Runner = partial(in_own_folder, quiet=True)  # the other one is `Cluster.run`


def main() -> None:
    """Bring a search to its number of trials, and rank them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "name", type=experiment_name, help="name of the search; its experiments are NAME-0, NAME-1, ..."
    )
    parser.add_argument(
        "--trials", type=at_least_one, required=True, help="how many, those of earlier runs included"
    )
    parser.add_argument("--epochs", type=at_least_one, required=True, help="of a trial, at most")
    parser.add_argument(
        "--workers", type=at_least_one, default=1, help="trials at a time; a cluster has its own number"
    )
    add_options(parser)
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    hold(f"{args.name}.lock", FOLDER)
    study = open_study(args.name)
    if args.cluster:
        with Cluster(args.cluster, args.cores, args.checkpoints) as cluster:
            to_the_end(search(study, args.name, args.trials, args.epochs, cluster.slots, cluster.run))
    else:
        to_the_end(search(study, args.name, args.trials, args.epochs, args.workers))
    report(args.name, ["train.epochs", "train.optimizer", "train.lr"], FOLDER / f"{args.name}.png")


def open_study(name: str) -> optuna.Study:
    """Return the study of this name for the commit that is checked out, new or as it was left.

    Raises:
        UserError: DVC would lose the trials; or the schedule makes a shorter training another one; or the
            network has none of what is searched.
    """
    refuse_what_dvc_loses()
    params = load_params()
    if params["train"].schedule == "cosine":
        raise UserError("train.schedule is cosine, with which a trial that is stopped has to start anew")
    if params["model"].name != "paper_cnn":
        raise UserError(
            f"model.name is {params['model'].name}: the search is for the dropout and L2 of paper_cnn"
        )
    return optuna.create_study(
        storage=f"sqlite:///{FOLDER / name}.db",
        study_name=f"{name} of {head()}",
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(SPARED_TRIALS, SPARED_EPOCHS),
        load_if_exists=True,
    )


def trials(study: optuna.Study, number: int) -> Iterator[optuna.Trial]:
    """Yield the trials that an earlier run left unfinished, then new ones until the study has `number`.

    Those that failed in an earlier run do not count, because what made them fail may be mended by now.
    """
    failed = len(study.get_trials(states=[TrialState.FAIL]))
    for left in study.get_trials(states=[TrialState.RUNNING]):
        yield optuna.Trial(study, left._trial_id)  # Optuna has no public way to go on with a trial
    while len(study.trials) - failed < number:
        yield study.ask(SPACE)


async def search(
    study: optuna.Study, name: str, number: int, epochs: int, workers: int, runner: Runner = HERE
) -> None:
    """Finish trials until the study has `number` of them, `workers` at a time."""
    todo = trials(study, number)

    async def work() -> None:
        for trial in todo:
            ending = await finish(study, trial, f"{name}-{trial.number}", epochs, runner)
            print(f"{name}-{trial.number}  {ending}", flush=True)

    await asyncio.gather(*(work() for _ in range(workers)))


async def finish(
    study: optuna.Study, trial: optuna.Trial, experiment: str, epochs: int, runner: Runner
) -> str:
    """Bring a trial to its end, tell the study, and return in words how it ended."""
    stopped, failure = False, None
    # A search that was killed may have recorded the experiment and not told the study. And a DVC that ends
    # goes on with what another has just queued, which then finds nothing to do and has to start once more.
    for _ in range(2):
        if reached(experiment) is None and not stopped and not failure:
            stopped, failure = await run(trial, experiment, epochs, runner)
    if stopped:
        _, failure = await run(trial, experiment, study.trials[trial.number].last_step or epochs, runner)
    accuracy = reached(experiment)
    if accuracy is None:
        study.tell(trial, state=TrialState.FAIL)
        return f"failed: {failure or 'DVC has not recorded it'}"
    study.tell(trial, None if stopped else accuracy, TrialState.PRUNED if stopped else TrialState.COMPLETE)
    return f"{accuracy:.4f}{', stopped early' if stopped else ''}"


async def run(trial: optuna.Trial, experiment: str, epochs: int, runner: Runner) -> tuple[bool, str | None]:
    """Run a trial as an experiment; say whether it was stopped early, and why it failed if it did.

    Args:
        trial: is told the accuracy on validation after each epoch.
        experiment: its name.
        epochs: of the training.
        runner: what runs it.
    """

    def hopeless(epoch: Epoch) -> bool:
        accuracy = epoch.scores["val_accuracy"]
        trial.report(accuracy, epoch.number)
        print(f"{experiment}  epoch {epoch.number} of {epochs}: {accuracy:.4f}", flush=True)
        return trial.should_prune()

    settings = {name: _short(value) for name, value in trial.params.items()}
    settings |= {"train.epochs": epochs, **NO_FLOOR}
    outcome = await runner(experiment, settings, hopeless)
    return outcome.stopped, outcome.failure


def reached(experiment: str) -> float | None:
    """Return the accuracy on validation of an experiment of this commit, or None where there is none."""
    metrics = experiment_file(experiment, "metrics/training.json", head())
    return float(json.loads(metrics)["validation"]["accuracy"]) if metrics else None


def _short(value: float | str) -> float | str:
    """Return a value with three significant digits, which are enough to read and to repeat."""
    return float(f"{value:.3g}") if isinstance(value, float) else value


if __name__ == "__main__":
    with one_line_errors():
        main()
