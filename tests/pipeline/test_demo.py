"""What `make demo` does after its installation, and the state that it leaves the user in.

With smaller parameters than its own, which tests/unit/test_makefile.py checks.
"""

import json

import pytest

from tests.support.project import SMALL, STAGES, Project, ran

# As small as the tiny project, but for a learning rate: it reruns train and what follows
CHANGES = [f"{name}={value}" for name, value in (SMALL | {"train.lr": 0.002}).items()]
FROM_TRAIN = STAGES[STAGES.index("train") :]
DEMO = ("python", "-m", "tools.demo", *CHANGES)


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
    output = stranger.run(*DEMO)
    assert ran(output) == FROM_TRAIN
    assert "report/index.html" in output
    assert stranger.run("git", "branch", "--show-current").strip() == "demo"
    assert stranger.run("git", "status", "--porcelain") == ""

    assert ran(stranger.run("dvc", "exp", "run", "-S", "train.lr=1e-4")) == FROM_TRAIN
    changed = json.loads(stranger.run("dvc", "metrics", "diff", "--json"))
    assert changed["metrics/evaluation.json"]["loss"]["diff"] != 0

    back = output.strip().splitlines()[-1]
    assert back == "  git switch --discard-changes main"
    stranger.run(*back.split())
    assert stranger.read("params.yaml") == params
    assert stranger.repro() == []  # what was run before the demo comes back from the cache

    mine = stranger.run("git", "rev-parse", "--short", "demo").strip()
    assert f"is kept as demo-{mine}" in stranger.run(*DEMO)
    assert stranger.run("git", "rev-parse", "--short", f"demo-{mine}").strip() == mine


def test_a_second_demo_runs_nothing_shows_its_scores_too_and_puts_back_what_an_interrupted_one_lacks(
    project: Project,
) -> None:
    first = project.run(*DEMO)
    (project.folder / "metrics/evaluation.json").unlink()  # as DVC does before it runs a stage
    again = project.run(*DEMO)
    assert ran(again) == []
    assert project.run("git", "status", "--porcelain") == ""
    for output in (first, again):
        scores = output.partition("precision")[2].rpartition("These scores are of rendered faces")[0]
        assert "Surprise" in scores
        assert "accuracy 0." in scores
    assert project.run("git", "log", "--oneline", "main..demo").count("\n") == 2


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("train.epochs", "'train.epochs' sets no parameter: write its name and its value"),
        ("train.lr=[", "params.yaml: train.lr is '[': input should be a valid number"),
        ("train.epoch=2", "params.yaml: unknown key train.epoch: 2"),
    ],
)
def test_a_wrong_parameter_of_the_demo_begins_no_branch(project: Project, word: str, reason: str) -> None:
    output = project.run(*DEMO, word, status=1)
    assert f"error: {reason}" in output
    assert len(output.splitlines()) == 1
    assert project.run("git", "branch", "--show-current").strip() == "main"


@pytest.mark.parametrize("branch", ["main", "demo"])
def test_the_demo_leaves_uncommitted_work_alone(project: Project, branch: str) -> None:
    if branch == "demo":
        project.run("git", "switch", "--quiet", "--create", "demo")
    project.set(train__lr=0.5)
    before, commit = project.read("params.yaml"), project.run("git", "rev-parse", "HEAD")
    output = project.run(*DEMO, status=1)
    assert "error: there are uncommitted changes; keep them" in output
    assert "git restore . && dvc checkout" in output
    assert project.run("git", "branch", "--show-current").strip() == branch
    assert project.run("git", "rev-parse", "HEAD") == commit
    assert project.read("params.yaml") == before
