"""dvc.lock: is what a stage reads what it records?

DVC hashes a file once and takes it, and its copy in the cache, for whole from then on. A copy that was
damaged there, once it is checked out, would give wrong numbers without a word.
"""

import hashlib
import json
from functools import cache
from pathlib import Path

from emotion.runtime.errors import UserError
from emotion.runtime.yaml import read_yaml

LOCK = Path("dvc.lock")


def check_intact(*paths: Path) -> None:
    """Compare files and folders that stages have made with their hashes in dvc.lock.

    A path that is not there is left to its reader, and one that dvc.lock does not know is accepted.

    Raises:
        UserError: one is something else; the message says how to get it back.
    """
    recorded = recorded_hashes()
    for path in paths:
        known = recorded.get(path.as_posix())
        if known and path.exists() and known != dvc_hash(path):
            raise UserError(
                f"{path} is not what dvc.lock records: it was damaged or changed; run: make verify; dvc repro"
            )


def recorded_hashes() -> dict[str, str]:
    """Return the hash of every output in dvc.lock."""
    if not LOCK.is_file():
        return {}
    try:
        stages = read_yaml(LOCK)["stages"].values()
        return {out["path"]: out["md5"] for stage in stages for out in stage.get("outs", [])}
    except (UserError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{LOCK} cannot be read; run: make verify; dvc repro") from error


def dvc_hash(path: Path) -> str:
    """Return the hash that DVC gives to a file, or to a folder: that of the list of its files."""
    if path.is_file():
        return md5(path)
    files = sorted((file.relative_to(path).as_posix(), file) for file in path.rglob("*") if file.is_file())
    listed = json.dumps([{"md5": md5(file), "relpath": name} for name, file in files])
    return f"{hashlib.md5(listed.encode()).hexdigest()}.dir"


def md5(path: Path) -> str:
    """Return the MD5 of a file, which DVC names it by.

    As DVC does, it takes a file whose inode, size and time of change are the same for unchanged: what this
    process has hashed before costs nothing.
    """
    stat = path.stat()
    return _md5(path.absolute(), stat.st_ino, stat.st_size, stat.st_mtime_ns)


@cache
def _md5(path: Path, *stat: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
