"""Publish the exported model with its card on the Hugging Face Hub: `make publish REPO=owner/name`.

    python -m tools.publish owner/name

The repository is made, public, if it is not there. The page in site/, if it was built, becomes a static Space
of the same name. Nothing else is uploaded: the report and the gallery may show faces of the dataset.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from huggingface_hub import CommitOperationAdd, HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled
from huggingface_hub.utils import disable_progress_bars, validate_repo_id  # type: ignore[attr-defined]

from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.git import git
from emotion.runtime.lockfile import check_intact
from emotion.source.hub import HUB, check_token, reason

CARD, EXPORTS = Path("models/README.md"), Path("models/exports")
MODELS = (Path("models/emotion.onnx"), Path("models/emotion.keras"))
SITE = Path("site")


def main() -> None:
    """Check what there is to publish, and upload it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repo", metavar="OWNER/NAME", help="the repository on the Hub")
    repo = parser.parse_args().repo
    check_name(repo)
    files, page = model_files(), site_files()
    check_token()
    if not get_token():
        raise UserError("there is no token of the Hugging Face Hub: run: hf auth login (or set HF_TOKEN)")
    if not sys.stderr.isatty():
        disable_progress_bars()
    message = f"The model of commit {git('describe', '--always', '--dirty')}"
    try:
        print(f"model: {upload(repo, 'model', files, message)}")
        if page:
            print(f"page: {upload(repo, 'space', page, message)}")
    except Exception as error:  # the library's, httpx's and the system's have no common base
        raise UserError(explain(error, repo)) from error


def check_name(repo: str) -> None:
    """Refuse what cannot be the name of a repository.

    Raises:
        UserError: it is not owner/name.
    """
    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise UserError(f"'{repo}' cannot be the name of a repository: write owner/name") from error
    if "/" not in repo:
        raise UserError(f"'{repo}' has no owner: write owner/name")


def model_files() -> dict[str, Path]:
    """Return the card and the exported models, by their paths in the repository.

    Raises:
        UserError: one is not there, or is not what dvc.lock records.
    """
    outputs = (CARD, *MODELS, EXPORTS)
    for path in outputs:
        if not path.exists():
            raise UserError(f"{path} is not there; run: dvc repro (or dvc pull, which gets your team's)")
    check_intact(*outputs)
    return {path.name: path for path in (CARD, *MODELS, *sorted(EXPORTS.iterdir()))}


def site_files() -> dict[str, Path]:
    """Return the files of the page, by their paths in the Space; none where it was not built."""
    return {path.relative_to(SITE).as_posix(): path for path in sorted(SITE.rglob("*")) if path.is_file()}


def upload(repo: str, kind: str, files: Mapping[str, Path], message: str) -> str:
    """Make a repository, if it is not there, and put files into it as one commit; return its address.

    Args:
        repo: owner/name.
        kind: "model" or "space".
        files: by their paths in the repository.
        message: of the commit.
    """
    api = HfApi()
    static = "static" if kind == "space" else None
    address = api.create_repo(repo, repo_type=kind, space_sdk=static, exist_ok=True)
    additions = [CommitOperationAdd(name, path) for name, path in files.items()]
    api.create_commit(repo, additions, repo_type=kind, commit_message=message)
    return str(address)


def explain(error: Exception, repo: str) -> str:
    """Say in one line why the Hub did not take the files, and what to do."""
    match error:
        case OfflineModeIsEnabled():
            return "HF_HUB_OFFLINE is set: unset it to publish"
        case HfHubHTTPError() if error.response.status_code == 401:
            return f"{HUB} does not accept the token: make one that may write, and run: hf auth login"
        case HfHubHTTPError() if error.response.status_code == 403:
            return f"the token may not write to {repo} on {HUB}: use one that may, or a name of your own"
        case ValueError():
            return f"{HUB} refuses the card ({reason(error)})"
        case _:
            return f"{repo} on {HUB} was not reached ({reason(error)}): check the network and run it again"


if __name__ == "__main__":
    with one_line_errors():
        main()
