"""Remove every damaged output and cached copy, so that DVC brings it back: `make verify`.

    python -m tools.verify "$(dvc cache dir)"

DVC trusts what it once hashed; this hashes everything anew. It also removes what DVC itself leaves behind
when it is killed while it writes a file of its own. It says how to get back from where a killed `dvc exp run`
leaves Git, and which folder of a team's remote the team cannot write into.
"""

import argparse
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.git import git
from emotion.runtime.lockfile import LOCK, dvc_hash, md5, recorded_hashes
from tools import team_folder

RWLOCK = Path(".dvc/tmp/rwlock")


def main() -> None:
    """Remove damaged copies in DVC's cache, changed outputs, and files of its own that DVC left cut short."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("cache", type=Path, help="the cache of DVC; `dvc cache dir` prints it")
    cache = parser.parse_args().cache
    refuse_beside_dvc()
    for advice in (way_back(), *map(team_folder.advice, team_folder.remote_folders())):
        if advice:
            print(advice)
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


def refuse_beside_dvc() -> None:
    """Refuse to remove anything while a DVC runs here, whose outputs and locks look damaged until it ends.

    Raises:
        UserError: the file of locks names one that runs.
    """
    numbers = re.findall(rb'"pid": *([0-9]{1,9})', RWLOCK.read_bytes()) if RWLOCK.is_file() else []
    for number in sorted(set(map(int, numbers))):
        if _is_dvc(number):
            raise UserError(f"DVC is at work here (process {number}): wait for its end, or kill it first")


def _is_dvc(number: int) -> bool:
    """Say whether a process is a DVC that runs: neither a dead one nor another program with its number."""
    try:
        return "dvc" in {Path(word).name for word in psutil.Process(number).cmdline()}
    except psutil.Error:
        return False


def way_back() -> str:
    """Return how to leave the state of Git in which a killed `dvc exp run` ends; '' elsewhere.

    DVC detaches HEAD from the branch for as long as an experiment runs in this folder, and while it begins,
    uncommitted edits are in `git stash` alone. Killed then, it restores neither. It writes the whole
    hash of the commit into the reflog; a user who detaches HEAD rarely does.
    """
    try:
        moved = git("reflog", "show", "-1", "--format=%gs", "HEAD")
        head, branch = git("rev-parse", "HEAD"), git("branch", "--show-current")
        stash = git("log", "-1", "--walk-reflogs", "--format=%P", "refs/stash", "--") if _has_stash() else ""
    except UserError:
        return ""  # no Git repository, or one without a commit
    found = re.fullmatch(rf"checkout: moving from (\S+) to {head}", moved)
    if branch or not found or not git("for-each-ref", f"refs/heads/{found[1]}"):
        return ""
    back = f"git switch {found[1]}"
    if stash.split()[:1] != [head]:
        return f"HEAD is detached, as a killed `dvc exp run` leaves it; the way back: {back}"
    if git("status", "--porcelain", "--untracked-files=no"):  # DVC's copy of the edits, as a rule
        back += "; git stash; git stash pop stash@{1}"
        kept = "; what differs now stays in `git stash`"
    else:
        back, kept = f"{back}; git stash pop", ""
    return (
        "HEAD is detached, and uncommitted edits are in `git stash`, as a killed `dvc exp run` leaves them"
        f"{kept}; the way back: {back}"
    )


def _has_stash() -> bool:
    return bool(git("for-each-ref", "refs/stash"))


def _cut_short(cache: Path) -> Iterator[Path]:
    """Yield the files and folders that a killed DVC left behind and that stop the next one.

    These are a dvc.lock that was written in part; a file of locks that is empty, or names a process, which
    is no DVC that runs (see `refuse_beside_dvc`); and the empty folder of an entry of the run cache.
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
