"""Put the CSV of the faces in place: from Hugging Face, from a file, or rendered."""

import argparse
import hashlib
from pathlib import Path

from emotion.config.schema import FetchParams, load_params
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.files import whole_file
from emotion.runtime.links import check_links
from emotion.runtime.locks import hold
from emotion.source import hub
from emotion.source.archive import DamagedFileError, csv_chunks
from emotion.synthetic.expressions import write_faces


def main() -> None:
    """Write the CSV of `fetch.source` to the path of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", type=Path, required=True, help="where the CSV is put")
    out = parser.parse_args().csv
    fetch = load_params()["fetch"]
    hold("fetch")
    check_links(out)
    match fetch.source:
        case "huggingface":
            from_hub(fetch, out)
        case "file":
            from_file(fetch, out)
        case "faces":
            with whole_file(out) as partial:
                write_faces(partial, fetch.faces.rows, fetch.faces.seed)
            print(f"{out}: {fetch.faces.rows:,} rendered faces")


def from_hub(fetch: FetchParams, out: Path) -> None:
    """Put the CSV of a Hugging Face dataset in place.

    The library checks the size of a download, not its content, and would serve a bad copy from its cache for
    ever: a copy that proves wrong is downloaded once more.
    """
    try:
        put(hub.download(fetch.repo, fetch.revision, fetch.file), out, fetch.sha256)
    except DamagedFileError as error:
        print(f"{error}; downloading it once more")
        put(hub.download(fetch.repo, fetch.revision, fetch.file, force=True), out, fetch.sha256)


def from_file(fetch: FetchParams, out: Path) -> None:
    """Put the CSV of a local file in place."""
    if fetch.path is None:
        raise UserError("fetch.source is file and fetch.path is null: set it to a CSV or a zip")
    if not Path(fetch.path).is_file():
        raise UserError(f"fetch.path '{Path(fetch.path).absolute()}' is no file: set it to a CSV or a zip")
    put(Path(fetch.path), out, fetch.sha256)


def put(source: Path, out: Path, sha256: str | None) -> None:
    """Write the CSV in `source`, itself or a zip, to `out`.

    Raises:
        DamagedFileError: the SHA-256 of the CSV is not `sha256`; None accepts any.
        UserError: see emotion.source.archive.csv_chunks.
    """
    digest = hashlib.sha256()
    with whole_file(out) as partial:
        with partial.open("wb") as file:
            for chunk in csv_chunks(source):
                digest.update(chunk)
                file.write(chunk)
        if sha256 not in (None, digest.hexdigest()):
            raise DamagedFileError(
                f"the CSV of {source} has SHA-256 {digest.hexdigest()}, and fetch.sha256 is {sha256}: "
                "get the right file, or set fetch.sha256 to the first (to null: any content)"
            )
    verdict = "as pinned" if sha256 else "not checked: fetch.sha256 is null"
    print(f"{out}: SHA-256 {digest.hexdigest()} ({verdict})")


if __name__ == "__main__":
    with one_line_errors():
        main()
