"""The whole pipeline on rendered faces, on a branch of its own: `make demo`.

    python -m tools.demo
    python -m tools.demo train.epochs=2     # with other values than those below

What is run is committed on the branch `demo`, so that `dvc metrics diff` has something to compare with.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from emotion.config.editing import edit
from emotion.config.schema import load_params
from emotion.config.words import setting, value
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.git import git

BRANCH = "demo"
# For a minute or two on two cores: the small network, and small batches, so that a few epochs are
# enough steps for batch normalisation
DEMO: dict[str, Any] = {
    "fetch.source": "faces",
    "fetch.faces.rows": 2400,
    "validate.rows": 2400,
    "model.name": "fast_cnn",
    "train.epochs": 5,
    "train.batch_size": 16,
    "train.lr": 0.001,
    "evaluate.floor.accuracy": None,
    "evaluate.floor.macro_f1": None,
}
RESULTS = ("dvc.lock", "metrics", "plots")  # of these, what Git tracks
METRICS = Path("metrics/evaluation.json")
NEXT = """
These scores are of rendered faces: they say nothing about real ones.
  the report    report/index.html: open it in a browser
  its card      models/README.md: what goes with the model to others
  figures       plots/*.png, or in a browser: dvc plots show --open
You are on the branch demo, where the run is committed. Try, without any network:
  source .venv/bin/activate
  dvc exp run -S train.epochs=8             # three more epochs, from the checkpoint of the fifth
  dvc metrics diff
  dvc exp run -S model.name=paper_cnn       # the paper's network, for some minutes
  dvc exp run -S train.lr=1e-4              # a change of your own
  git restore . && dvc checkout             # takes the experiments back
Back to FER-2013:
  git switch --discard-changes {before}"""


def main() -> None:
    """Run the pipeline with the demo's parameters on the branch `demo`, commit it and show its scores."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("changes", nargs="*", metavar="NAME=VALUE", help="other parameters")
    changes = DEMO | {name: value(text) for name, text in map(setting, parser.parse_args().changes)}
    load_params(changes=changes)
    on_the_branch = git("branch", "--show-current") == BRANCH
    refuse_edits(*(RESULTS if on_the_branch else ()))  # an interrupted demo leaves some of its results
    if not on_the_branch:
        begin_branch()
    edit(changes)
    commit("The demo: its parameters", "params.yaml")
    repro()
    commit("The demo: rendered faces", *RESULTS)
    show_scores(json.loads(METRICS.read_text(encoding="utf-8")))
    print(NEXT.format(before=git("config", "demo.before")))


def refuse_edits(*but: str) -> None:
    """Refuse to begin where tracked files differ from the commit.

    Args:
        but: paths that may differ.

    Raises:
        UserError: others do.
    """
    if git("status", "--porcelain", "--untracked-files=no", "--", ".", *(f":!{path}" for path in but)):
        raise UserError(
            "there are uncommitted changes; keep them (git commit -am '...') or take them back "
            "(git restore . && dvc checkout)"
        )


def begin_branch() -> None:
    """Switch to a new branch `demo`; the name of the one before, or its commit, is kept in Git's config."""
    before, head = git("branch", "--show-current"), git("rev-parse", "HEAD")
    if git("for-each-ref", f"refs/heads/{BRANCH}"):
        kept = f"{BRANCH}-{git('rev-parse', '--short', BRANCH)}"
        git("branch", "--force", kept, BRANCH)
        print(f"what the branch {BRANCH} had is kept as {kept}")
    git("switch", "--quiet", "--force-create", BRANCH)
    git("config", "demo.before", before or f"--detach {head}")


def repro() -> None:
    """Run `dvc repro`; if it fails, end with its status, and after Ctrl-C only when it has ended."""
    with subprocess.Popen(["dvc", "repro"]) as process:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            process.wait()  # it was interrupted, too, and puts its own files in order
            raise
    if status:
        sys.exit(status)


def commit(message: str, *paths: str) -> None:
    """Commit these paths, if something in them has changed."""
    git("add", "--", *paths)
    if git("diff", "--cached", "--name-only", "--", *paths):
        git("commit", "--quiet", "--message", message, "--", *paths)


def show_scores(scores: dict[str, Any]) -> None:
    """Print the scores of metrics/evaluation.json, which are there whether or not a stage had to run."""
    table = Table("", "precision", "recall", "F1", "faces", box=None)
    for name, found in scores["per_class"].items():
        shares = (found[key] for key in ("precision", "recall", "f1"))
        table.add_row(name, *(f"{share or 0:.3f}" for share in shares), str(found["support"]))
    console = Console(width=80)
    console.print()
    console.print(table)
    accuracy, f1, rows = (scores[key] for key in ("accuracy", "macro_f1", "rows"))
    console.print(f"\naccuracy {accuracy:.3f}, macro F1 {f1:.3f} on {rows} test faces")


if __name__ == "__main__":
    with one_line_errors():
        main()
