"""What a node pushes: an experiment counts once, and when it and its outputs are on the remotes."""

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from emotion.runtime.errors import UserError
from experiments.cluster import task
from experiments.cluster.driver import refuse_another
from experiments.cluster.records import EXPERIMENTS, Record, find, on_remote, tail, write
from experiments.cluster.task import push
from tests.support.cluster import shared_project
from tests.support.paths import ROOT
from tests.support.project import Project


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("push")


@pytest.fixture(scope="module")
def ran(home: Path) -> Project:
    """The project with an experiment that has run, whose name another has on the remote."""
    project = shared_project(home)
    for seed in (8, 9):
        words = ("-S", f"train.seed={seed}", "-S", "train.epochs=1")
        project.run("dvc", "exp", "run", "--temp", "--force", "--name", "same", *words)
        if seed == 8:
            project.run("dvc", "exp", "push", "origin", "same")
            project.run("dvc", "exp", "remove", "same")
    return project


@pytest.fixture
def commit(ran: Project, monkeypatch: pytest.MonkeyPatch) -> str:
    """The commit of the experiment, from whose folder the test works."""
    monkeypatch.chdir(ran.folder)
    for name, value in ran.env.items():
        monkeypatch.setenv(name, value)
    return ran.run("git", "rev-parse", "HEAD").strip()


def test_another_of_the_same_name_does_not_count_and_a_remote_that_is_down_is_waited_for(
    ran: Project, commit: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = f"{EXPERIMENTS}/{tail(commit, 'same')}"
    # DVC alone says that they have diverged, uploads the outputs, and ends well
    assert "diverged" in ran.run("dvc", "exp", "push", "origin", "same")
    other = on_remote(reference)
    assert other != ran.run("git", "rev-parse", reference).strip()
    assert find(commit, "same") is None

    away, waits = home / "away", list[float]()
    shutil.move(home / "git", away)

    def wait(seconds: float) -> None:
        waits.append(seconds)
        shutil.move(away, home / "git")

    with monkeypatch.context() as patch:
        patch.setattr(time, "sleep", wait)
        sha = push(commit, "same")
    assert len(waits) == 1
    assert sha == on_remote(reference) != other
    assert find(commit, "same") is None  # complete when its record is there
    record = Record(sha, 1, 0.1, "a node", {"threads": 4})
    write(commit, "same", record)
    assert find(commit, "same") == record
    ran.run("git", "push", "--quiet", "--force", "origin", f"{other}:{reference}")
    assert find(commit, "same") is None  # nor is another complete by its record


def test_the_minutes_of_a_training_are_known_when_a_remote_answers_at_last(
    ran: Project, commit: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"train.seed": 7, "train.epochs": 1}
    job = dict[str, Any](
        commit=commit, experiment="timed", settings=settings, checkpoints=None, measured=False
    )
    monkeypatch.setattr(task, "to_the_end", asyncio.run)  # without its handlers of signals
    monkeypatch.setattr(task, "PAUSES", ())
    shutil.move(home / "git", home / "away")
    with pytest.raises(UserError, match="timed could not be pushed"):
        task.run(job)
    shutil.move(home / "away", home / "git")
    ran.run("dvc", "exp", "remove", "timed")  # as the node does before it tries again
    record = task.run(job)
    assert (record.epochs, record.minutes) == (0, 0.1)  # it was not trained again
    assert find(commit, "timed") == record


def test_six_nodes_that_push_at_once_all_arrive(ran: Project, commit: str, home: Path) -> None:
    sha = ran.run("git", "rev-parse", f"{EXPERIMENTS}/{tail(commit, 'same')}").strip()
    remote = home / "empty remote"
    code = "import sys; from experiments.cluster.task import push; print(push(*sys.argv[1:]))"
    pushes = []
    for name in (f"six-{number}" for number in range(6)):
        slot = home / name
        shutil.copytree(ran.folder, slot, symlinks=True)
        (slot / ".dvc/config.local").write_text(f"['remote \"team\"']\n    url = {remote}\n")
        rename = ["git", "update-ref", f"{EXPERIMENTS}/{tail(commit, name)}", sha]
        subprocess.run(rename, cwd=slot, check=True)
        command = [sys.executable, "-c", code, commit, name]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        pushes.append(subprocess.Popen(command, cwd=slot, env=environment, stdout=subprocess.PIPE, text=True))
    assert [process.communicate()[0].strip() for process in pushes] == [sha] * 6
    assert {on_remote(f"{EXPERIMENTS}/{tail(commit, f'six-{number}')}") for number in range(6)} == {sha}
    lock = YAML(typ="safe", pure=True).load(ran.run("git", "show", f"{sha}:dvc.lock"))
    (model,) = (out["md5"] for out in lock["stages"]["train"]["outs"] if out["path"].startswith("models"))
    assert hashlib.md5((remote / "files/md5" / model[:2] / model[2:]).read_bytes()).hexdigest() == model


def test_a_name_that_stands_for_other_parameters_is_refused(ran: Project, commit: str) -> None:
    refuse_another(commit, "same", {"train.seed": 9, "train.epochs": 1})
    with pytest.raises(
        UserError, match=r"another experiment same of this commit, with train\.seed=9 and not 3"
    ):
        refuse_another(commit, "same", {"train.seed": 3})
