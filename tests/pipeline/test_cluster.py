"""Experiments on a Ray cluster of two nodes: all end once, whatever is killed meanwhile."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from subprocess import Popen
from typing import Any

import optuna
import psutil
import pytest

from experiments.cluster.local import local_cluster
from tests.support.cluster import shared_project
from tests.support.project import Project
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def cluster(home: Path) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("DVC_SITE_CACHE_DIR", str(home / "dvc"))
        with local_cluster(nodes=2, cores=3) as nodes:
            yield nodes


@pytest.fixture(scope="module")
def shared(home: Path) -> Project:
    return shared_project(home)


def sweep(cluster: Any, name: str, *words: str) -> list[str]:
    options = ["--cluster", cluster.address, "--cores", "1"]
    return ["python", "-m", "experiments.sweep", name, "train.epochs=2", *words, *options]


class Notes:
    """What the stand-in has noted of the trainings with a seed."""

    def __init__(self, home: Path, seed: int) -> None:
        file = home / f"epochs-{seed}"
        lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
        self.processes = [int(line[1]) for line in lines if line[0] == "began"]
        self.epochs = [line[0] for line in lines if line[0] != "began"]
        self.surroundings = {tuple(line[2:]) for line in lines if line[0] != "began"}


def trained(home: Path, seed: int, times: int) -> bool:
    """Tell whether a training has begun so many times, and has an epoch behind it."""
    notes = Notes(home, seed)
    return len(notes.processes) == times and bool(notes.epochs)


def workers() -> list[psutil.Process]:
    """Return the processes in which Ray runs our work."""
    return [
        child for child in psutil.Process().children(recursive=True) if child.name().startswith("ray::work")
    ]


@contextmanager
def started(project: Project, *command: str) -> Iterator[Popen[str]]:
    """Start a command, and end it where the test fails before it has."""
    with project.popen(*command) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_sweep_runs_on_all_nodes_and_what_is_complete_is_not_run_again(
    cluster: Any, shared: Project, home: Path
) -> None:
    six = sweep(cluster, "six", "train.seed=1,2,3", "train.lr=0.1,0.2")
    for _ in range(2):
        output = shared.run(*six)
        ranked = [word for word in output.partition("accuracy of the")[2].split() if word.startswith("six-")]
        assert set(ranked[:3]) == {"six-2", "six-4", "six-6"}
        assert set(ranked[3:]) == {"six-1", "six-3", "six-5"}
        notes = [Notes(home, seed) for seed in (1, 2, 3)]
        assert all(sorted(of_seed.epochs) == ["1", "1", "2", "2"] for of_seed in notes)
    # A core each, and the threads that train.threads says
    assert {pair for of_seed in notes for pair in of_seed.surroundings} == {("1", "None")}
    shared.run("dvc", "exp", "apply", "six-3")
    assert shared.read("models/emotion.keras") == b"2 0.1"  # it was pulled
    shared.run("git", "restore", ".")
    assert not (home / ".ray").exists()  # no token, which a later cluster would ask for


def test_a_search_has_its_trials_on_the_nodes_and_its_study_here(cluster: Any, shared: Project) -> None:
    options = ["--trials", "2", "--epochs", "2", "--cluster", cluster.address, "--cores", "1"]
    output = shared.run("python", "-m", "experiments.search", "search", *options)
    trials = optuna.load_study(
        study_name=None, storage=f"sqlite:///{shared.folder}/sweeps/search.db"
    ).get_trials(deepcopy=False)
    assert [trial.state.name for trial in trials] == ["COMPLETE", "COMPLETE"]
    assert all(f"search-{trial.number}  {trial.value:.4f}" in output for trial in trials)


def test_a_driver_that_is_interrupted_or_killed_ends_its_trainings_and_goes_on_when_started_again(
    cluster: Any, shared: Project, home: Path
) -> None:
    command = sweep(cluster, "driver", "train.seed=101", "train.lr=0.1")
    for times, ending in enumerate((signal.SIGINT, signal.SIGKILL), start=1):
        with started(shared, *command) as driver:
            wait_until(partial(trained, home, 101, times))
            driver.send_signal(ending)
            output, _ = driver.communicate()
        assert driver.returncode == (130 if ending == signal.SIGINT else -ending), output
        wait_until(lambda: not psutil.pid_exists(Notes(home, 101).processes[-1]))
    (home / "go").touch()
    assert "driver-1" in shared.run(*command)
    (home / "go").unlink()
    assert Notes(home, 101).epochs == ["1", "2"]  # each was trained once


def test_an_experiment_outlives_its_worker_and_its_node_and_a_users_error_is_not_tried_again(
    cluster: Any, shared: Project, home: Path
) -> None:
    command = sweep(cluster, "faults", "train.seed=100", "train.lr=0.1,1")
    with started(shared, *command, "--checkpoints", str(home / "checkpoints")) as driver:
        wait_until(lambda: Notes(home, 100).epochs)
        wait_until((home / "failed").exists)
        wait_until(lambda: list((home / "checkpoints").glob("*/faults-1/training/1.npz")))
        wait_until(lambda: len(workers()) == 1)
        workers()[0].kill()
        wait_until(lambda: len(Notes(home, 100).processes) == 2)
        assert not psutil.pid_exists(Notes(home, 100).processes[0])  # it trains on beside none
        shutil.rmtree(next(home.glob(".cache/*/slots/*/checkpoints")))  # as on another machine
        raylet = workers()[0].parent()
        assert raylet
        (node,) = (
            node
            for node in cluster.list_all_nodes()
            if node.all_processes["raylet"][0].process.pid == raylet.pid
        )
        cluster.remove_node(node, allow_graceful=False)
        wait_until(lambda: len(Notes(home, 100).processes) == 3)
        (home / "go").touch()
        output, _ = driver.communicate()
    (home / "go").unlink()
    assert output.count("was lost; it goes on from its checkpoint in") == 2
    assert Notes(home, 100).epochs == ["1", "2"]
    assert "faults-2  failed: train.lr is too high" in output
    assert (home / "failed").read_text() == "once\n"
    assert not list((home / "checkpoints").glob("*/faults-1"))  # which nobody needs any more
