"""Is what a stage reads what dvc.lock records?

DVC hashes a file once and takes it, and its copy in the cache, for whole from then on. A copy that was
damaged there, once it is checked out, would give wrong numbers without a word.

    python -m emotion.intact "$(dvc cache dir)"     # remove every damaged file, so that DVC brings it back
"""

import argparse
import hashlib
import json
import shutil
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from emotion.errors import UserError, one_line_errors

LOCK = Path("dvc.lock")


def main() -> None:
    """Remove damaged copies from DVC's cache, and outputs that are not what dvc.lock records."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("cache", type=Path, help="the cache of DVC; `dvc cache dir` prints it")
    copies = sorted((parser.parse_args().cache / "files/md5").glob("??/[!.]*"))  # not what is being written
    outputs = {Path(name): known for name, known in _recorded().items() if Path(name).exists()}
    damaged = [copy for copy in copies if _md5(copy) != copy.parent.name + copy.stem]
    damaged += [path for path, known in outputs.items() if _dvc_hash(path) != known]
    for path in damaged:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        print(f"removed: {path}")
    if damaged:
        raise UserError(
            f"{len(damaged)} damaged files removed; to get them back: dvc pull (from a remote) or dvc repro"
        )
    print(f"{len(outputs)} outputs and {len(copies)} files of the cache are whole")


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
        raise UserError(f"{LOCK} cannot be read; run: rm {LOCK}; dvc repro") from error


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
