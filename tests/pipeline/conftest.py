"""The small project, run once with real DVC for all processes of the tests, which work on copies of it."""

import fcntl
import hashlib
import os
import pickle
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from emotion.labels import CLASSES
from emotion.source.fer2013 import read_csv, write_csv
from experiments.results import COLUMNS
from tests.faults import Marks, timed_run
from tests.support.project import SMALL, Project, interruptible, small_project


@pytest.fixture(scope="session", autouse=True)
def signals() -> Iterator[None]:
    with interruptible():
        yield


Shared = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """A folder by its name, made by the first of the tests' processes that asks for it, for all of them."""
    base = tmp_path_factory.getbasetemp()
    common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder(name: str, make: Callable[[Path], None]) -> Path:
        made, complete = common / name, common / f"{name} is complete"
        with (common / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not complete.exists():
                shutil.rmtree(made, ignore_errors=True)
                made.mkdir()
                make(made)
                complete.touch()
        return made

    return folder


@pytest.fixture(scope="session")
def timed(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Marks]:
    """The project after one `dvc repro`, committed, and how long its stages took."""

    def make(folder: Path) -> None:
        project = small_project(folder / "project")
        marks = timed_run(project)
        assert all(marks.values())
        project.run("git", "add", ".")
        project.run("git", "commit", "--quiet", "--message", "A finished run")
        (folder / "marks").write_bytes(pickle.dumps(marks))

    made = shared("finished", make)
    # A copy of one's own: two processes cannot run DVC in one folder
    project = Project(made / "project").copy(tmp_path_factory.mktemp("finished") / "project")
    return project, pickle.loads((made / "marks").read_bytes())


@pytest.fixture(scope="session")
def finished(timed: tuple[Project, Marks]) -> Project:
    """The project after one `dvc repro`. Read only: take a copy to change it."""
    return timed[0]


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project that the test may change."""
    return finished.copy(tmp_path / "project")


def spread_disgust(csv: Path) -> None:
    """Give each part of Usage one of the three faces of Disgust, in exchange for one of Happiness."""
    table = read_csv(csv)
    usage = table.usage.copy()
    for part, row in enumerate(np.flatnonzero(table.emotion == CLASSES.index("Disgust"))):
        other = np.flatnonzero((usage == part) & (table.emotion == CLASSES.index("Happiness")))[0]
        usage[[row, other]] = part, usage[row]
    write_csv(csv, table.images, table.emotion, usage)


@pytest.fixture
def short(project: Project) -> Project:
    """A copy of the finished project whose DAG ends with evaluate."""
    project.end_with_evaluate()
    return project


@pytest.fixture(scope="session")
def measured(shared: Shared, finished: Project) -> Path:
    """The folder of a finished `measurable` project, and of its CSV."""
    return shared("measured", lambda folder: make_measurable(finished.copy(folder / "project")))


@pytest.fixture
def measurable(measured: Path, tmp_path: Path) -> Project:
    """The small project as if its faces were real ones, and the paper's recipe as short as it is there."""
    return Project(measured / "project").copy(tmp_path / "project")


@pytest.fixture
def real_faces(measured: Path) -> Path:
    """The CSV of the `measurable` project. Read only."""
    return measured / "fer2013.csv"


def make_measurable(project: Project) -> None:
    """Make the small project `measurable`, run it and commit it; its CSV goes into the folder above."""
    project.end_with_evaluate()
    faces = project.folder / "data/raw/fer2013.csv"
    faces = faces.rename(project.folder.parent / "fer2013.csv")
    spread_disgust(faces)
    content = hashlib.sha256(faces.read_bytes()).hexdigest()
    project.set(fetch__source="file", fetch__path=str(faces), fetch__sha256=content)
    recipes = project.folder / "experiments/recipes.yaml"
    text = recipes.read_text().replace("train.epochs: 50", "train.epochs: 2")
    text = text.replace("size: 64", f"size: {SMALL['train.batch_size']}")
    for key in ("stratify", "validation", "test"):
        value = str(SMALL[f"preprocess.{key}"]).lower()
        text = re.sub(rf"preprocess\.{key}: .*", f"preprocess.{key}: {value}", text)
    recipes.write_text(text)
    (project.folder / "experiments/results.csv").write_text(",".join(COLUMNS) + "\n")
    project.repro()
    project.commit("Faces of a file")
