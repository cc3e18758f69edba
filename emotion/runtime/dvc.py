"""DVC, as a user has it: its short commands. Experiments are started by experiments/runner.py alone."""

import subprocess

from emotion.runtime.errors import UserError


def dvc(*command: str) -> str:
    """Run a command of DVC in the current folder and return what it prints.

    Raises:
        UserError: it failed, as while another DVC works here; the message is DVC's. Or there is no DVC on
            this machine.
    """
    try:
        done = subprocess.run(["dvc", *command], check=False, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise UserError("dvc is not installed; run: make setup && source .venv/bin/activate") from error
    if done.returncode:
        reason = done.stderr.strip() or f"it ended with status {done.returncode}"
        raise UserError(f"dvc {' '.join(filter(str.isalpha, command[:2]))} failed: {reason}")
    return done.stdout
