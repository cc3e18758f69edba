"""Remove every damaged output and cached copy, so that DVC brings it back: `make verify`.

    python -m tools.verify "$(dvc cache dir)"

DVC trusts what it once hashed; this hashes everything anew. It also removes what DVC itself leaves behind
when it is killed while it writes a file of its own.
"""

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.lockfile import LOCK, dvc_hash, md5, recorded_hashes

RWLOCK = Path(".dvc/tmp/rwlock")


def main() -> None:
    """Remove damaged copies in DVC's cache, changed outputs, and files of its own that DVC left cut short."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("cache", type=Path, help="the cache of DVC; `dvc cache dir` prints it")
    cache = parser.parse_args().cache
    cut = list(_cut_short(cache))
    _remove(cut)  # first, because dvc.lock may be among them
    copies = sorted((cache / "files/md5").glob("??/[!.]*"))  # not what is being written
    outputs = {Path(name): known for name, known in recorded_hashes().items() if Path(name).exists()}
    damaged = [copy for copy in copies if md5(copy) != copy.parent.name + copy.stem]
    damaged += [path for path, known in outputs.items() if dvc_hash(path) != known]
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
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
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


if __name__ == "__main__":
    with one_line_errors():
        main()
