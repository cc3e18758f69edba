"""Files that are either whole or not there: written beside their place, flushed, then renamed."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from emotion.runtime.errors import UserError


def partial_path(path: Path) -> Path:
    """Return the name under which `path` is written until it is whole; .gitignore knows it."""
    return path.with_name(f".{path.name}.partial")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it replaces `path`, on failure it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_path(path)
    try:
        yield partial
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(path)
    except OSError as error:
        raise _named(error, path) from error
    finally:
        partial.unlink(missing_ok=True)


def scratch(folder: Path) -> IO[bytes]:
    """Return a file without a name in a folder: its room is free again when nothing reads it any more.

    It is not in the system's folder for temporary files, which in many systems lies in memory; unless nothing
    can be written to the other.
    """
    try:
        return TemporaryFile(dir=folder)
    except OSError:
        return TemporaryFile()


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; on success it replaces `path`, on failure it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial, old = partial_path(path), partial_path(path.with_name(f"{path.name}.old"))
    for left in (partial, old):
        shutil.rmtree(left, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        for file in partial.rglob("*"):
            if file.is_file():
                with file.open("rb") as written:
                    os.fsync(written.fileno())
        if path.exists():
            path.replace(old)  # not removed in its place: a kill would leave half of it there
        partial.replace(path)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        if old.exists() and not path.exists():
            old.replace(path)
        raise _named(error, path) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _named(error: OSError, path: Path) -> Exception:
    """Return an error that names the file: a write that fails does not, and numpy's not even the reason."""
    if error.errno is None:
        return UserError(f"{path} could not be written ({error}): is the disk full?")
    error.filename = error.filename or str(path)
    return error


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write `content` as indented JSON in the order of its keys; NaN and infinity raise ValueError."""
    with whole_file(path) as partial:
        partial.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
