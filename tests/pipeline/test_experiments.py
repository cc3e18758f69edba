"""Many experiments at once: a sweep, and the table that compares them."""

from pathlib import Path

from tests.support.project import Project, ran


def test_a_fresh_clone_runs_an_experiment_in_a_folder_of_its_own(project: Project, tmp_path: Path) -> None:
    clone = Project(tmp_path / "clone")
    clone.folder.mkdir()
    clone.run("git", "clone", "--quiet", str(project.folder), ".")
    clone.run("git", "config", "user.name", "Test")
    clone.run("git", "config", "user.email", "test@localhost")
    clone.run("dvc", "cache", "dir", "--local", str(project.folder / ".dvc/cache"))
    output = clone.run("dvc", "exp", "run", "--temp", "--name", "apart", "-S", "evaluate.ece_bins=4")
    assert ran(output) == ["evaluate", "plot"]
    assert not (clone.folder / "models/emotion.keras").exists()  # the workspace is as it was
    assert clone.run("git", "status", "--porcelain") == ""
    assert clone.run("dvc", "exp", "list", "--name-only").split() == ["apart"]


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
