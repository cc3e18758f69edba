"""Put the CSV of the faces in place: from Hugging Face, from a file, or rendered. With it, FER+'s votes."""

import argparse
import hashlib
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from emotion.config.paths import own_path
from emotion.config.schema import FetchParams, load_params
from emotion.labels import CLASSES
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.files import whole_file
from emotion.runtime.links import check_links
from emotion.runtime.stage import begin
from emotion.source import hub
from emotion.source.archive import GIB, DamagedFileError
from emotion.source.ferplus import HEADER, get_votes
from emotion.source.layouts import official_csv
from emotion.synthetic.expressions import write_faces


def main() -> None:
    """Write the CSV of `fetch.source` to the path of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", type=Path, required=True, help="where the CSV is put")
    parser.add_argument("--votes", type=Path, required=True, help="where the votes of FER+ are put")
    args = parser.parse_args()
    every = load_params()
    fetch, classes = every["fetch"], every["data"].names
    faces = [own_file(fetch)] if fetch.source == "file" else []
    where = ferplus(fetch)
    stage = begin("fetch", every, *faces, *([where] if isinstance(where, Path) else []))
    check_links(args.csv)
    votes = HEADER if where is None else get_votes(where, fetch.ferplus_sha256)
    match fetch.source:
        case "huggingface":
            from_hub(fetch, args.csv, stage.check_unchanged, classes)
        case "file":
            from_file(fetch, args.csv, stage.check_unchanged, classes)
        case "faces":
            with whole_file(args.csv) as file:
                write_faces(file, fetch.faces.rows, fetch.faces.seed)
                stage.check_unchanged()
            print(f"{args.csv}: {fetch.faces.rows:,} rendered faces")
    with whole_file(args.votes) as file:
        file.write_bytes(votes)
    if where is not None:
        print(f"{args.votes}: the votes of {where}")


def ferplus(fetch: FetchParams) -> str | Path | None:
    """Return the URL or the file that `fetch.ferplus` names; None without."""
    if fetch.ferplus is None or re.match("https?://", fetch.ferplus):
        return fetch.ferplus
    return local(fetch.ferplus)


def local(path: str) -> Path:
    """Return a path of params.yaml; a relative one starts in the folder of the project, `~` is the home.

    An experiment of a queue runs in a folder of its own, where DVC gives that of the project as $DVC_ROOT.
    """
    return Path(os.environ.get("DVC_ROOT", ""), own_path(path))


def from_hub(
    fetch: FetchParams,
    out: Path,
    check: Callable[[], None] = lambda: None,
    classes: tuple[str, ...] = CLASSES,
) -> None:
    """Put the CSV of a Hugging Face dataset in place, if `check` raises no error.

    The library checks the size of a download, not its content, and would serve a bad copy from its cache for
    ever: a copy that proves wrong is downloaded once more.
    """
    download = partial(hub.download_all, fetch.repo, fetch.revision, fetch.file, limit=fetch.max_gib * GIB)
    try:
        put(download(), out, fetch, check, classes)
    except DamagedFileError as error:
        print(f"{error}; downloading it once more")
        put(download(force=True), out, fetch, check, classes)


def from_file(
    fetch: FetchParams,
    out: Path,
    check: Callable[[], None] = lambda: None,
    classes: tuple[str, ...] = CLASSES,
) -> None:
    """Put the CSV of a local file in place, if `check` raises no error."""
    put([own_file(fetch)], out, fetch, check, classes)


def own_file(fetch: FetchParams) -> Path:
    """Return the file or folder that `fetch.path` names.

    Raises:
        UserError: there is none.
    """
    if fetch.path is None:
        raise UserError("fetch.source is file and fetch.path is null: set it to a file or a folder")
    path = local(fetch.path)
    if not path.is_file() and not path.is_dir():
        raise UserError(f"fetch.path '{path.absolute()}' is no file and no folder: set it to one with faces")
    return path


def put(
    sources: list[Path],
    out: Path,
    fetch: FetchParams,
    check: Callable[[], None],
    classes: tuple[str, ...],
) -> None:
    """Write the faces of `sources` to `out` as the CSV that the pipeline reads, if `check` raises no error.

    Raises:
        DamagedFileError: the SHA-256 of the CSV is not `fetch.sha256`; None accepts any.
        UserError: see emotion.source.layouts.official_csv.
    """
    digest = hashlib.sha256()
    with whole_file(out) as path:
        with path.open("wb") as file:
            for chunk in official_csv(sources, fetch.layout, fetch.member, classes, fetch.max_gib * GIB):
                digest.update(chunk)
                file.write(chunk)
        if fetch.sha256 not in (None, digest.hexdigest()):
            raise DamagedFileError(
                f"the CSV of {sources[0]} has SHA-256 {digest.hexdigest()}, and fetch.sha256 is "
                f"{fetch.sha256}: get the right file, or set fetch.sha256 to the first (to null: any content)"
            )
        check()
    verdict = "as pinned" if fetch.sha256 else "not checked: fetch.sha256 is null"
    print(f"{out}: SHA-256 {digest.hexdigest()} ({verdict})")


if __name__ == "__main__":
    with one_line_errors():
        main()
