"""A file of a dataset on the Hugging Face Hub; whatever goes wrong is one line."""

import logging
import warnings
from fnmatch import fnmatchcase
from pathlib import Path

from huggingface_hub import (
    HfApi,
    constants,
    get_hf_file_metadata,
    get_token,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (
    FileMetadataError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils.tqdm import tqdm

from emotion.runtime.errors import FULL, UserError
from emotion.source.archive import LIMIT, too_large

HUB = constants.ENDPOINT.rpartition("@")[2]  # a private mirror may carry a password before the @
ELSEWHERE = "or get the file otherwise and set fetch.source to file"
MOST_FILES = 100  # that a pattern may match
# Final answers of the hub: a copy in the cache must not stand in for them.
FINAL = (HFValidationError, RevisionNotFoundError, RemoteEntryNotFoundError)


class Progress(tqdm):
    """The library's progress bar, drawn on a terminal only, which also gives up a download without an end.

    Given up are a server that breaks off and cannot resume, which shows in the library taking the lost bytes
    off the bar, and one that sends more bytes than the limit.
    """

    limit, received = LIMIT, 0.0

    def update(self, n: float | None = 1) -> bool | None:
        """Add `n` bytes to the bar, or give up where bytes were lost or there are too many."""
        self.received += n or 0
        if n is not None and n < 0:
            raise ConnectionError("the server broke off and cannot resume")
        if self.received > self.limit:
            raise ConnectionError(f"more than the {self.limit:,} bytes of fetch.max_gib came")
        return super().update(n)


def progress(limit: int) -> type[Progress]:
    """Return the bar of a download that may have so many bytes: the library takes a class and makes it."""
    return type("LimitedProgress", (Progress,), {"limit": limit})


def download_all(
    repo: str, revision: str, pattern: str, *, limit: int = LIMIT, force: bool = False
) -> list[Path]:
    """Return the paths of the files of a dataset that match a pattern, such as data/*.parquet.

    Args:
        repo: name of the dataset, owner/name.
        revision: branch, tag or commit.
        pattern: path inside the dataset; * stands for anything.
        limit: see `download`.
        force: see `download`.

    Raises:
        UserError: there is no such file, or more than MOST_FILES; or see `download`.
    """
    files = [pattern]
    if "*" in pattern:
        check_token()
        try:
            every = HfApi().list_repo_files(repo, repo_type="dataset", revision=revision)
        except Exception as error:  # as in `download`
            raise UserError(_explain(error, repo, revision, pattern)) from error
        files = sorted(file for file in every if fnmatchcase(file, pattern))
        if not 0 < len(files) <= MOST_FILES:
            raise UserError(
                f"dataset '{repo}' on {HUB} has {len(files)} files '{pattern}' at revision '{revision}': "
                "correct fetch.file"
            )
    return [download(repo, revision, file, limit=limit, force=force) for file in files]


def download(repo: str, revision: str, file: str, *, limit: int = LIMIT, force: bool = False) -> Path:
    """Return the path of `file` in the Hugging Face cache, downloaded if it is not there yet.

    HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE and HF_HOME are honoured. A hub that does not answer is no error
    where the cache holds the file.

    Args:
        repo: name of the dataset, owner/name.
        revision: branch, tag or commit.
        file: path inside the dataset.
        limit: bytes that it may have.
        force: download even what is in the cache, because its content is wrong.

    Raises:
        UserError: the file cannot be had; the message says why and what to do, and never holds the token.
    """
    check_token()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # its warnings would surround the one line
    with warnings.catch_warnings(action="ignore"):
        try:
            # One request, without the retries of hf_hub_download, which go on for up to six minutes.
            url = hf_hub_url(repo, file, repo_type="dataset", revision=revision)
            size = get_hf_file_metadata(url).size or 0
        except Exception as error:  # the library's, httpx's and the system's have no common base
            cached = None
            if not (force or isinstance(error, FINAL)):
                cached = try_to_load_from_cache(repo, file, repo_type="dataset", revision=revision)
            if not isinstance(cached, str):
                raise UserError(_explain(error, repo, revision, file)) from error
            print(f"{HUB} is out of reach ({reason(error)}): using the copy in the Hugging Face cache")
            return Path(cached)
        if size > limit:
            raise too_large(f"'{file}' of dataset '{repo}' on {HUB}", limit)
        try:
            return Path(
                hf_hub_download(
                    repo,
                    file,
                    repo_type="dataset",
                    revision=revision,
                    force_download=force,
                    tqdm_class=progress(limit),
                )
            )
        except Exception as error:  # as above, and Xet's
            raise UserError(_explain(error, repo, revision, file)) from error


def check_token() -> None:
    """Refuse a token that no header can carry: the HTTP client would quote the header, with the token in it.

    Raises:
        UserError: it is one.
    """
    token = get_token()
    if token and not (token.isascii() and token.isprintable()):
        raise UserError("HF_TOKEN (or the stored token) holds a character that no token has: set it again")


def _explain(error: Exception, repo: str, revision: str, file: str) -> str:
    if isinstance(error, LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # the real reason
    dataset = f"dataset '{repo}' on {HUB}"
    match error:
        case HFValidationError():
            return f"fetch.repo '{repo}' cannot be the name of a dataset: write owner/name"
        case GatedRepoError():
            return f"{dataset} is gated: accept its terms on its page and set HF_TOKEN to your token"
        case RepositoryNotFoundError():
            return f"{dataset} does not exist or is private: check fetch.repo, or set HF_TOKEN"
        case RevisionNotFoundError():
            return f"{dataset} has no revision '{revision}': check fetch.revision"
        case RemoteEntryNotFoundError():
            return f"{dataset} has no file '{file}' at revision '{revision}': check fetch.file"
        case FileMetadataError():
            return f"{HUB} does not answer as a Hugging Face hub does: check HF_ENDPOINT and the proxy"
        case OfflineModeIsEnabled():
            return (
                f"HF_HUB_OFFLINE is set and '{file}' of {dataset} is not in the cache: unset it, {ELSEWHERE}"
            )
        case HfHubHTTPError() if error.response.status_code in (401, 403):
            return f"access to {dataset} is refused ({reason(error)}): check HF_TOKEN, {ELSEWHERE}"
        case HfHubHTTPError() if error.response.status_code == 404:
            return (
                f"{dataset} has no '{file}' at revision '{revision}' ({reason(error)}): "
                "check fetch.repo, fetch.revision and fetch.file"
            )
        case OSError() if error.errno in FULL:
            return f"no space left for the download in {constants.HF_HUB_CACHE}: free some, or move HF_HOME"
        case OSError() if error.filename:
            return f"the Hugging Face cache cannot be used ({reason(error)}): mend it, or move HF_HOME"
        case _:
            return (
                f"'{file}' of {dataset} did not arrive ({reason(error)}): check the network, try again, "
                f"{ELSEWHERE}"
            )


def reason(error: Exception) -> str:
    """Return what the hub, or the way there, answered, without the token."""
    if isinstance(error, HfHubHTTPError):
        return f"HTTP {error.response.status_code}"
    text = f"{type(error).__name__}: {error}".replace(constants.ENDPOINT, HUB)
    return text.replace(get_token() or "\0", "***")
