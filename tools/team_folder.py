"""A DVC remote that is a folder of a team: can everybody in its group write there?"""

import stat
from pathlib import Path

TEAM = stat.S_IWGRP | stat.S_ISGID  # the group may write, and new folders belong to it, too


def remote_folders() -> list[Path]:
    """Return the remotes of this project that are folders and there; none outside of a project of DVC."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            urls = [remote["url"] for remote in repo.config["remote"].values()]
    except DvcException:
        return []
    return [Path(url) for url in urls if "://" not in url and Path(url).is_dir()]


def advice(remote: Path) -> str:
    """Return how to let the group write into all of a remote; '' if it can, or only its owner may.

    Under a umask of 022 DVC creates subfolders that only their owner can write into, and the push of the next
    user fails.
    """
    if not remote.stat().st_mode & stat.S_IWGRP:
        return ""
    store = remote / "files/md5"
    folders = [
        remote,
        *(folder for folder in (store.parent, store, *sorted(store.glob("??"))) if folder.is_dir()),
    ]
    closed = [folder for folder in folders if folder.stat().st_mode & TEAM != TEAM]
    if not closed:
        return ""
    return (
        f"{remote} is a group's, but not all of it, as {closed[0]} shows: their owners run "
        f"`find {remote} -type d -user $USER -exec chmod g+ws {{}} +`, and push under `umask 002`"
    )
