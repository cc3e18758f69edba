"""What `make demo` does after its installation, and the state that it leaves the user in.

With smaller parameters than its own, which tests/unit/test_makefile.py checks.
"""

import json

import pytest

from tests.support.project import Project, ran

SMALL = ("-S", "train.lr=0.002")  # on top of the tiny project: it reruns train, evaluate and plot


@pytest.fixture
def stranger(project: Project) -> Project:
    """The project in the hands of somebody whom Git does not know."""
    project.run("git", "config", "--unset", "user.name")
    project.run("git", "config", "--unset", "user.email")
    return project


def test_a_stranger_runs_the_demo_then_compares_an_experiment_with_it_and_goes_back(
    stranger: Project,
) -> None:
    params = stranger.read("params.yaml")
    stranger.run("make", "identity")
    output = stranger.run("sh", "demo.sh", *SMALL)
    assert "weighted avg" in output
    assert "plots/*.png" in output
    assert stranger.run("git", "branch", "--show-current").strip() == "demo"
    assert stranger.run("git", "status", "--porcelain") == ""

    assert ran(stranger.run("dvc", "exp", "run", "-S", "train.lr=1e-4")) == ["train", "evaluate", "plot"]
    changed = json.loads(stranger.run("dvc", "metrics", "diff", "--json"))
    assert changed["metrics/evaluation.json"]["loss"]["diff"] != 0

    back = output.strip().splitlines()[-1]
    assert back == "  git switch --discard-changes main"
    stranger.run(*back.split())
    assert stranger.read("params.yaml") == params
    assert stranger.repro() == []  # what was run before the demo comes back from the cache

    mine = stranger.run("git", "rev-parse", "--short", "demo").strip()
    assert f"is kept as demo-{mine}" in stranger.run("sh", "demo.sh", *SMALL)
    assert stranger.run("git", "rev-parse", "--short", f"demo-{mine}").strip() == mine


def test_the_demo_leaves_uncommitted_work_alone(project: Project) -> None:
    project.set(train__lr=0.5)
    before = project.read("params.yaml")
    assert "uncommitted changes; commit them first" in project.run("sh", "demo.sh", *SMALL, status=1)
    assert project.run("git", "branch", "--show-current").strip() == "main"
    assert project.read("params.yaml") == before
