"""What Git says of the commit that is checked out and of its experiments, and when to begin none.

An experiment belongs to a commit. What follows is refused before anything is trained, because DVC would lose
it, or run something else, without a word.
"""

from pathlib import Path

from emotion.runtime.errors import UserError
from emotion.runtime.git import git

CODE = ("emotion", "stages")  # folders of what an experiment runs


def head() -> str:
    """Return the hash of the commit that is checked out."""
    return git("rev-parse", "HEAD")


def experiment_file(experiment: str, path: str, commit: str) -> str | None:
    """Return a file that Git has of an experiment of a commit, or None where there is no such experiment.

    Args:
        experiment: its name.
        path: of the file, from the folder of the project, which may be a part of the repository.
        commit: its hash.
    """
    reference = f"refs/exps/{commit[:2]}/{commit[2:]}/{experiment}"
    return git("show", f"{reference}:./{path}") if git("for-each-ref", reference) else None


def refuse_changes() -> None:
    """Refuse to begin an experiment if tracked files differ from the commit.

    DVC would take the differences for a part of the experiment. It also puts them into `git stash` while it
    begins one, where they stay if it is killed.

    Raises:
        UserError: a file differs.
    """
    changes = git("status", "--porcelain", "--untracked-files=no").splitlines()
    if changes:
        others = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
        raise UserError(
            f"there are uncommitted changes ({changes[0].split(maxsplit=1)[1]}{others}), and an experiment "
            "belongs to a commit: keep them (git commit -a) or take them back (git restore . && dvc checkout)"
        )


def refuse_what_dvc_loses() -> None:
    """Refuse to begin an experiment that is to run in a folder of its own if DVC would fail or lose it.

    Raises:
        UserError: tracked files differ from the commit; a module is not tracked, so that the folder would
            lack it; the clone is shallow, in which DVC records nothing of what ran; or DVC cannot handle the
            path of this folder.
    """
    refuse_changes()
    untracked = git("ls-files", "--others", "--exclude-standard", "--", *CODE).splitlines()
    if untracked:
        raise UserError(
            f"Git does not know {', '.join(untracked)}, so that an experiment would run without: "
            f"git add {' '.join(untracked)} and git commit, or move it away"
        )
    if git("rev-parse", "--is-shallow-repository") == "true":
        raise UserError(
            "this clone is shallow, in which DVC runs an experiment and records nothing: complete it first "
            "(git fetch --unshallow)"
        )
    if not str(Path.cwd()).isascii():
        raise UserError(
            f"DVC cannot run an experiment from {Path.cwd()}, whose letters are not all ASCII: move the "
            "project to another path"
        )
