"""Experiments that DVC would lose, or run as something else, are refused before anything is trained."""

from pathlib import Path

import pytest

from emotion.runtime.errors import UserError
from emotion.runtime.git import git
from experiments.commits import experiment_file, head, refuse_changes, refuse_what_dvc_loses


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a subfolder of a repository of two commits; the test runs in it."""
    project = tmp_path / "larger/project"
    (project / "emotion").mkdir(parents=True)
    (project / "emotion/model.py").write_text("")
    (project / "params.yaml").write_text("a: 1\n")
    (tmp_path / "larger/other.txt").write_text("")
    monkeypatch.chdir(project)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "test@localhost")
    git("init", "--quiet", "--initial-branch=main", "..")
    git("add", "..")
    git("commit", "--quiet", "--message", "First")
    git("commit", "--quiet", "--allow-empty", "--message", "Second")
    return project


def test_a_clean_commit_is_accepted_with_files_that_are_no_code_beside_it(repository: Path) -> None:
    (repository / "notes.txt").touch()
    refuse_what_dvc_loses()


def test_a_file_of_an_experiment_is_found_from_the_folder_of_the_project(repository: Path) -> None:
    commit = head()
    (repository / "params.yaml").write_text("a: 2\n")
    stash = git("stash", "create")
    git("update-ref", f"refs/exps/{commit[:2]}/{commit[2:]}/named", stash)
    assert experiment_file("named", "params.yaml", commit) == "a: 2"
    assert experiment_file("another", "params.yaml", commit) is None


@pytest.mark.parametrize("path", ["params.yaml", "../other.txt"])
def test_changes_are_refused_wherever_in_the_repository_they_are(repository: Path, path: str) -> None:
    (repository / path).write_text("changed")
    with pytest.raises(UserError, match=r"uncommitted changes \(.*(params\.yaml|other\.txt)\)") as refused:
        refuse_changes()
    assert "take them back (git restore . && dvc checkout)" in str(refused.value)


def test_further_changes_are_counted(repository: Path) -> None:
    for path in ("params.yaml", "emotion/model.py", "../other.txt"):
        (repository / path).write_text("changed = 1\n")
    with pytest.raises(UserError, match=r"\(\S+ and 2 more\)"):
        refuse_changes()


def test_a_module_that_git_does_not_know_is_named(repository: Path) -> None:
    (repository / "emotion/new.py").touch()
    with pytest.raises(UserError, match=r"^Git does not know emotion/new\.py, .* git add emotion/new\.py"):
        refuse_what_dvc_loses()


def test_a_shallow_clone_is_refused_with_the_way_to_complete_it(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clone"
    git("clone", "--quiet", "--depth=1", f"file://{repository.parent}", str(clone))
    monkeypatch.chdir(clone / "project")
    with pytest.raises(UserError, match=r"this clone is shallow.*git fetch --unshallow"):
        refuse_what_dvc_loses()
    git("fetch", "--quiet", "--unshallow")
    refuse_what_dvc_loses()


def test_a_path_that_dvc_cannot_handle_is_named(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.parent.rename(tmp_path / "größer")
    monkeypatch.chdir(tmp_path / "größer/project")
    with pytest.raises(UserError, match="größer/project, whose letters are not all ASCII"):
        refuse_what_dvc_loses()


def test_what_git_says_of_a_folder_that_is_no_repository_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UserError, match=r"^git rev-parse: "):
        head()


def test_a_machine_without_git_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match=r"^git is not installed$"):
        head()
