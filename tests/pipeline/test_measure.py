"""A row of the table: measured, recorded, and run again."""

import csv
import hashlib
import io

import pytest

from experiments.results import COLUMNS
from tests.support.project import Project, remove

COMMAND = ("python", "-m", "experiments.measure")
RECIPES = "experiments/recipes.yaml"


def runs(project: Project) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(project.read("experiments/results.csv").decode())))


@pytest.fixture
def project(project: Project) -> Project:
    """The small project as if its faces were real ones, and the paper's recipe as short as it is there."""
    faces = project.folder / "data/raw/fer2013.csv"
    faces = faces.rename(project.folder.parent / "fer2013.csv")
    content = hashlib.sha256(faces.read_bytes()).hexdigest()
    project.set(fetch__source="file", fetch__path=str(faces), fetch__sha256=content)
    recipes = project.read(RECIPES).decode()
    recipes = recipes.replace("train.epochs: 50", "train.epochs: 2").replace("size: 64", "size: 16")
    (project.folder / RECIPES).write_text(recipes)
    (project.folder / "experiments/results.csv").write_text(",".join(COLUMNS) + "\n")
    project.repro()
    project.run("git", "commit", "--quiet", "--all", "--message", "Faces of a file")
    return project


def test_a_row_is_measured_recorded_and_reproduced(project: Project) -> None:
    # A floor keeps no result out of the table
    project.set(evaluate__floor__accuracy=1.0, evaluate__floor__macro_f1=1.0, train__seed=3)
    project.run("git", "commit", "--quiet", "--all", "--message", "A floor")
    workspace = project.read("params.yaml")
    project.run(*COMMAND, "paper-official", "--seeds", "3")
    (run,) = runs(project)
    assert (run["recipe"], run["protocol"], run["seed"]) == ("paper", "official", "3")
    assert run["commit"] == project.run("git", "rev-parse", "HEAD")[:7]
    assert (run["test_rows"], run["epochs"], run["parameters"]) == ("21", "2", "2787079")
    assert float(run["training_minutes"]) >= 0
    assert "| paper-official | 3 |" in project.read("README.md").decode()
    assert project.read("params.yaml") == workspace

    output = project.run(*COMMAND, "paper-official", "--here")
    assert "Stage 'train' is cached - skipping run" in output
    assert b"split: official" in project.read("params.yaml")
    assert runs(project) == [run]
    project.run("git", "checkout", "--quiet", "params.yaml", "dvc.lock", "metrics", "plots")

    output = project.run(*COMMAND, "paper-official", "--seeds", "3")
    assert "seed 3: not recorded, because DVC had the training in its cache" in output
    assert runs(project) == [run]

    for memory in (".dvc/cache/runs", ".checkpoints"):  # as in a fresh clone
        remove(project.folder / memory)
    output = project.run(*COMMAND, "paper-official", "--reproduce")
    assert "epoch  2/2" in output
    accuracy = f"{float(run['accuracy']):.4f}"
    assert f"seed 3: accuracy {accuracy}, measured before {accuracy}: within" in output
    assert runs(project) == [run]


@pytest.mark.parametrize(
    ("forgotten", "known"),
    [
        ((), "Stage 'train' didn't change, skipping"),
        ((".dvc/cache/runs", "dvc.lock"), "resuming after epoch 2"),
    ],
)
def test_a_training_that_is_known_is_no_reproduction(
    project: Project, forgotten: tuple[str, ...], known: str
) -> None:
    measured = dict.fromkeys(COLUMNS, "1") | {"row": "paper-random", "seed": "0"}
    (project.folder / "experiments/results.csv").write_text(
        f"{','.join(measured)}\n{','.join(measured.values())}\n"
    )
    for memory in forgotten:  # the checkpoint is left
        remove(project.folder / memory)
    project.run("git", "commit", "--quiet", "--all", "--message", "A measured row")
    output = project.run(*COMMAND, "paper-random", "--reproduce", status=1)
    assert known in output
    assert "error: nothing was trained: DVC had this run in its cache, or its checkpoint was there" in output


def test_rendered_faces_give_no_row(project: Project) -> None:
    output = project.run(*COMMAND, "paper-random", "--set", "fetch.source=faces", status=1)
    assert output.startswith("error: rendered faces say nothing about a row")


def test_faces_of_any_other_content_give_no_row(project: Project) -> None:
    refused = "error: a row is of the faces whose SHA-256 stands in params.yaml"
    assert refused in project.run(*COMMAND, "paper-random", "--set", "fetch.sha256=null", status=1)
    project.set(fetch__sha256=None)
    project.run("git", "commit", "--quiet", "--all", "--message", "Any faces")
    assert refused in project.run(*COMMAND, "paper-random", status=1)


def test_a_row_that_was_never_measured_cannot_be_reproduced(project: Project) -> None:
    output = project.run(*COMMAND, "strong-grouped", "--reproduce", status=1)
    assert output.startswith("error: 'strong-grouped' has not been measured")


def test_a_row_belongs_to_a_commit_and_has_its_own_parameters(project: Project) -> None:
    output = project.run(*COMMAND, "paper-random", "--set", "train.epochs=1", status=1)
    assert output.startswith("error: --set is for the parameters of fetch")
    project.set(train__lr=0.1)
    output = project.run(*COMMAND, "paper-random", status=1)
    assert output.startswith("error: there are uncommitted changes, and a measurement belongs to a commit")
