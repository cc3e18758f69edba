"""What Git has recorded of the experiments of the commit that is checked out."""

import json
import subprocess
from typing import Any

from emotion.errors import UserError


def head() -> str:
    """Return the hash of the commit that is checked out."""
    return git("rev-parse", "HEAD")


def refuse_changes(what: str, *but: str) -> None:
    """Refuse to begin something that belongs to a commit when tracked files differ from it.

    Args:
        what: that something, as the message names it.
        but: paths that may differ.

    Raises:
        UserError: a file differs.
    """
    if git("status", "--porcelain", "--untracked-files=no", "--", ".", *(f":!{path}" for path in but)):
        raise UserError(f"there are uncommitted changes, and {what} belongs to a commit: git commit first")


def recorded(experiment: str, metrics: str, commit: str) -> dict[str, Any] | None:
    """Return a metrics file of an experiment of a commit, or None where there is no such experiment."""
    try:
        reference = f"refs/exps/{commit[:2]}/{commit[2:]}/{experiment}"
        found: dict[str, Any] = json.loads(git("show", f"{reference}:{metrics}"))
        return found
    except subprocess.CalledProcessError:
        return None


def git(*command: str) -> str:
    """Run a Git command and return what it prints."""
    return subprocess.run(["git", *command], check=True, capture_output=True, text=True).stdout.strip()
