"""Errors that a person can act on, and how a command ends when one is raised."""

import errno
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it
FULL = (errno.ENOSPC, errno.EDQUOT)  # no space on the disk, or in the user's quota


class UserError(Exception):
    """A fault that the user can mend; its message is one line: what, where, and what to do."""


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End the process with one line and a non-zero status on a UserError, a full disk or Ctrl-C.

    With exit status 0 after an interruption DVC would record a half-finished stage as a success.
    """
    try:
        yield
    except UserError as error:
        sys.exit(_line(str(error)))
    except OSError as error:
        name = error.filename2 or error.filename  # of a rename the place that the user has named
        where = f"{name}: " if name else ""
        advice = "; free some and run it again" if error.errno in FULL else ""
        sys.exit(_line(f"{where}{error.strerror or error}{advice}"))
    except sqlite3.OperationalError as error:
        sys.exit(_line(f"DVC's own database could not be written ({error}): is the disk full?"))
    except KeyboardInterrupt:
        print(f"interrupted; {_after_interruption()}", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _line(message: str) -> str:
    return f"error: {' '.join(message.split())}"


def _after_interruption() -> str:
    if "DVC_STAGE" not in os.environ:
        return "run it again"
    # DVC removes the outputs of a stage before it runs it, and has no copy of those that Git keeps.
    return (
        "run it again: it goes on after the last finished stage or epoch (or go back to the last results: "
        "git restore metrics plots; dvc checkout)"
    )
