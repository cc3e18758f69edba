"""Kill the pipeline at random moments; afterwards `dvc repro` must end in the bytes of an undisturbed run.

    python -m tests.faults --kills 50 --seed 0

A kill hits DVC and its stage at once, as Ctrl-C in a terminal does, or a power cut. What the stages after it
have made is restored from DVC's cache, so that a recovery costs one stage.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from threading import Timer
from typing import IO

from rich import box
from rich.console import Console
from rich.table import Table

from tests.support.project import LIMIT, STAGES, Project, interruptible, remove, rewind, small_project

CAUSES = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
METRICS = [f"metrics/{name}.json" for name in ("validation", "training", "evaluation", "export")]
RESULTS = ["dvc.lock", "models/emotion.keras", "models/emotion.onnx", *METRICS]
EPOCHS = 4
EPOCH = re.compile(r"^epoch +(\d+)/", re.MULTILINE)
MARK = re.compile(r"Running stage '(\w+)'|epoch +\d+/")
# What DVC says after a kill that came while it wrote a file of its own; `make verify` removes that file.
CUT = (
    "dvc.lock' validation failed",
    "dvc.lock' is invalid",
    "RWLock-file",
    "you can manually remove",  # it names a process number that another process has now
    "join() argument must be",  # the folder of an entry of the run cache that was to come
)


@dataclass(frozen=True)
class Mark:
    """A line of output from which a moment is counted, and the seconds until the next such line."""

    line: str
    seconds: float


Marks = dict[str, list[Mark]]  # of each stage


@dataclass(frozen=True)
class Kill:
    """How and when: after a share of the time from a mark to the next."""

    stage: str
    cause: signal.Signals
    mark: Mark
    share: float

    def __str__(self) -> str:
        return (
            f"{self.stage}: {self.cause.name} {self.share * self.mark.seconds:.1f} s after {self.mark.line}"
        )


@dataclass(frozen=True)
class Outcome:
    """What a kill did, and what `dvc repro` made of it.

    Attributes:
        kill: the kill.
        landed: False where the run had ended before.
        finished: the epochs that were printed before the kill.
        repeated: how many of these the recovery ran again.
        cut: what DVC said of a file of its own that `make verify` had to remove first, if it did.
        fault: why the recovery failed, or which results differ; empty if all is well.
    """

    kill: Kill
    landed: bool
    finished: int
    repeated: int
    cut: str
    fault: str


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        prog="python -m tests.faults",
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with interruptible(), tempfile.TemporaryDirectory() as folder:
        outcomes = fault_run(Path(folder), arguments.kills, random.Random(arguments.seed))
    Console(width=110).print(table(outcomes))
    if any(outcome.fault for outcome in outcomes):
        sys.exit("error: not every run recovered to the same bytes")


def fault_run(folder: Path, kills: int, rng: random.Random) -> list[Outcome]:
    """Run the pipeline undisturbed, then kill it in each stage and with each signal in turn."""
    finished = small_project(folder / "undisturbed/project")
    finished.set(train__epochs=EPOCHS, train__patience=EPOCHS)
    marks = timed_run(finished)
    remove(finished.folder / ".checkpoints")  # large, and no copy needs them
    outcomes: list[Outcome] = []
    while sum(outcome.landed for outcome in outcomes) < kills:
        round_, place = divmod(len(outcomes), len(STAGES))
        stage, cause = STAGES[place], CAUSES[(place + round_) % len(CAUSES)]
        kill = Kill(stage, cause, rng.choice(marks[stage]), rng.random())
        print(kill, end=" ... ", flush=True)
        outcome = strike(finished, kill, folder / "killed/project")
        print(outcome.fault or f"recovered{' after make verify' if outcome.cut else ''}", flush=True)
        outcomes.append(outcome)
    return outcomes


def timed_run(project: Project) -> Marks:
    """Run the whole pipeline, and return the marks of each stage."""
    times: list[tuple[float, str]] = []
    with started(project) as (process, output):
        for line in output:
            if found := MARK.match(line):
                times.append((time.monotonic(), found[0]))
    assert process.returncode == 0
    marks: Marks = {name: [] for name in STAGES}
    stage = ""
    for (start, line), (end, _) in pairwise([*times, (time.monotonic(), "")]):
        stage = line.split("'")[1] if "'" in line else stage
        marks[stage].append(Mark(line, end - start))
    return marks


def strike(finished: Project, kill: Kill, folder: Path) -> Outcome:
    """Kill a run in a copy of a finished project, let DVC recover, and compare."""
    project = finished.copy(folder)
    rewind(project, kill.stage)
    landed, printed = killed_run(project, kill)
    recovered, cut, fault = recovery(project)
    fault = fault or " ".join(different(project, finished))
    shutil.rmtree(folder.parent)
    before, again = set(EPOCH.findall(printed)), set(EPOCH.findall(recovered))
    return Outcome(kill, landed, len(before), len(before & again), cut, fault)


def different(project: Project, finished: Project) -> list[str]:
    """Return the results that are not the same bytes in both."""
    return [path for path in RESULTS if project.read(path) != finished.read(path)]


def killed_run(project: Project, kill: Kill) -> tuple[bool, str]:
    """Run the pipeline and kill it; return whether that kept it from its end, and what it had printed."""
    with started(project) as (process, output):
        printed = ""
        for line in output:
            printed += line
            if line.startswith(kill.mark.line):
                break
        try:
            process.wait(kill.share * kill.mark.seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, kill.cause)
        printed += output.read()
    return process.returncode != 0, printed


def recovery(project: Project) -> tuple[str, str, str]:
    """Run plain `dvc repro`; return what it printed, what DVC said of a file that was cut, and its fault."""
    status, printed = repro(project)
    cut = next((message for message in CUT if status != 0 and message in printed), "")
    if cut:
        project.run("python", "-m", "tools.verify", ".dvc/cache", status=1)
        status, printed = repro(project)
    return printed, cut, f"{printed}\nexit status {status}" if status != 0 else ""


def repro(project: Project) -> tuple[int, str]:
    """Run `dvc repro`; return its exit status and what it printed."""
    with started(project) as (process, output):
        printed = output.read()
    return process.returncode, printed


@contextmanager
def started(project: Project, **env: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """Start `dvc repro`; at the end wait for it, and kill it if it takes too long."""
    with project.popen("dvc", "repro", **env) as process:
        assert process.stdout
        timer = Timer(LIMIT, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        try:
            yield process, process.stdout
            process.wait()
        finally:
            timer.cancel()


def table(outcomes: list[Outcome]) -> Table:
    """Return the counts of each stage and of all."""
    names = [cause.name for cause in CAUSES]
    columns = ("recovered", "same bytes", "file cut", "too late", "epochs kept", "repeated")
    grid = Table("stage", *names, *columns, box=box.SIMPLE)
    for stage in (*STAGES, "all"):
        chosen = [outcome for outcome in outcomes if stage in (outcome.kill.stage, "all")]
        kills = [outcome for outcome in chosen if outcome.landed]
        counts = [sum(outcome.kill.cause.name == name for outcome in kills) for name in names]
        recovered = [outcome for outcome in kills if "\n" not in outcome.fault]
        counts += [len(recovered), sum(not outcome.fault for outcome in kills)]
        counts += [sum(bool(outcome.cut) for outcome in kills), len(chosen) - len(kills)]
        repeated = sum(outcome.repeated for outcome in kills)
        counts += [sum(outcome.finished for outcome in kills) - repeated, repeated]
        grid.add_row(stage, *map(str, counts))
    return grid


if __name__ == "__main__":
    main()
