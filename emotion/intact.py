"""Is what a stage reads what dvc.lock records?

DVC hashes a file once and takes it, and its copy in the cache, for whole from then on. A copy that was
damaged there, once it is checked out, would give wrong numbers without a word.

    python -m emotion.intact "$(dvc cache dir)"     # remove every damaged file, so that DVC brings it back

It also removes what DVC itself leaves behind when it is killed while it writes a file of its own.
"""

import argparse
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from emotion.errors import UserError, one_line_errors

LOCK, RWLOCK = Path("dvc.lock"), Path(".dvc/tmp/rwlock")


def main() -> None:
    """Remove damaged copies in DVC's cache, changed outputs, and files of its own that DVC left cut short."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("cache", type=Path, help="the cache of DVC; `dvc cache dir` prints it")
    cache = parser.parse_args().cache
    cut = list(_cut_short(cache))
    _remove(cut)  # first, because dvc.lock may be among them
    copies = sorted((cache / "files/md5").glob("??/[!.]*"))  # not what is being written
    outputs = {Path(name): known for name, known in _recorded().items() if Path(name).exists()}
    damaged = [copy for copy in copies if _md5(copy) != copy.parent.name + copy.stem]
    damaged += [path for path, known in outputs.items() if _dvc_hash(path) != known]
    _remove(damaged)
    if removed := len(cut) + len(damaged):
        raise UserError(
            f"{removed} damaged files removed; to get them back: dvc pull (from a remote) or dvc repro"
        )
    print(f"{len(outputs)} outputs and {len(copies)} files of the cache are whole")


def _cut_short(cache: Path) -> Iterator[Path]:
    """Yield the files and folders of DVC's own with which a killed DVC stops its successor.

    They are dvc.lock written in part; what is locked, by a process that is gone, or a file of locks that is
    empty; and the folder of an entry of the run cache that was to come.
    """
    if LOCK.is_file() and not _is_lockfile(LOCK):
        yield LOCK
    if RWLOCK.is_file() and RWLOCK.read_bytes() not in (b"{}", b'{"read": {}}', b'{"write": {}}'):
        yield RWLOCK
    for folder in sorted((cache / "runs").glob("*/*")):
        if not any(folder.iterdir()):
            yield folder


def _is_lockfile(path: Path) -> bool:
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA  # here, because no stage needs them
    from voluptuous import Invalid

    try:
        COMPILED_LOCKFILE_SCHEMA(YAML(typ="safe", pure=True).load(path))
    except (ValueError, YAMLError, Invalid):
        return False
    return True


def _remove(paths: list[Path]) -> None:
    for path in paths:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        print(f"removed: {path}")


def check_intact(*paths: Path) -> None:
    """Compare files and folders that stages have made with their hashes in dvc.lock.

    A path that is not there is left to its reader, and one that dvc.lock does not know is accepted.

    Raises:
        UserError: one is something else; the message says how to get it back.
    """
    recorded = _recorded()
    for path in paths:
        known = recorded.get(path.as_posix())
        if known and path.exists() and known != _dvc_hash(path):
            raise UserError(
                f"{path} is not what dvc.lock records: it was damaged or changed; run: make verify; dvc repro"
            )


def _recorded() -> dict[str, str]:
    """Return the hash of every output in dvc.lock."""
    if not LOCK.is_file():
        return {}
    try:
        stages = YAML(typ="safe", pure=True).load(LOCK)["stages"].values()
        return {out["path"]: out["md5"] for stage in stages for out in stage.get("outs", [])}
    except (OSError, ValueError, YAMLError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{LOCK} cannot be read; run: make verify; dvc repro") from error


def _dvc_hash(path: Path) -> str:
    """Return the hash that DVC gives to a file, or to a folder: that of the list of its files."""
    if path.is_file():
        return _md5(path)
    files = sorted((file.relative_to(path).as_posix(), file) for file in path.rglob("*") if file.is_file())
    listed = json.dumps([{"md5": _md5(file), "relpath": name} for name, file in files])
    return f"{hashlib.md5(listed.encode()).hexdigest()}.dir"


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


if __name__ == "__main__":
    with one_line_errors():
        main()
