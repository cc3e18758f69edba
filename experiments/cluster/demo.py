"""A sweep on a Ray cluster of two nodes, both on this machine, on rendered faces: `make cluster-demo`.

The project at its last commit, its two remotes and the slots are in a temporary folder, which is removed.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from emotion.config.editing import edit
from emotion.runtime.dvc import dvc
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.git import git
from experiments.cluster.local import local_cluster

DEMO: dict[str, Any] = {
    "fetch.source": "faces",
    "fetch.faces.rows": 600,
    "validate.rows": 600,
    "preprocess.stratify": True,
    "preprocess.validation": 0.2,
    "preprocess.test": 0.2,
    "model.name": "fast_cnn",
    "train.epochs": 3,
    "train.batch_size": 16,
    "export.litert": False,
    "export.int8": False,
}
SWEEP = ("demo", "train.lr=0.0003,0.001")


def main() -> None:
    """Prepare the folder, start the nodes and run the sweep."""
    with tempfile.TemporaryDirectory(prefix="cluster-demo-") as folder:
        project = prepare(Path(folder))
        os.environ["HOME"] = folder  # of the nodes, whose slots are there
        with local_cluster(nodes=2, cores=1) as cluster:
            print(f"two nodes are up; in {project}:")
            command = ["-m", "experiments.sweep", *SWEEP, "--cluster", cluster.address, "--cores", "1"]
            print("python", *command, flush=True)
            status = subprocess.run([sys.executable, *command], cwd=project, check=False).returncode
    if status:
        raise UserError("the sweep did not end well, see above")
    print("Rendered faces say nothing about real ones. A cluster of your own: docs/cluster.md")


def prepare(folder: Path) -> Path:
    """Return a clone of this project with the demo's parameters, which has its remotes beside it."""
    project, remote = folder / "project", folder / "git"
    git("clone", "--quiet", "--no-local", ".", str(project))
    for key in ("user.name", "user.email"):
        git("-C", str(project), "config", key, git("config", key))
    edit(DEMO, project / "params.yaml")
    dvc("--cd", str(project), "remote", "add", "--quiet", "--default", "demo", str(folder / "dvc"))
    git("-C", str(project), "commit", "--quiet", "--all", "--message", "The demo of a cluster")
    git("-C", str(project), "switch", "--quiet", "-C", "demo")
    git("init", "--quiet", "--bare", str(remote))
    git("-C", str(project), "remote", "set-url", "origin", str(remote))
    git("-C", str(project), "push", "--quiet", "origin", "demo")
    return project


if __name__ == "__main__":
    with one_line_errors():
        main()
