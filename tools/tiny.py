"""The pipeline on a few rendered faces, in folders of their own and without DVC: what `make accept` compares.

The sizes are those of the pipeline tests, too.
"""

import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

from emotion.config.editing import edit
from emotion.runtime.errors import UserError
from emotion.runtime.git import git

# Stratified, and with larger shares, so that each split has one of the three faces of Disgust
TINY = {
    "fetch.source": "faces",
    "fetch.faces.rows": 210,
    "validate.rows": 210,
    "preprocess.stratify": True,
    "preprocess.validation": 0.25,
    "preprocess.test": 0.25,
    "train.epochs": 2,
    "train.batch_size": 16,
    "evaluate.floor.accuracy": 0.0,  # holds no score back
    "evaluate.floor.macro_f1": 0.0,
    "evaluate.bootstrap": 100,
    "plot.dpi": 40,
}


def copy_working_tree(folder: Path) -> None:
    """Copy into `folder` the files of the current one that Git tracks, or would if they were added."""
    for name in git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if name and Path(name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, folder / name)


def copy_commit(commit: str, folder: Path) -> None:
    """Write the files of a commit into `folder`."""
    archive = subprocess.run(["git", "archive", "--format=tar", commit], check=True, stdout=subprocess.PIPE)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(folder, filter="data")


def make_tiny(folder: Path, params: dict[str, Any]) -> None:
    """Prepare a copy of the project for a run on a few rendered faces.

    Args:
        folder: the copy.
        params: values that its params.yaml gets first, by section or key.

    Raises:
        UserError: its params.yaml lacks one of them.
    """
    (folder / "dvc.lock").unlink(missing_ok=True)  # the stages would compare their inputs with it
    edit(params | TINY, folder / "params.yaml")


def run_command(command: str, folder: Path) -> None:
    """Run a stage's command in a copy of the project, as DVC does.

    Raises:
        UserError: it failed; the message has its last line.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=os.environ | {"PATH": path, "DVC_ROOT": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stdout.strip().splitlines() or ["no output"])[-1]
        raise UserError(f"{' '.join(command.split()[:3])} failed on rendered faces: {last}")
