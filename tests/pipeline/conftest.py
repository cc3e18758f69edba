"""The small project, run once with real DVC; tests work on copies of it."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from emotion.labels import CLASSES
from emotion.source.fer2013 import read_csv, write_csv
from experiments.results import COLUMNS
from tests.faults import Marks, timed_run
from tests.support.project import Project, interruptible, small_project
from tools.tiny import TINY


@pytest.fixture(scope="session", autouse=True)
def signals() -> Iterator[None]:
    with interruptible():
        yield


@pytest.fixture(scope="session")
def timed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Marks]:
    """The project after one `dvc repro`, committed, and how long its stages took."""
    project = small_project(tmp_path_factory.mktemp("finished") / "project")
    marks = timed_run(project)
    assert all(marks.values())
    project.run("git", "add", ".")
    project.run("git", "commit", "--quiet", "--message", "A finished run")
    return project, marks


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
def measurable(project: Project) -> Project:
    """The small project as if its faces were real ones, and the paper's recipe as short as it is there."""
    faces = project.folder / "data/raw/fer2013.csv"
    faces = faces.rename(project.folder.parent / "fer2013.csv")
    spread_disgust(faces)
    content = hashlib.sha256(faces.read_bytes()).hexdigest()
    project.set(fetch__source="file", fetch__path=str(faces), fetch__sha256=content)
    recipes = project.folder / "experiments/recipes.yaml"
    text = recipes.read_text().replace("train.epochs: 50", "train.epochs: 2").replace("size: 64", "size: 16")
    for key in ("stratify", "validation", "test"):
        value = str(TINY[f"preprocess.{key}"]).lower()
        text = re.sub(rf"preprocess\.{key}: .*", f"preprocess.{key}: {value}", text)
    recipes.write_text(text)
    (project.folder / "experiments/results.csv").write_text(",".join(COLUMNS) + "\n")
    project.repro()
    project.commit("Faces of a file")
    return project
