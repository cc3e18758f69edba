"""A project that a cluster can run: small, and with a Git remote and a DVC remote."""

import shutil
from pathlib import Path

from tests.support.paths import ROOT
from tests.support.project import Project, small_project

STAGES = """stages:
  train:
    cmd: python stand_in.py
    deps: [stand_in.py]
    params: [train]
    outs: [models/emotion.keras]
    metrics:
      - metrics/training.json: {cache: false}
      - metrics/evaluation.json: {cache: false}
"""


def shared_project(home: Path) -> Project:
    """Return the project with a stand-in for its stages, in a folder that has both of its remotes."""
    project = small_project(home / "project")
    shutil.copyfile(ROOT / "tests/support/stand_in.py", project.folder / "stand_in.py")
    (project.folder / "dvc.yaml").write_text(STAGES)
    for results in ("metrics", "plots"):
        project.run("git", "rm", "-rq", "--ignore-unmatch", results)
    project.run("dvc", "remote", "add", "--default", "team", str(home / "remote"))
    project.run("git", "add", ".")
    project.commit("A stand-in")
    project.run("git", "init", "--quiet", "--bare", str(home / "git"))
    project.run("git", "remote", "add", "origin", f"file://{home}/git")
    project.run("git", "push", "--quiet", "origin", "main")
    return project
