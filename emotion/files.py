"""Files that are either whole or not there: written beside their place, flushed, then renamed.

Locks see to it that one process at a time makes them.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emotion.errors import UserError

LOCKS = Path(".locks")  # in the folder of the project: one lock a stage


def hold(name: str, folder: Path = LOCKS) -> None:
    """Let one process at a time hold `name`, until it ends; wait for the one that does.

    A stage outlives a DVC that is killed alone; DVC would then start the same stage beside it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Never closed: the system frees the lock when the process ends, however it ends.
    lock = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        holder = os.pread(lock, 20, 0).decode()
        print(f"waiting for process {holder}, which is doing the same; to end it: kill {holder}", flush=True)
        fcntl.lockf(lock, fcntl.LOCK_EX)
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)


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
