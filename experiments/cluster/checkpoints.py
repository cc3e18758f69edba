"""The checkpoints in a place that all nodes reach: an experiment goes on where another node was lost.

The place is a folder or an address such as `s3://bucket/checkpoints`. What it needs beyond the address, as an
endpoint, is that of a DVC remote if it is written as `remote://team/checkpoints`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emotion.runtime.errors import UserError

LOCAL = Path(".checkpoints")


class Checkpoints:
    """The checkpoints of one experiment, on this node and in the shared place if there is one."""

    def __init__(
        self, place: str | None, commit: str, experiment: str, warn: Callable[[str], object]
    ) -> None:
        """Know where they are.

        Args:
            place: folder or address; None keeps them on this node alone.
            commit: of the experiment.
            experiment: its name.
            warn: is told of a place that does not answer, without which the experiment goes on: the place
                saves time, and decides no result.

        Raises:
            UserError: the place is none, or its kind is not installed.
        """
        self._warn = warn
        self._place: tuple[Any, str] | None = None
        self._sent: dict[Path, int] = {}  # time of each file's last change, in nanoseconds
        if place:
            from dvc.exceptions import DvcException
            from dvc.fs import get_cloud_fs
            from dvc.repo import Repo

            try:
                with Repo() as repo:
                    kind, config, path = get_cloud_fs(repo.config, url=place)
                files = kind(**config)
            except DvcException as error:
                raise UserError(f"no checkpoints can be in {place}: {error}") from error
            self._place = files, files.join(path, commit, experiment)

    def get(self) -> None:
        """Copy those of the shared place here, beside one that is here: the training takes the longer one."""
        if not self._place:
            return
        files, shared = self._place
        with self._going_on("be read"):
            for path in files.find(shared) if files.exists(shared) else []:
                local = LOCAL / files.relpath(path, shared)
                if local.suffix != ".npz":  # a part of one
                    continue
                if local.exists():
                    local = local.with_name(f"shared-{local.name}")
                local.parent.mkdir(parents=True, exist_ok=True)
                files.get_file(path, str(local))
                self._sent[local] = local.stat().st_mtime_ns

    def put(self) -> None:
        """Copy those that have changed since the last time to the shared place, each whole or not at all."""
        if not self._place:
            return
        files, shared = self._place
        with self._going_on("be written"):
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
        if self._place:
            files, shared = self._place
            with self._going_on("be removed"):
                if files.exists(shared):
                    files.remove(shared, recursive=True)

    @contextmanager
    def _going_on(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # each file system has errors of its own
            self._warn(f"its checkpoints in the shared place could not {what}: {error!r}")
