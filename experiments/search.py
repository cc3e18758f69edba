"""Search parameters with Optuna: each trial is a DVC experiment, and the hopeless ones end early.

    python -m experiments.search search --trials 20 --epochs 10 --workers 1

A trial is judged by its accuracy on validation; the test split takes no part. One that after some epoch is
worse than the median of the others is stopped there, and recorded as the shorter training that it was: going
on from its checkpoint, that takes seconds. Interrupted, even killed, the search goes on with the same trials
when it is run again. Optuna's dashboard (pip install optuna-dashboard) shows it:
optuna-dashboard sqlite:///sweeps/search.db
"""

import argparse
import asyncio
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from emotion.config.schema import load_params
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.locks import hold
from experiments.commits import head, recorded, refuse_changes
from experiments.ranking import report

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
EPOCH = re.compile(r"epoch +(?P<epoch>\d+)/\d+ .*\bval_accuracy (?P<accuracy>[\d.]+)")


def main() -> None:
    """Bring a search to its number of trials, and rank them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", help="name of the search; its experiments are NAME-0, NAME-1, ...")
    parser.add_argument("--trials", type=int, required=True, help="how many, those of earlier runs included")
    parser.add_argument("--epochs", type=int, required=True, help="of a trial, at most")
    parser.add_argument("--workers", type=int, default=1, help="trials at a time")
    args = parser.parse_args()
    # A search in the background of a script inherits an ignored SIGINT, and hands it down to its trials.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    hold(f"{args.name}.lock", FOLDER)
    study = open_study(args.name)
    asyncio.run(search(study, args.name, args.trials, args.epochs, args.workers))
    report(args.name, ["train.epochs", "train.optimizer", "train.lr"], FOLDER / f"{args.name}.png")


def open_study(name: str) -> optuna.Study:
    """Return the study of this name for the commit that is checked out, new or as it was left.

    Raises:
        UserError: a file of the commit was changed, while the trials of a study must differ in nothing
            else; or a schedule makes a shorter training another one; or the network has none of what is
            searched.
    """
    refuse_changes("a search")
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
    """Yield the trials that an earlier run left unfinished, then new ones until the study has `number`."""
    for left in study.get_trials(states=[TrialState.RUNNING]):
        yield optuna.Trial(study, left._trial_id)  # Optuna has no public way to go on with a trial
    while len(study.trials) < number:
        yield study.ask(SPACE)


async def search(study: optuna.Study, name: str, number: int, epochs: int, workers: int) -> None:
    """Finish trials until the study has `number` of them, `workers` at a time."""
    todo = trials(study, number)
    starting = asyncio.Lock()

    async def work() -> None:
        for trial in todo:
            outcome = await finish(study, trial, f"{name}-{trial.number}", epochs, starting)
            print(f"{name}-{trial.number}  {outcome}", flush=True)

    await asyncio.gather(*(work() for _ in range(workers)))


async def finish(
    study: optuna.Study, trial: optuna.Trial, experiment: str, epochs: int, starting: asyncio.Lock
) -> str:
    """Bring a trial to its end, tell the study, and return in words how it ended."""
    stopped, failure = False, None
    try:
        # The first time it has no result, unless the search was killed before it told the study; the second
        # time if it was taken over: a DVC that ends looks for what another is about to start.
        for _ in range(2):
            if reached(experiment) is None and not stopped:
                stopped = await run(trial, experiment, epochs, starting)
        if stopped:
            await run(trial, experiment, study.trials[trial.number].last_step or epochs, starting)
    except UserError as error:
        failure = error
    accuracy = reached(experiment)
    if accuracy is None:
        study.tell(trial, state=TrialState.FAIL)
        return f"failed: {failure}"
    study.tell(trial, None if stopped else accuracy, TrialState.PRUNED if stopped else TrialState.COMPLETE)
    return f"{accuracy:.4f}{', stopped early' if stopped else ''}"


async def run(trial: optuna.Trial, experiment: str, epochs: int, starting: asyncio.Lock) -> bool:
    """Run a trial as an experiment in a folder of its own; say whether it was stopped as hopeless.

    Args:
        trial: is told the accuracy on validation after each epoch.
        experiment: its name.
        epochs: of the training.
        starting: held until the experiment stands in its folder: DVC prepares it in the workspace.

    Raises:
        UserError: the experiment failed; the message is that of its stage, or DVC's.
    """
    settings = {**trial.params, "train.epochs": epochs}
    settings |= {"evaluate.floor.accuracy": "null", "evaluate.floor.macro_f1": "null"}
    changes = [word for key, value in settings.items() for word in ("-S", f"{key}={_short(value)}")]
    stopped, process = False, None
    printed: list[str] = []
    try:
        async with starting:
            process = await asyncio.create_subprocess_exec(
                *("dvc", "exp", "run", "--temp", "--name", experiment, *changes),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a signal that stops it reaches its stages, and no other trial
            )
            lines = _lines(process, printed)
            async for line in lines:
                if line.startswith("Reproducing experiment"):
                    break
        own = True
        async for line in lines:
            if line.startswith("Reproducing experiment"):
                own = f"'{experiment}'" in line  # else it took over another trial after its end
            if own and (found := EPOCH.match(line)):
                epoch = int(found["epoch"])
                trial.report(float(found["accuracy"]), epoch)
                print(f"{experiment}  epoch {epoch} of {epochs}: {found['accuracy']}", flush=True)
                if epoch < epochs and not stopped and trial.should_prune():
                    stopped = True
                    os.killpg(process.pid, signal.SIGINT)
        if await process.wait() and not stopped:
            faults = [line for line in printed if line.lower().startswith("error: ")]
            raise UserError(faults[0].split(" ", 1)[1] if faults else "DVC gave no reason")
        return stopped
    finally:
        if process and process.returncode is None:
            os.killpg(process.pid, signal.SIGINT)
            await process.wait()


def reached(experiment: str) -> float | None:
    """Return the accuracy on validation of an experiment of this commit, or None where there is none."""
    metrics = recorded(experiment, "metrics/training.json", head())
    return float(metrics["validation"]["accuracy"]) if metrics else None


async def _lines(process: asyncio.subprocess.Process, printed: list[str]) -> AsyncIterator[str]:
    assert process.stdout
    async for line in process.stdout:
        printed.append(line.decode().strip())
        yield printed[-1]


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    with one_line_errors():
        main()
