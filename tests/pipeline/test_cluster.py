"""Experiments on a Ray cluster of two nodes: all end once, whatever is killed meanwhile."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from experiments.cluster.local import local_cluster
from tests.support.paths import ROOT
from tests.support.project import Project, small_project
from tests.support.waiting import wait_until

STAGES = """stages:
  train:
    cmd: python stand_in.py
    deps: [stand_in.py]
    params: [train]
    outs: [models/emotion.keras]
    metrics:
      - metrics/training.json: {cache: false}
      - metrics/evaluation.json: {cache: false}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def cluster(home: Path) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("DVC_SITE_CACHE_DIR", str(home / "dvc"))
        with local_cluster(nodes=2, cores=2) as nodes:
            yield nodes


@pytest.fixture(scope="module")
def shared(home: Path) -> Project:
    """The project with a stand-in for its stages, and both of its remotes."""
    project = small_project(home / "project")
    shutil.copyfile(ROOT / "tests/support/stand_in.py", project.folder / "stand_in.py")
    (project.folder / "dvc.yaml").write_text(STAGES)
    for results in ("metrics", "plots"):
        project.run("git", "rm", "-rq", "--ignore-unmatch", results)
    project.run("dvc", "remote", "add", "--default", "team", str(home / "remote"))
    project.run("git", "add", ".")
    project.commit("A stand-in")
    project.run("git", "init", "--quiet", "--bare", str(home / "git"))
    project.run("git", "remote", "add", "origin", f"file://{home}/git")
    project.run("git", "push", "--quiet", "origin", "main")
    return project


def sweep(cluster: Any, name: str, *words: str) -> list[str]:
    options = ["--cluster", cluster.address, "--cores", "1"]
    return ["python", "-m", "experiments.sweep", name, "train.epochs=2", *words, *options]


def epochs(home: Path, seed: int) -> list[list[str]]:
    """Return the number, process, cores and OMP_NUM_THREADS of each epoch of a seed that was trained."""
    notes = home / f"epochs-{seed}"
    return [line.split() for line in notes.read_text().splitlines()] if notes.exists() else []


def workers() -> list[psutil.Process]:
    """Return the processes in which Ray runs our work."""
    return [
        child for child in psutil.Process().children(recursive=True) if child.name().startswith("ray::work")
    ]


def test_a_sweep_runs_on_all_nodes_and_what_is_complete_is_not_run_again(
    cluster: Any, shared: Project, home: Path
) -> None:
    six = sweep(cluster, "six", "train.seed=1,2,3", "train.lr=0.1,0.2")
    output = shared.run(*six)
    assert [line.split()[1] for line in output.splitlines() if line.strip()[:1] in tuple("123456")] == [
        *(f"six-{n}" for n in (2, 4, 6, 1, 3, 5))
    ]
    print(output)
    once = [epochs(home, seed) for seed in (1, 2, 3)]
    assert all([note[0] for note in notes].count("1") == 2 for notes in once)
    assert {(cores, omp) for notes in once for _, _, cores, omp in notes} == {("1", "None")}
    shared.run("dvc", "exp", "apply", "six-3")
    assert shared.read("models/emotion.keras") == b"2 0.1"  # it was pulled
    shared.run("git", "restore", ".")
    shared.run(*six)
    assert [epochs(home, seed) for seed in (1, 2, 3)] == once
    assert not (home / ".ray").exists()  # no token that a later cluster would ask for
