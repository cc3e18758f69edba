"""Experiments are started here: `dvc exp run`, in the working copy, in a folder of its own, or queued."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from itertools import product
from typing import Any, NamedTuple, TypeVar

from emotion.config.schema import load_params
from emotion.runtime.errors import UserError
from emotion.training.progress import End, Epoch, parse
from experiments.commits import refuse_changes, refuse_what_dvc_loses
from experiments.settings import overrides

RUN = ("dvc", "exp", "run")
NO_FLOOR: dict[str, Any] = {"evaluate.floor.accuracy": None, "evaluate.floor.macro_f1": None}

Settings = Mapping[str, Any]  # parameters by names such as `train.lr`
Result = TypeVar("Result")
_starting = asyncio.Lock()  # held until an experiment has its folder: DVC prepares it in the working copy


class Outcome(NamedTuple):
    """How an experiment ended.

    Attributes:
        epochs: how many were trained now, without those of a checkpoint.
        minutes: of the training, with the epochs of a checkpoint; None if DVC had the training in its cache.
        stopped: whether `on_epoch` stopped it.
        failure: why it failed, in one line; None if it did not.
    """

    epochs: int
    minutes: float | None
    stopped: bool
    failure: str | None


def in_working_copy(settings: Settings) -> None:
    """Run an experiment whose parameters and outputs stay in the working copy.

    Raises:
        UserError: a parameter is not allowed, a file differs from the commit, or the experiment failed.
    """
    load_params(changes=settings)
    refuse_changes()
    if _wait_for([*RUN, *overrides(settings)]):
        raise UserError(
            "the experiment did not end, see above; its parameters stand in params.yaml: go on with them "
            "(dvc repro) or take them back (git restore . && dvc checkout)"
        )


def combinations(sweep: str, grid: Mapping[str, list[Any]], settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the parameters of each experiment of a sweep by its name, as DVC's queue would name it.

    Raises:
        UserError: a parameter is not allowed.
    """
    found = [{**dict(zip(grid, values, strict=True)), **settings} for values in product(*grid.values())]
    for changes in found:
        load_params(changes=changes)
    return {f"{sweep}-{number}": changes for number, changes in enumerate(found, start=1)}


def queue(sweep: str, grid: Mapping[str, list[Any]], settings: Settings) -> None:
    """Put an experiment for each combination of values into DVC's queue, named by the sweep and a number.

    Args:
        sweep: its name.
        grid: the values of each parameter that varies.
        settings: parameters that do not.

    Raises:
        UserError: a parameter is not allowed, DVC would lose the experiments, or could not queue them.
    """
    combinations(sweep, grid, settings)
    refuse_what_dvc_loses()
    if _wait_for([*RUN, "--queue", "--name", sweep, *overrides({**grid, **settings})]):
        raise UserError(f"the sweep '{sweep}' could not be queued, see above")


def run_queue(jobs: int) -> None:
    """Run what is queued, so many at a time. Ctrl-C ends the display, and the queue goes on.

    Raises:
        UserError: DVC ended with an error.
    """
    if _wait_for([*RUN, "--run-all", "--jobs", str(jobs)]):
        raise UserError("the queue is not at its end; see: dvc queue status")


async def in_own_folder(
    experiment: str,
    settings: Settings,
    on_epoch: Callable[[Epoch], bool] = lambda epoch: False,
    *,
    quiet: bool = False,
) -> Outcome:
    """Run an experiment in a folder of its own; the working copy stays as it is.

    Args:
        experiment: its name.
        settings: its parameters.
        on_epoch: called after each epoch; the experiment is stopped if it says so before the last one.
        quiet: print nothing of what the experiment prints.

    Raises:
        UserError: a parameter is not allowed, or DVC would lose the experiment; nothing was started.
    """
    process, errors = None, list[str]()
    try:
        async with _starting:
            load_params(changes=settings)
            refuse_what_dvc_loses()
            process = await asyncio.create_subprocess_exec(
                *(*RUN, "--temp", "--name", experiment, *overrides(settings)),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if quiet else None,  # else a terminal has its progress bar
                start_new_session=True,  # a signal that stops it reaches its stages, and no other experiment
            )
            lines = _lines(process, errors, quiet)
            async for line in lines:
                if line.startswith("Reproducing experiment"):
                    break
        epochs, minutes, stopped = await _follow(process, lines, experiment, on_epoch)
        failed = await process.wait() and not stopped
        failure = (errors[0] if errors else "DVC gave no reason") if failed else None
        return Outcome(epochs, minutes, stopped, failure)
    finally:
        if process and process.returncode is None:
            os.killpg(process.pid, signal.SIGINT)
            await process.wait()


async def _follow(
    process: asyncio.subprocess.Process,
    lines: AsyncIterator[str],
    experiment: str,
    on_epoch: Callable[[Epoch], bool],
) -> tuple[int, float | None, bool]:
    epochs, minutes, stopped, own = 0, None, False, True
    async for line in lines:
        if line.startswith("Reproducing experiment"):
            own = f"'{experiment}'" in line  # else DVC has gone on with another that stood in its queue
        event = parse(line) if own else None
        if isinstance(event, End):
            minutes = event.minutes
        if isinstance(event, Epoch):
            epochs += 1
            if on_epoch(event) and event.number < event.epochs and not stopped:
                stopped = True
                os.killpg(process.pid, signal.SIGINT)
    return epochs, minutes, stopped


async def _lines(process: asyncio.subprocess.Process, errors: list[str], quiet: bool) -> AsyncIterator[str]:
    """Yield what is printed, line by line, and collect the errors."""
    assert process.stdout
    async for line in process.stdout:
        text = line.decode().rstrip()
        if text.lower().startswith("error: "):
            errors.append(text.split(" ", 1)[1])
        if not quiet:
            print(text, flush=True)
        yield text


def to_the_end(work: Coroutine[Any, Any, Result]) -> Result:
    """Run experiments to their end, or until Ctrl-C or SIGTERM, which stop them.

    A script's background job inherits an ignored SIGINT, and would hand it down to its experiments.
    """
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    return asyncio.run(work)


def _wait_for(command: list[str]) -> int:
    """Run a command and return its status; Ctrl-C, which it gets as well, is left to it."""
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue
