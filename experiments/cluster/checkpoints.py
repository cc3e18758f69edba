"""The checkpoints in a place that all nodes reach: an experiment goes on where another node was lost.

The place is a folder or an address such as `s3://bucket/checkpoints`. What it needs beyond the address, as an
endpoint, is that of a DVC remote if it is written as `remote://team/checkpoints`.
"""

from pathlib import Path
from typing import Any

LOCAL = Path(".checkpoints")


class Checkpoints:
    """The checkpoints of one experiment, on this node and in the shared place if there is one."""

    def __init__(self, place: str | None, commit: str, experiment: str) -> None:
        """Know where they are.

        Args:
            place: folder or address; None keeps them on this node alone.
            commit: of the experiment.
            experiment: its name.
        """
        self._place: tuple[Any, str] | None = None
        self._sent: dict[Path, int] = {}  # time of each file's last change, in nanoseconds
        if place:
            from dvc.fs import get_cloud_fs
            from dvc.repo import Repo

            with Repo() as repo:
                kind, config, path = get_cloud_fs(repo.config, url=place)
            files = kind(**config)
            self._place = files, files.join(path, commit, experiment)

    def get(self) -> None:
        """Copy those of the shared place here, and leave what is newer here."""
        if not self._place:
            return
        files, shared = self._place
        for path in files.find(shared) if files.exists(shared) else []:
            local = LOCAL / files.relpath(path, shared)
            if local.suffix == ".npz" and not local.exists():
                local.parent.mkdir(parents=True, exist_ok=True)
                files.get_file(path, str(local))

    def put(self) -> None:
        """Copy those that have changed since the last time to the shared place, each whole or not at all."""
        if not self._place:
            return
        files, shared = self._place
        for local in LOCAL.glob("*/*.npz"):
            changed = local.stat().st_mtime_ns
            if self._sent.get(local) != changed:
                folder = files.join(shared, local.parent.name)
                files.makedirs(folder, exist_ok=True)
                files.put_file(str(local), files.join(folder, f"{local.name}.part"))
                files.move(files.join(folder, f"{local.name}.part"), files.join(folder, local.name))
                self._sent[local] = changed

    def remove(self) -> None:
        """Remove them: the experiment is complete."""
        for local in LOCAL.glob("*/*.npz"):
            local.unlink()
        if self._place and self._place[0].exists(self._place[1]):
            self._place[0].remove(self._place[1], recursive=True)
