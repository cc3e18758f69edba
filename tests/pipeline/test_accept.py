"""A change of code that computes the same is recorded, without data; any other change is refused."""

from pathlib import Path

from tests.support.project import STAGES, Project

ACCEPT = ("python", "-m", "tools.accept")
MODULE = "emotion/data/protocols.py"  # of preprocess alone


def edit_code(project: Project, path: str, old: str, new: str) -> None:
    file = project.folder / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def run_cache(project: Project) -> set[Path]:
    return set((project.folder / ".dvc/cache/runs").glob("*/*/*"))


def test_comments_in_all_of_the_code_are_accepted_in_a_clone_without_data(
    project: Project, tmp_path: Path
) -> None:
    clone = Project(tmp_path / "clone")
    clone.folder.mkdir()
    clone.run("git", "clone", "--quiet", str(project.folder), ".")
    for module in [*clone.folder.glob("emotion/*/*.py"), *clone.folder.glob("stages/*.py")]:
        module.write_text(module.read_text() + "\n# Reworded\n")
    output = clone.run(*ACCEPT)
    assert "the same code" in output
    assert "rendered faces" not in output  # no stage had to run
    assert output.count(": accepted") == len(STAGES)
    assert "modified" not in clone.run("dvc", "status")  # what is missing is said to be so
    assert clone.run("dvc", "repro", "--allow-missing", "--dry").endswith("are up to date.\n")
    assert run_cache(clone) == set()
    assert clone.run(*ACCEPT).count(": nothing has changed") == len(STAGES)


def test_code_that_has_moved_and_a_command_that_is_worded_otherwise_are_accepted_if_the_bytes_are_the_same(
    project: Project,
) -> None:
    before = run_cache(project)
    (project.folder / MODULE).rename(project.folder / "emotion/data/rules.py")
    edit_code(project, "stages/preprocess.py", "emotion.data.protocols", "emotion.data.rules")
    edit_code(project, "dvc.yaml", "--test data/splits/test\n", "--test ./data/splits/test\n")
    edit_code(
        project, "dvc.yaml", "      - emotion/data\n", "      - emotion/data/rules.py\n      - emotion/data\n"
    )
    output = project.run(*ACCEPT, "preprocess")
    assert "running the code of" in output
    assert "preprocess: accepted" in output
    assert project.repro() == []
    assert run_cache(project) == before


def test_code_that_computes_something_else_is_refused_and_the_lock_stays(project: Project) -> None:
    lock = project.read("dvc.lock")
    edit_code(project, MODULE, "params.stratify, params.seed)", "params.stratify, params.seed + 1)")
    output = project.run(*ACCEPT, "preprocess", status=1)
    assert "error: preprocess computes something else than in " in output
    assert "on rendered faces data/splits/" in output
    assert project.read("dvc.lock") == lock


def test_other_changes_are_refused_and_the_lock_stays(project: Project) -> None:
    lock = project.read("dvc.lock")
    project.set(train__lr=0.5)
    output = project.run(*ACCEPT, "train", status=1)
    assert "error: train: train.lr is 0.5, and dvc.lock has 0.0002: that is no change of code alone" in output

    edit_code(project, MODULE, '"""', '"""Reworded. ')
    labels = project.folder / "data/splits/test/labels.npy"
    labels.unlink()
    output = project.run(*ACCEPT, "preprocess", status=1)
    assert (
        "error: data/splits/test is not what dvc.lock records for preprocess; take it back (dvc checkout"
        in output
    )

    assert "error: dvc.yaml has no stage training" in project.run(*ACCEPT, "training", status=1)
    assert project.read("dvc.lock") == lock


def test_without_the_commit_of_the_recorded_run_the_way_on_is_said(project: Project, tmp_path: Path) -> None:
    edit_code(project, MODULE, '"""', '"""Reworded. ')
    project.run("git", "commit", "--quiet", "--all", "--message", "Reworded")
    clone = Project(tmp_path / "clone")
    clone.folder.mkdir()
    clone.run("git", "clone", "--quiet", "--depth", "1", f"file://{project.folder}", ".")
    output = clone.run(*ACCEPT, "preprocess", status=1)
    assert "no commit here has the code that dvc.lock records for preprocess" in output
    assert "git fetch --unshallow" in output


def test_a_new_parameter_is_accepted_if_the_bytes_are_the_same(project: Project) -> None:
    key = "    class_tolerance: float"
    edit_code(project, "emotion/config/schema.py", key, f"    folds: int\n{key}")
    edit_code(project, "params.yaml", "  class_tolerance:", "  folds: 1\n  class_tolerance:")
    assert "validate: accepted" in project.run(*ACCEPT, "validate")
    assert project.repro() == ["report"]  # which lists the parameters
