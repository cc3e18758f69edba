"""A small copy of the project on rendered faces, and the commands that a user gives there."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from emotion.config.editing import edit
from tests.support.parameters import PARAMS
from tests.support.paths import ROOT
from tools.tiny import TINY

STAGES = ["fetch", "validate", "preprocess", "train", "evaluate", "export", "plot", "report"]
LIMIT = 600  # seconds that a command may take
# ONNX alone, because the other formats take longer than all stages before them; a test of them turns them on.
# All faces in one batch, because Keras compiles its step anew for a batch of another size.
SMALL = TINY | {"train.batch_size": 104, "export.litert": False, "export.int8": False}
LEAVES = ("export", "plot", "report")  # what no stage reads


class Project:
    """A checkout of the project in a folder of its own, and the commands that a user gives there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            "HOME": str(folder.parent),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HF_HUB_OFFLINE": "1",
            "DVC_SITE_CACHE_DIR": str(folder.parent / "dvc"),
        }

    def popen(self, *command: str, **env: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.env | env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, *command: str, status: int = 0, **env: str) -> str:
        """Run a command, check its exit status and return what it printed."""
        with self.popen(*command, **env) as process:
            try:
                output, _ = process.communicate(timeout=LIMIT)
            except BaseException:  # too slow, or the test itself was; nothing else would end it
                os.killpg(process.pid, signal.SIGKILL)
                raise
        assert process.returncode == status, output
        return output

    def repro(self, *arguments: str, status: int = 0, **env: str) -> list[str]:
        """Run `dvc repro` and return the stages that ran, in their order."""
        return ran(self.run("dvc", "repro", *arguments, status=status, **env))

    def commit(self, message: str) -> None:
        """Commit what has changed of the files that Git tracks."""
        self.run("git", "commit", "--quiet", "--all", "--message", message)

    def set(self, **values: Any) -> None:
        """Change params.yaml; a double underscore stands for a dot."""
        edit({key.replace("__", "."): value for key, value in values.items()}, self.folder / "params.yaml")

    def end_with_evaluate(self) -> None:
        """Freeze the leaves of the DAG, and commit that: each experiment then takes half of the time."""
        dag = self.folder / "dvc.yaml"
        text = dag.read_text()
        for stage in LEAVES:
            text = text.replace(f"\n  {stage}:\n", f"\n  {stage}:\n    frozen: true\n")
        dag.write_text(text)
        self.commit("No exports, figures and report")

    def copy(self, folder: Path) -> "Project":
        """Return a copy of the project, with its cache, in another folder."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)

    def read(self, path: str) -> bytes:
        """Return the bytes of a file of the project."""
        return (self.folder / path).read_bytes()

    def cached(self, path: str) -> Path:
        """Return the copy of an output, or of a file inside one, in DVC's cache."""
        digest = hashlib.md5(self.read(path)).hexdigest()
        return self.folder / ".dvc/cache/files/md5" / digest[:2] / digest[2:]


def ran(output: str) -> list[str]:
    """Return the stages that DVC says it ran."""
    lines = [line for line in output.splitlines() if line.startswith("Running stage '")]
    return [line.split("'")[1] for line in lines]


def small_project(folder: Path) -> Project:
    """Return a copy of this checkout in `folder`, with the tests' parameters, committed and not yet run."""
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    for name in files:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / "dvc.lock").unlink(missing_ok=True)
    shutil.copyfile(PARAMS, folder / "params.yaml")
    edit(SMALL, folder / "params.yaml")
    project = Project(folder)
    project.run("git", "init", "--quiet", "--initial-branch=main")
    project.run("git", "config", "user.name", "Test")
    project.run("git", "config", "user.email", "test@localhost")
    project.run("git", "add", ".")
    project.run("git", "commit", "--quiet", "--message", "The project")
    return project


def rewind(project: Project, stage: str) -> None:
    """Take a finished project back to where `stage` is about to run for the first time.

    DVC can still restore what the stages after it have made.
    """
    lock = project.folder / "dvc.lock"
    text = lock.read_text()
    stages = YAML(typ="safe", pure=True).load(text)["stages"]
    for name in STAGES[STAGES.index(stage) :]:
        for out in stages[name]["outs"]:
            remove(project.folder / out["path"])
    for out in stages[stage]["outs"]:
        remove(project.folder / ".dvc/cache/files/md5" / out["md5"][:2] / out["md5"][2:])
    for run in (project.folder / ".dvc/cache/runs").glob("*/*/*"):
        if f"stages.{stage} " in run.read_text():
            remove(run.parent)
    remove(project.folder / ".checkpoints")
    if stage == STAGES[0]:
        lock.unlink()
    else:
        lock.write_text(text.partition(f"\n  {stage}:\n")[0] + "\n")


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let what is started here be interrupted: a job in the background of a shell ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
