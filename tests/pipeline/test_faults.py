"""Killed runs. `make faults` kills many more."""

import os
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import IO

import pytest

from emotion.training.checkpoint import load_checkpoint
from tests.faults import CAUSES, Kill, Marks, different, recovery, started, strike
from tests.support.project import STAGES, Project, ran, rewind

KILLS = [*zip(STAGES, cycle(CAUSES), strict=False), *(("train", cause) for cause in CAUSES[1:])]


@pytest.mark.parametrize(("stage", "cause"), KILLS)
def test_a_run_killed_in_any_stage_recovers_to_the_same_bytes(
    timed: tuple[Project, Marks], tmp_path: Path, stage: str, cause: signal.Signals
) -> None:
    finished, marks = timed
    middle = marks[stage][len(marks[stage]) // 2]  # in training the first epoch
    kill = Kill(stage, cause, middle, random.random() / 2)
    print(kill)  # shown if the test fails
    epochs = 1 if stage == "train" else 0
    outcome = strike(finished, kill, tmp_path / "killed/project")
    if not outcome.landed or outcome.finished != epochs:  # it was quicker than the run that was timed
        outcome = strike(finished, replace(kill, share=0), tmp_path / "killed/project")
    assert outcome.landed
    assert not outcome.fault
    assert outcome.repeated == 0
    assert outcome.finished == epochs


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("dvc.lock", ""),
        ("dvc.lock", "schema: '2.0'\nstages:\n  fetch:\n    cmd: 'python"),
        (".dvc/tmp/rwlock", ""),
        (".dvc/tmp/rwlock", '{"write": {"FOLDER/data/splits/train": {"pid": PID, "cmd": "dvc repro"}}}'),
    ],
)
def test_without_a_file_of_dvcs_own_that_a_kill_left_behind_nothing_is_lost(
    finished: Project, project: Project, file: str, content: str
) -> None:
    content = content.replace("FOLDER", str(project.folder)).replace("PID", str(os.getpid()))
    (project.folder / file).write_text(content)
    printed, cut, fault = recovery(project)
    assert cut
    assert not fault
    assert ran(printed) == []
    assert different(project, finished) == []


def test_without_an_entry_of_dvcs_cache_that_a_kill_left_empty_nothing_is_lost(
    finished: Project, project: Project
) -> None:
    runs = project.folder / ".dvc/cache/runs"
    (entry,) = (file for file in runs.glob("*/*/*") if "stages.plot " in file.read_text())
    others = set(runs.glob("*/*/*")) - {entry}
    rewind(project, "plot")
    entry.parent.mkdir(parents=True)
    printed, cut, fault = recovery(project)
    assert cut.startswith("join()")
    assert not fault
    assert ran(printed) == ["plot"]
    assert others < set(runs.glob("*/*/*"))
    assert different(project, finished) == []


# DVC is killed where three Ctrl-C end it, too: the user's edits are in the stash, HEAD is detached.
KILLED_EXPERIMENT = """
import os, signal, sys
from dvc.cli import main
from dvc.repo.experiments.queue.base import BaseStashQueue
from scmrepo.git.stash import Stash
{moment} = lambda *arguments, **options: os.kill(os.getpid(), signal.SIGKILL)
main(["exp", "run", "-S", "train.lr=0.5"])
"""


@pytest.mark.parametrize(
    ("moment", "way", "left"),
    [  # before and after DVC has copied the edits back into the folder
        ("Stash.apply", "git switch main; git stash pop", 0),
        ("BaseStashQueue._update_params", "git switch main; git stash; git stash pop stash@{1}", 1),
        ("BaseStashQueue._pack_args", "git switch main; git stash; git stash pop stash@{1}", 1),
    ],
)
def test_what_an_experiment_killed_at_its_start_leaves_of_git_is_noticed_by_verify_and_undone_as_it_says(
    project: Project, moment: str, way: str, left: int
) -> None:
    readme = project.folder / "README.md"
    readme.write_text(readme.read_text() + "mine\n")
    params, edited = project.read("params.yaml"), project.read("README.md")
    project.run("python", "-c", KILLED_EXPERIMENT.format(moment=moment), status=-signal.SIGKILL)
    assert project.run("git", "branch", "--show-current") == ""
    assert project.run("git", "stash", "list").count("\n") == 1

    output = project.run("python", "-m", "tools.verify", ".dvc/cache")
    assert output.partition("the way back: ")[2].splitlines()[0] == way
    for command in way.split(";"):
        project.run(*command.split())
    assert project.run("git", "branch", "--show-current") == "main\n"
    assert project.run("git", "stash", "list").count("\n") == left
    assert (project.read("params.yaml"), project.read("README.md")) == (params, edited)
    assert "the way back" not in project.run("python", "-m", "tools.verify", ".dvc/cache")


def test_verify_takes_no_other_detached_head_for_a_killed_experiment(project: Project) -> None:
    for commit in ("HEAD", "main"):
        project.run("git", "switch", "--quiet", "--detach", commit)
        assert "the way back" not in project.run("python", "-m", "tools.verify", ".dvc/cache")
        project.run("git", "switch", "--quiet", "main")


@contextmanager
def training_paused(project: Project) -> Iterator[tuple[subprocess.Popen[str], int, IO[str]]]:
    """Run the pipeline and stop its training after an epoch; yield DVC, the training's id and the output."""
    rewind(project, "train")
    with started(project) as (dvc, output):
        try:
            assert any(line.startswith("epoch  1/") for line in output)
            training = int(project.read(".locks/train"))
            os.kill(training, signal.SIGSTOP)
            yield dvc, training, output
        finally:
            with suppress(ProcessLookupError):
                os.killpg(dvc.pid, signal.SIGKILL)


def goes_on_when_it_is_seen_waiting(output: IO[str], training: int) -> str:
    """Let the training go on once another run waits for it; return what that run prints afterwards."""
    assert any(line.startswith(f"waiting for process {training}") for line in output)
    os.kill(training, signal.SIGCONT)
    return output.read()


def test_a_training_whose_dvc_was_killed_alone_ends_after_its_checkpoint_and_says_so(
    project: Project,
) -> None:
    project.set(train__epochs=4)
    with training_paused(project) as (dvc, training, output):
        dvc.kill()  # as `dvc queue kill --force` does
        dvc.wait()
        os.kill(training, signal.SIGCONT)
        printed = output.read()  # to its end: the training has ended
    assert f"error: the DVC that started train (process {dvc.pid}) has ended" in printed
    assert "epoch  3/4" not in printed
    assert not (project.folder / "models/emotion.keras").exists()
    (saved,) = (load_checkpoint(path) for path in (project.folder / ".checkpoints").glob("*/4-*.npz"))
    assert saved
    assert len(saved.history) == 2


def test_a_training_that_outlives_its_dvc_is_waited_for_and_not_repeated(
    finished: Project, project: Project
) -> None:
    with training_paused(project) as (dvc, training, _):
        dvc.kill()
        dvc.wait()
        curve = project.read("plots/training/plots/metrics/validation/loss.tsv").decode().splitlines()
        assert len(curve) >= 2  # a header and the first epoch: curves grow while it trains
        with started(project) as (process, output):
            printed = goes_on_when_it_is_seen_waiting(output, training)
    assert process.returncode == 0
    assert "resuming after epoch 2" in printed
    assert different(project, finished) == []


def test_the_same_training_in_two_folders_is_done_once(
    finished: Project, project: Project, tmp_path: Path
) -> None:
    elsewhere = finished.copy(tmp_path / "elsewhere")
    rewind(elsewhere, "train")
    # As an experiment of a queue runs: in a folder of its own, with the checkpoints of the project.
    checkpoints = {"DVC_ROOT": str(project.folder)}
    with training_paused(project) as (_, training, _), started(elsewhere, **checkpoints) as (process, output):
        printed = goes_on_when_it_is_seen_waiting(output, training)
    assert process.returncode == 0
    assert "resuming after epoch 2" in printed
    assert different(elsewhere, finished) == []
