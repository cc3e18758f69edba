"""Git, as a user has it."""

import subprocess

from emotion.runtime.errors import UserError


def git(*command: str) -> str:
    """Run a Git command in the current folder and return what it prints, without the last line break.

    Raises:
        UserError: it failed, perhaps because this is no Git repository; the message is Git's. Or there is no
            Git on this machine.
    """
    try:
        done = subprocess.run(["git", *command], check=False, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise UserError("git is not installed") from error
    if done.returncode:
        reason = done.stderr.strip() or f"ended with status {done.returncode}"
        raise UserError(f"git {command[0]}: {reason.splitlines()[-1]}")
    return done.stdout.strip()
