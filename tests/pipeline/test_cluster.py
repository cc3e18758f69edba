"""Experiments on a Ray cluster of two nodes: all end once, whatever is killed meanwhile."""

import csv
import hashlib
import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from subprocess import Popen
from typing import Any

import optuna
import psutil
import pytest

from emotion.config.schema import load_params
from emotion.runtime.machine import hardware
from experiments.cluster.local import MEMORY, local_cluster
from experiments.record import conditions
from experiments.results import COLUMNS
from tests.support.cluster import BUCKET, give_credentials, share, shared_project
from tests.support.project import STAGES, Project, remove
from tests.support.s3 import S3, serve
from tests.support.waiting import wait_until

CORES = 3  # that each node says it has


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def cluster(home: Path) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("DVC_SITE_CACHE_DIR", str(home / "dvc"))
        patch.setenv("RAY_TMPDIR", str(home / "no cluster was here"))
        with local_cluster(nodes=2, cores=CORES) as nodes:
            yield nodes


@pytest.fixture(scope="module")
def stand_in(home: Path) -> Project:
    return shared_project(home)


@pytest.fixture(scope="module")
def s3(home: Path) -> Iterator[S3]:
    """S3, whose credentials the nodes have."""
    give_credentials(home)
    with serve() as server:
        yield server


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
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # one that has ended since
            if child.name().startswith("ray::work"):
                found.append(child)
    return found


def lose_the_node_at_work(cluster: Any) -> None:
    """Kill the one node that has a worker, and what it knew; another is there for it."""
    raylet = workers()[0].parent()
    assert raylet
    (node,) = (
        node for node in cluster.list_all_nodes() if node.all_processes["raylet"][0].process.pid == raylet.pid
    )
    cluster.remove_node(node, allow_graceful=False)
    cluster.add_node(num_cpus=CORES, object_store_memory=MEMORY)


@contextmanager
def started(project: Project, *command: str) -> Iterator[Popen[str]]:
    """Start a command, and end it where the test fails before it has."""
    with project.popen(*command) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_sweep_runs_on_all_nodes_and_what_is_complete_is_not_run_again(
    cluster: Any, stand_in: Project, home: Path
) -> None:
    six = sweep(cluster, "six", "train.seed=1,2,3", "train.lr=0.1,0.2")
    for _ in range(2):
        output = stand_in.run(*six)
        ranked = [word for word in output.partition("accuracy of the")[2].split() if word.startswith("six-")]
        assert set(ranked[:3]) == {"six-2", "six-4", "six-6"}
        assert set(ranked[3:]) == {"six-1", "six-3", "six-5"}
        notes = [Notes(home, seed) for seed in (1, 2, 3)]
        assert all(sorted(of_seed.epochs) == ["1", "1", "2", "2"] for of_seed in notes)
    # A core each, and the threads that train.threads says
    assert {pair for of_seed in notes for pair in of_seed.surroundings} == {("1", "None")}
    stand_in.run("dvc", "exp", "apply", "six-3")
    assert stand_in.read("models/emotion.keras") == b"2 0.1"  # it was pulled
    stand_in.run("git", "restore", ".")
    assert not (home / ".ray").exists()  # no token, which a later cluster would ask for
    assert not (home / "no cluster was here").exists()  # nor its address, in place of that of another one


def test_a_search_has_its_trials_on_the_nodes_and_its_study_here(cluster: Any, stand_in: Project) -> None:
    options = ["--trials", "2", "--epochs", "2", "--cluster", cluster.address, "--cores", "1"]
    output = stand_in.run("python", "-m", "experiments.search", "search", *options)
    trials = optuna.load_study(
        study_name=None, storage=f"sqlite:///{stand_in.folder}/sweeps/search.db"
    ).get_trials(deepcopy=False)
    assert [trial.state.name for trial in trials] == ["COMPLETE", "COMPLETE"]
    assert all(f"search-{trial.number}  {trial.value:.4f}" in output for trial in trials)


def test_a_driver_that_is_interrupted_or_killed_ends_its_trainings_and_goes_on_when_started_again(
    cluster: Any, stand_in: Project, home: Path
) -> None:
    command = sweep(cluster, "driver", "train.seed=101", "train.lr=0.1")
    for times, ending in enumerate((signal.SIGINT, signal.SIGKILL), start=1):
        with started(stand_in, *command) as driver:
            wait_until(partial(trained, home, 101, times))
            driver.send_signal(ending)
            output, _ = driver.communicate()
        assert driver.returncode == (130 if ending == signal.SIGINT else -ending), output
        wait_until(lambda: not psutil.pid_exists(Notes(home, 101).processes[-1]))
    (home / "go").touch()
    assert "driver-1" in stand_in.run(*command)
    (home / "go").unlink()
    assert Notes(home, 101).epochs == ["1", "2"]  # each was trained once


def test_an_experiment_outlives_its_worker_and_its_node_and_a_users_error_is_not_tried_again(
    cluster: Any, stand_in: Project, home: Path
) -> None:
    command = sweep(cluster, "faults", "train.seed=100", "train.lr=0.1,1")
    with started(stand_in, *command, "--checkpoints", str(home / "checkpoints")) as driver:
        wait_until(lambda: Notes(home, 100).epochs)
        wait_until((home / "failed").exists)
        wait_until(lambda: list((home / "checkpoints").glob("*/faults-1/training/1.npz")))
        wait_until(lambda: len(workers()) == 1)
        workers()[0].kill()
        wait_until(lambda: len(Notes(home, 100).processes) == 2)
        assert not psutil.pid_exists(Notes(home, 100).processes[0])  # it trains on beside none
        shutil.rmtree(next(home.glob(".cache/*/slots/*/checkpoints")))  # as on another machine
        lose_the_node_at_work(cluster)
        wait_until(lambda: len(Notes(home, 100).processes) == 3)
        (home / "go").touch()
        output, _ = driver.communicate()
    (home / "go").unlink()
    assert output.count("was lost; it goes on from its checkpoint in") == 2
    assert Notes(home, 100).epochs == ["1", "2"]
    assert "faults-2  failed: train.lr is too high" in output
    assert (home / "failed").read_text() == "once\n"
    assert not list((home / "checkpoints").glob("*/faults-1"))  # which nobody needs any more


def stored(s3: S3) -> set[str]:
    """Return the names of all that is on S3."""
    found = s3.client().list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {content["Key"] for content in found}


def test_s3_has_what_the_nodes_push_and_the_checkpoint_of_a_lost_one_and_a_colleague_trains_nothing_again(
    cluster: Any, home: Path, s3: S3
) -> None:
    project = shared_project(home / "s3", s3)
    command = sweep(cluster, "s3", "train.seed=21,121", "train.lr=0.1")
    with started(project, *command, "--checkpoints", "remote://team/checkpoints") as driver:
        wait_until(lambda: any(name.endswith("/s3-2/training/1.npz") for name in stored(s3)))
        wait_until(lambda: len(workers()) == 1)
        shutil.rmtree(next(home.glob(".cache/*/slots/*/checkpoints/*/s3-2")))  # as on another machine
        lose_the_node_at_work(cluster)
        wait_until(lambda: len(Notes(home, 121).processes) == 2)
        (home / "go").touch()
        output, _ = driver.communicate()
    (home / "go").unlink()
    assert output.count("was lost; it goes on from its checkpoint in remote://team/checkpoints") == 1
    models = {b"21 0.1": "s3-1", b"121 0.1": "s3-2"}
    digests = [hashlib.md5(model, usedforsecurity=False).hexdigest() for model in models]
    assert stored(s3) >= {f"s3/files/md5/{digest[:2]}/{digest[2:]}" for digest in digests}
    assert not any("checkpoints" in name for name in stored(s3))  # which nobody needs any more

    remove(project.folder / ".dvc/cache")
    project.run("dvc", "exp", "remove", "s3-1", "s3-2")
    project.run(*command)
    for seed in (21, 121):
        assert Notes(home, seed).epochs == ["1", "2"]  # each was trained once
    shown = list(csv.DictReader(project.run("dvc", "exp", "show", "--csv").splitlines()))
    assert sorted(run["Experiment"] for run in shown if run["Experiment"]) == ["s3-1", "s3-2"]
    for model, name in models.items():
        project.run("dvc", "exp", "apply", name)
        assert project.read("models/emotion.keras") == model
        project.run("git", "restore", ".")


def test_a_row_is_measured_on_the_nodes_as_it_would_be_here(
    cluster: Any, measurable: Project, home: Path, s3: S3
) -> None:
    share(measurable, measurable.folder.parent, s3)
    measurable.run("dvc", "push", *(stage for stage in STAGES if stage != "train"))  # a model is trained
    commit = measurable.run("git", "rev-parse", "HEAD")
    here = {name: json.loads(measurable.read(f"metrics/{name}.json")) for name in ("training", "evaluation")}
    options = ["--seeds", "1", "0", "--cluster", cluster.address, "--cores", "1"]
    for _ in range(2):  # the second time takes what is complete
        measurable.run("python", "-m", "experiments.measure", "paper-random", *options)
        runs = list(csv.DictReader(measurable.read("experiments/results.csv").decode().splitlines()))
        assert [(run["row"], run["seed"]) for run in runs] == [("paper-random", "1"), ("paper-random", "0")]
        assert "| paper-random | 1, 0 |" in measurable.read("docs/results.md").decode()
        measurable.run("git", "restore", ".")
    for run in runs:
        assert list(run) == COLUMNS
        assert run["commit"] == commit[:7]
        assert float(run["training_minutes"]) >= 0
        cores, _, processor = run["hardware"].partition("cores of ")
        assert cores == ("1 " if os.cpu_count() == 1 else f"1 of {os.cpu_count()} ")
        assert processor == hardware().partition("cores of ")[2]
    # What the project has is this row with this seed, trained here
    same = runs[1]
    assert same["model_md5"] == hashlib.md5(measurable.read("models/emotion.keras")).hexdigest()
    assert float(same["accuracy"]) == here["evaluation"]["accuracy"]
    assert int(same["epochs"]) == here["training"]["epochs"]
    known = conditions(load_params(measurable.folder / "params.yaml"))
    assert {name: same[name] for name in known} == {name: str(value or "") for name, value in known.items()}
    # The nodes pulled the faces and splits, and made none again
    kept = [run.read_text() for run in home.glob(".cache/*/slots/*/cache/runs/*/*/*")]
    assert any("stages.train " in run for run in kept)
    assert not any("stages.fetch " in run or "stages.preprocess " in run for run in kept)
