"""Paths that a user gives, in params.yaml or on a command line."""

from pathlib import Path

from emotion.runtime.errors import UserError


def own_path(text: str) -> Path:
    """Return the path of a text, in which `~` is the home folder and `~name` that of another user.

    Raises:
        UserError: there is no such user.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise UserError(f"'{text}' begins with the name of no user here; ~/ is your own folder") from error
