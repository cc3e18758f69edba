"""Projects that a cluster can run: with a Git remote, and a DVC remote in a folder or on S3."""

import shutil
from pathlib import Path

from tests.support.paths import ROOT
from tests.support.project import Project, small_project
from tests.support.s3 import CREDENTIALS, S3

BUCKET = "faces"
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


def shared_project(home: Path, s3: S3 | None = None) -> Project:
    """Return a small project with a stand-in for its stages, in a folder that has its remotes."""
    project = small_project(home / "project")
    shutil.copyfile(ROOT / "tests/support/stand_in.py", project.folder / "stand_in.py")
    (project.folder / "dvc.yaml").write_text(STAGES)
    for results in ("metrics", "plots"):
        project.run("git", "rm", "-rq", "--ignore-unmatch", results)
    project.run("git", "add", ".")
    share(project, home, s3)
    return project


def share(project: Project, home: Path, s3: S3 | None = None) -> None:
    """Give a project its remotes, and push what Git has; the credentials of S3 are in its environment."""
    store = f"s3://{BUCKET}/{home.name}" if s3 else str(home / "remote")
    project.run("dvc", "remote", "add", "--default", "team", store)
    if s3:
        s3.client().create_bucket(Bucket=BUCKET)
        project.run("dvc", "remote", "modify", "team", "endpointurl", s3.endpoint)
        project.env |= CREDENTIALS
    project.commit("The remote")
    project.run("git", "init", "--quiet", "--bare", str(home / "git"))
    project.run("git", "remote", "add", "origin", f"file://{home}/git")
    project.run("git", "push", "--quiet", "origin", "main")


def give_credentials(home: Path) -> None:
    """Put the credentials of S3 into the home folder of the nodes, as a user does."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    lines = [f"{name.lower()} = {CREDENTIALS[name]}" for name in names]
    (home / ".aws").mkdir()
    (home / ".aws/credentials").write_text("\n".join(["[default]", *lines, ""]))
