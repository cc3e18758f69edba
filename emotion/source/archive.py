"""What every archive, folder and compressed file of faces has in common: its limits, and what it may hold."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Protocol

from emotion.runtime.errors import UserError

GIB = 1 << 30
LIMIT = 4 * GIB  # bytes of what is read where no other limit is given: a dozen times the official CSV
CHUNK = 1 << 20  # bytes held in memory at a time

# How many times as large as its archive the content may be, lest a small file fill the disk: faces are 3
# times, line drawings 60.
MOST_EXPANSION = 100
LONGEST_REASON = 200  # characters of it that are shown: archives quote names of up to 65,535 bytes
MOST_NAMES = 10  # of the files in an archive, in a message


class DamagedFileError(UserError):
    """The bytes are not the ones that were meant; a fresh copy of the file may be whole."""


class Container(Protocol):
    """An archive or a folder: the names of its files, and the bytes of each.

    Only bytes leave an archive: its paths, links and permissions are not used, and paths that lead out of a
    folder are refused all the same. What is no regular file, and what macOS adds, is not among the names.

    Attributes:
        kind: what it is, in words.
        names: of its files, with slashes between folders.
        links: the names of its symbolic links, where they are not followed.
    """

    kind: str
    names: list[str]
    links: list[str]

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file, CHUNK at a time.

        Raises:
            DamagedFileError: the archive is broken.
            UserError: the file is larger than the limits, encrypted or compressed in an unusual way.
        """


def only_csv(container: Container, path: Path, member: str | None) -> str:
    """Return the name of the CSV in a container: the only one, or the one that is asked for.

    Raises:
        UserError: there is none, or several and none is asked for, or not the one that is asked for.
    """
    csvs = [name for name in container.names if PurePosixPath(name).suffix.lower() == ".csv"]
    here = f"{path} is a {container.kind}"
    if member is not None:
        if container.names.count(member) != 1:
            holds = f"it holds {shown_names(container.names)}" if container.names else "it is empty"
            raise UserError(f"{here} without one file '{member}' ({holds}): correct fetch.member")
        return member
    if len(csvs) > 1:
        raise UserError(
            f"{here} with {len(csvs)} CSV files ({shown_names(csvs)}): "
            "give the one with the faces alone, or set fetch.member to it"
        )
    if not csvs:
        holds = f"it holds {shown_names(container.names)}" if container.names else "it is empty"
        raise UserError(f"{here} without a CSV ({holds}): give a CSV, or a {container.kind} with exactly one")
    return csvs[0]


def shown_names(every: list[str]) -> str:
    """Return the names of files as far as a message can show them."""
    names = ", ".join(repr(name)[1:-1] for name in every[:MOST_NAMES])
    shown = names if len(names) <= LONGEST_REASON else f"{names[:LONGEST_REASON]}…"
    return shown if len(every) <= MOST_NAMES else f"{shown} and {len(every) - MOST_NAMES:,} more"


def refuse_strange_name(name: str, path: Path) -> None:
    """Refuse an archive with a file whose path leads elsewhere, or hides its end.

    Raises:
        UserError: this is such a name.
    """
    parts = PureWindowsPath(name)  # which knows the separators of Unix, too
    if parts.anchor or ".." in parts.parts or "\0" in name:
        raise UserError(
            f"{path} has a file named {name[:LONGEST_REASON]!r}, which leads out of the "
            "folder or hides its end: if you trust it, unpack it and give what is in it"
        )


def of_macos(name: str) -> bool:
    """Say whether a file is one of those that macOS adds to every archive."""
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name.startswith("._")


def too_large(name: Path | str, limit: int) -> UserError:
    """Return the error for content of more bytes than the limit."""
    return UserError(
        f"the content of {name} is larger than {limit:,} bytes: "
        "to train on so many faces, raise fetch.max_gib"
    )


def expands_too_much(path: Path, kind: str) -> UserError:
    """Return the error for content that is larger than MOST_EXPANSION allows."""
    return UserError(
        f"the content of {path} is more than {MOST_EXPANSION} times as large as the {kind}, as no faces are: "
        "if you trust it, unpack it and give what is in it"
    )


def broken(path: Path, kind: str, error: Exception) -> DamagedFileError:
    """Return the error for an archive that its library cannot read."""
    return DamagedFileError(
        f"{path} is a broken {kind} ({shown(str(error)) or 'it ends too early'}): get it again"
    )


def shown(text: str) -> str:
    """Return the start of a text as it can stand in a message of one line."""
    signs = " ".join(text[:LONGEST_REASON].split())
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in signs)
