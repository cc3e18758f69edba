"""Errors that a person can act on, and how a stage ends when one is raised."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130


class UserError(Exception):
    """A fault that the user can mend; its message is one line: what, where, and what to do."""


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End the process with one line and a non-zero status on a UserError, a full disk or Ctrl-C.

    Exit status 0 after an interruption would make DVC take a half-finished stage for a success.
    """
    try:
        yield
    except UserError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        sys.exit(f"error: {where}{error.strerror or error}")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
