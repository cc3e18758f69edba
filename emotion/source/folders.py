"""Folders of the user's own."""

import os
from collections.abc import Iterator
from pathlib import Path

from emotion.runtime.errors import UserError
from emotion.source.archive import CHUNK, of_macos

MOST_FILES = 1_000_000


class Folder:
    """A folder as an emotion.source.archive.Container; its files are sorted by name."""

    kind = "folder"

    def __init__(self, path: Path) -> None:
        """List the files of a folder and of the folders in it.

        Raises:
            UserError: a folder in it is a symbolic link: DVC, which watches own data, would not see its
                content; or there are more than MOST_FILES, or one cannot be listed.
        """
        self._path = path
        self.names: list[str] = []
        self.links: list[str] = []  # to files they are followed, to folders refused
        for folder, folders, files in os.walk(path, onerror=_refuse):
            here = Path(folder).relative_to(path)
            for name in folders:
                if (link := Path(folder, name)).is_symlink():
                    raise UserError(f"{link} is a symbolic link to a folder: put the folder in its place")
            self.names += [(here / name).as_posix() for name in files if not of_macos(name)]
            if len(self.names) > MOST_FILES:
                raise UserError(f"{path} has more than {MOST_FILES:,} files: give a folder of faces alone")
        self.names.sort()

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file."""
        with (self._path / name).open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk


def _refuse(error: OSError) -> None:
    raise UserError(f"{error.filename} cannot be listed: {error.strerror}") from error
