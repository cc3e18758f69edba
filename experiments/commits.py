"""What Git has recorded of the experiments of the commit that is checked out.

    python -m experiments.commits "a sweep"

refuses to let a sweep begin, which belongs to a commit, if tracked files differ from that commit.
"""

import argparse
import json
import subprocess
from typing import Any

from emotion.runtime.errors import UserError, one_line_errors


def main() -> None:
    """Fail if tracked files differ from the commit."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("what", help="what is to begin, as the message names it")
    refuse_changes(parser.parse_args().what)


def head() -> str:
    """Return the hash of the commit that is checked out."""
    return git("rev-parse", "HEAD")


def refuse_changes(what: str, *but: str) -> None:
    """Refuse to begin what belongs to a commit if tracked files differ from that commit.

    Args:
        what: that something, as the message names it.
        but: paths that may differ.

    Raises:
        UserError: a file differs.
    """
    if git("status", "--porcelain", "--untracked-files=no", "--", ".", *(f":!{path}" for path in but)):
        raise UserError(
            f"there are uncommitted changes, and {what} belongs to a commit: keep them (git commit -a) or "
            "take them back (git restore .; dvc repro)"
        )


def recorded(experiment: str, metrics: str, commit: str) -> dict[str, Any] | None:
    """Return a metrics file of an experiment of a commit, or None where there is no such experiment."""
    reference = f"refs/exps/{commit[:2]}/{commit[2:]}/{experiment}"
    if not git("for-each-ref", reference):
        return None
    found: dict[str, Any] = json.loads(git("show", f"{reference}:{metrics}"))
    return found


def git(*command: str) -> str:
    """Run a Git command and return what it prints.

    Raises:
        UserError: it failed, perhaps because this is no Git repository; the message is Git's.
    """
    done = subprocess.run(["git", *command], check=False, capture_output=True, text=True)
    if done.returncode:
        reason = done.stderr.strip() or f"ended with status {done.returncode}"
        raise UserError(f"git {command[0]}: {reason.splitlines()[-1]}")
    return done.stdout.strip()


if __name__ == "__main__":
    with one_line_errors():
        main()
