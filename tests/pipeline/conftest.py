"""A small copy of the project on rendered faces, run once with real DVC; tests work on copies of it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
TINY = {
    "fetch.source": "faces",
    "fetch.faces.rows": 210,
    "validate.rows": 210,
    "train.epochs": 2,
    "train.batch_size": 16,
    "evaluate.bootstrap": 100,
    "plot.dpi": 40,
}


class Project:
    """A checkout of the project in a folder of its own, and the commands that a user gives there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            "HOME": str(folder.parent),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HF_HUB_OFFLINE": "1",
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
            output, _ = process.communicate()
        assert process.returncode == status, output
        return output

    def repro(self, *arguments: str, status: int = 0, **env: str) -> list[str]:
        """Run `dvc repro` and return the stages that ran, in their order."""
        return ran(self.run("dvc", "repro", *arguments, status=status, **env))

    def set(self, **values: Any) -> None:
        """Change params.yaml; a double underscore stands for a dot."""
        yaml = YAML()
        file = self.folder / "params.yaml"
        content = yaml.load(file)
        for key, value in values.items():
            *sections, name = key.split("__")
            section = content
            for part in sections:
                section = section[part]
            section[name] = value
        yaml.dump(content, file)

    def copy(self, folder: Path) -> "Project":
        """Return a copy of the project, with its cache, in another folder."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)

    def read(self, path: str) -> bytes:
        """Return the bytes of a file of the project."""
        return (self.folder / path).read_bytes()


def ran(output: str) -> list[str]:
    """Return the stages that DVC says it ran."""
    lines = [line for line in output.splitlines() if line.startswith("Running stage '")]
    return [line.split("'")[1] for line in lines]


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> Iterator[None]:
    """Let what the tests start be interrupted: a job in the background of a shell ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after one `dvc repro`, committed. Read only: take a copy to change it."""
    folder = tmp_path_factory.mktemp("finished") / "project"
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
    project = Project(folder)
    project.set(**{key.replace(".", "__"): value for key, value in TINY.items()})
    project.run("git", "init", "--quiet", "--initial-branch=main")
    project.run("git", "config", "user.name", "Test")
    project.run("git", "config", "user.email", "test@localhost")
    project.run("git", "add", ".")
    project.run("git", "commit", "--quiet", "--message", "The project")
    assert project.repro() == ["fetch", "validate", "preprocess", "train", "evaluate", "plot"]
    project.run("git", "add", ".")
    project.run("git", "commit", "--quiet", "--message", "A finished run")
    return project


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project that the test may change."""
    return finished.copy(tmp_path / "project")
