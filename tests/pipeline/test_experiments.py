"""Many experiments at once: a sweep, the table that compares them, and where they are not begun."""

from pathlib import Path

import pytest

from tests.support.project import Project, ran

SEARCH = ("search", "search", "--trials", "1", "--epochs", "1")
SWEEP = ("sweep", "tuning", "train.optimizer=sgd", "train.epochs=1")


def run(project: Project, *words: str, status: int = 0) -> str:
    """Run a module of experiments."""
    module, *arguments = words
    return project.run("python", "-m", f"experiments.{module}", *arguments, status=status)


def clone(project: Project, folder: Path, *options: str) -> Project:
    cloned = Project(folder)
    cloned.folder.mkdir()
    cloned.run("git", "clone", "--quiet", *options, f"file://{project.folder}", ".")
    cloned.run("git", "config", "user.name", "Test")
    cloned.run("git", "config", "user.email", "test@localhost")
    return cloned


def test_a_fresh_clone_runs_an_experiment_in_a_folder_of_its_own(project: Project, tmp_path: Path) -> None:
    cloned = clone(project, tmp_path / "clone")
    cloned.run("dvc", "cache", "dir", "--local", str(project.folder / ".dvc/cache"))
    output = cloned.run("dvc", "exp", "run", "--temp", "--name", "apart", "-S", "evaluate.ece_bins=4")
    assert ran(output) == ["evaluate", "plot", "report"]
    assert not (cloned.folder / "models/emotion.keras").exists()  # the workspace is as it was
    assert cloned.run("git", "status", "--porcelain") == ""
    assert cloned.run("dvc", "exp", "list", "--name-only").split() == ["apart"]


def test_a_sweep_is_queued_run_and_ranked_and_its_experiments_are_compared(project: Project) -> None:
    (project.folder / ".venv").mkdir()
    (project.folder / ".venv/ready").touch()  # the packages are those of the tests
    before = project.read("params.yaml")
    output = project.run("make", "paper-tuning", "OPTIMIZERS=adam,sgd", "RATES=0.001", "EPOCHS=1")
    ranked = [line.split() for line in output.splitlines() if "tuning-" in line and " 0.001 " in line]
    assert [row[0] for row in ranked] == ["1", "2"]
    assert {row[2] for row in ranked} == {"adam", "sgd"}
    assert project.read("sweeps/tuning.png").startswith(b"\x89PNG")
    assert project.read("params.yaml") == before  # experiments of the queue run in folders of their own
    assert "tuning-1" in project.run("make", "ranking")

    project.run("dvc", "exp", "run", "--queue", "--name", "later", "-S", "train.lr=0.002")
    compared = project.run("make", "compare", COLUMNS="80").splitlines()
    assert max(map(len, compared)) <= 80
    rows = [line.split() for line in compared if line.strip().startswith(("main", "tuning-", "later"))]
    assert {row[0] for row in rows[:-1]} == {"main", "tuning-1", "tuning-2"}
    assert rows[-1] == ["later", "queued", "train.lr=0.002"]
    validation = [float(row[1]) for row in rows[:-1]]
    assert validation == sorted(validation, reverse=True)
    changed = {word for line in compared for word in line.split() if word.startswith("train.optimizer=")}
    assert changed == {"train.optimizer=sgd"}  # the other has the commit's own


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("training.lr=0.1", "params.yaml: unknown key training"),
        ("train.lr=0,001", "params.yaml: train.lr is 0: input should be greater than 0"),
        ("train.optimizer=adam,adm", "params.yaml: train.optimizer is 'adm'"),
    ],
)
def test_a_sweep_with_a_value_that_is_not_allowed_is_not_queued(
    project: Project, word: str, reason: str
) -> None:
    assert run(project, "sweep", "tuning", word, status=1).startswith(f"error: {reason}")
    assert "No experiment tasks" in project.run("dvc", "queue", "status")


@pytest.mark.parametrize(
    "command", [SEARCH, SWEEP, ("measure", "paper-random"), ("reproduce", "paper-random")]
)
def test_a_shallow_clone_is_refused_before_anything_is_trained(
    project: Project, tmp_path: Path, command: tuple[str, ...]
) -> None:
    cloned = clone(project, tmp_path / "clone", "--depth=1")
    cloned.set(fetch__source="file")
    cloned.commit("As if the faces were real ones")
    output = run(cloned, *command, status=1)
    assert output.startswith("error: this clone is shallow")
    assert "git fetch --unshallow" in output


@pytest.mark.parametrize(
    "command", [SEARCH, SWEEP, ("measure", "paper-random"), ("reproduce", "paper-random")]
)
def test_a_module_that_git_does_not_know_is_refused_before_anything_is_trained(
    project: Project, command: tuple[str, ...]
) -> None:
    project.set(fetch__source="file")
    project.commit("As if the faces were real ones")
    (project.folder / "emotion/training/new.py").touch()
    assert run(project, *command, status=1).startswith("error: Git does not know emotion/training/new.py")


def part_of_something_larger(project: Project) -> Project:
    """Move a project into a subfolder of a larger repository."""
    larger = project.folder.parent / "larger"
    larger.mkdir()
    part = Project(project.folder.rename(larger / "project"))
    part.env = project.env
    (part.folder / ".git").rename(larger / ".git")
    part.run("git", "add", "--all", "..")
    part.commit("A part of something larger")
    return part


@pytest.mark.usefixtures("short")
def test_a_search_and_its_ranking_work_in_a_subfolder_of_a_larger_repository(project: Project) -> None:
    part = part_of_something_larger(project)
    assert "search-0  0." in run(part, *SEARCH)
    assert "figure: again.png" in run(part, "ranking", "search", "again.png", "train.lr")


@pytest.mark.usefixtures("short")
def test_a_sweep_works_in_a_subfolder_of_a_larger_repository(project: Project) -> None:
    output = run(part_of_something_larger(project), *SWEEP)
    assert "figure: sweeps/tuning.png" in output


def test_rows_are_measured_and_run_in_a_subfolder_of_a_larger_repository(measurable: Project) -> None:
    part = part_of_something_larger(measurable)
    run(part, "measure", "paper-official", "--seeds", "1")
    assert b"paper-official,official,paper_cnn,paper,1," in part.read("experiments/results.csv")
    part.commit("A measured row")
    assert "error: nothing was trained" in run(part, "reproduce", "paper-official", status=1)
    run(part, "workspace", "paper-official")
    assert b"split: official" in part.read("params.yaml")
    assert part.run("git", "branch", "--show-current").strip() == "main"
    assert part.run("git", "stash", "list") == ""
