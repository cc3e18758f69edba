"""The DAG, run by real DVC on rendered faces."""

import hashlib
import json
import os
import random
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.hub import REPO, Hub, serve
from tests.pipeline.conftest import Project, ran

FIGURES = ["training_curves", "confusion_matrix", "per_class_f1", "class_balance", "reliability", "gallery"]
EPOCHS = 4
FROM_TRAIN = ["train", "evaluate", "plot"]

# A change in a section, and the stages that it must rerun: no fewer, no others.
RERUNS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "fetch": (
        {"fetch__faces__seed": 7},
        ["fetch", "validate", "preprocess", "train", "evaluate", "plot"],
    ),
    "fetch, same content": ({"fetch__revision": "another"}, ["fetch"]),
    "validate": ({"validate__max_constant": 99}, ["validate"]),
    "preprocess": ({"preprocess__seed": 7}, ["preprocess", *FROM_TRAIN]),
    "model": ({"model__l2": 0.01}, FROM_TRAIN),
    "train": ({"train__batch_size": 32}, FROM_TRAIN),
    "evaluate": ({"evaluate__ece_bins": 4}, ["evaluate", "plot"]),
    "plot": ({"plot__gallery": 3}, ["plot"]),
}


def test_a_run_leaves_every_output_and_a_clean_status(finished: Project) -> None:
    for name in FIGURES:
        assert finished.read(f"plots/{name}.png").startswith(b"\x89PNG")
    for name in ("validation", "training", "evaluation"):
        assert json.loads(finished.read(f"metrics/{name}.json"))
    assert finished.run("dvc", "status").strip() == "Data and pipelines are up to date."
    assert finished.run("git", "status", "--porcelain") == ""


def test_only_metrics_and_figures_without_faces_are_in_git(finished: Project) -> None:
    tracked = set(finished.run("git", "ls-files", "data", "models", "metrics", "plots").split())
    figures = {f"plots/{name}.png" for name in FIGURES if name != "gallery"}
    assert tracked == figures | {f"metrics/{name}.json" for name in ("validation", "training", "evaluation")}


def test_a_second_repro_runs_nothing(finished: Project) -> None:
    assert finished.repro() == []


@pytest.mark.parametrize("section", RERUNS)
def test_a_changed_parameter_reruns_exactly_what_it_affects(project: Project, section: str) -> None:
    changes, stages = RERUNS[section]
    project.set(**changes)
    assert project.repro() == stages
    assert project.repro() == []


def test_every_section_of_params_is_in_the_table(finished: Project) -> None:
    sections = {key.split("__")[0] for changes, _ in RERUNS.values() for key in changes}
    lines = (finished.folder / "params.yaml").read_text().splitlines()
    assert sections == {line[:-1] for line in lines if line and line[0].isalpha() and line.endswith(":")}


def test_an_experiment_reruns_training_and_shows_its_difference(project: Project) -> None:
    assert ran(project.run("dvc", "exp", "run", "-S", "train.lr=1e-5")) == FROM_TRAIN
    lr = json.loads(project.run("dvc", "params", "diff", "--json"))["params.yaml"]
    assert list(lr) == ["train.lr"]
    assert lr["train.lr"]["new"] == 1e-5
    changed = json.loads(project.run("dvc", "metrics", "diff", "--json"))
    loss = changed["metrics/evaluation.json"]["loss"]
    assert loss["old"] != loss["new"]
    assert "metrics/validation.json" not in changed


def test_a_parameter_that_goes_back_is_restored_without_running(project: Project) -> None:
    before = project.read("metrics/evaluation.json")
    project.set(evaluate__ece_bins=3)
    assert project.repro() == ["evaluate", "plot"]
    project.set(evaluate__ece_bins=15)
    assert project.repro() == []
    assert project.read("metrics/evaluation.json") == before


def test_every_plot_can_be_shown(finished: Project) -> None:
    shown = json.loads(finished.run("dvc", "plots", "show", "--json"))
    assert not shown.get("errors")
    names = set(shown["data"])
    assert {"Loss", "Accuracy", "Confusion", "Reliability"} <= names
    assert {f"plots/{name}.png" for name in FIGURES} <= names
    assert all(shown["data"].values())


@pytest.fixture(scope="module")
def undisturbed(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A training of EPOCHS epochs that nobody killed."""
    whole = finished.copy(tmp_path_factory.mktemp("undisturbed") / "project")
    shutil.rmtree(whole.folder / ".checkpoints")  # of the shorter training, from which it would go on
    whole.set(train__epochs=EPOCHS, train__patience=EPOCHS)
    assert "train" in whole.repro()
    return whole


@pytest.mark.parametrize("cause", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_a_killed_run_resumes_to_the_same_bytes(undisturbed: Project, project: Project, cause: str) -> None:
    shutil.rmtree(project.folder / ".checkpoints")
    project.set(train__epochs=EPOCHS, train__patience=EPOCHS)
    last = random.randint(1, EPOCHS - 1)  # the epoch after which it dies
    print(f"killed with {cause} after epoch {last}")  # shown if the test fails
    with project.popen("dvc", "repro") as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith(f"epoch  {last}/{EPOCHS}"):
                break
        os.killpg(process.pid, signal.Signals[cause])
        process.stdout.read()
    assert process.returncode != 0
    assert not (project.folder / "models/emotion.keras").exists()

    output = project.run("dvc", "repro")
    assert f"resuming after epoch {last}" in output
    for path in ("dvc.lock", "models/emotion.keras", "metrics/training.json", "metrics/evaluation.json"):
        assert project.read(path) == undisturbed.read(path), path


def test_a_failed_validation_writes_its_report_and_stops_the_run(project: Project) -> None:
    csv = project.folder / "own.csv"
    shutil.copy(project.folder / "data/raw/fer2013.csv", csv)
    lines = csv.read_text().splitlines()
    lines[9] = "9" + lines[9][1:]
    csv.write_text("\n".join(lines) + "\n")
    project.set(fetch__source="file", fetch__path="own.csv", fetch__sha256=None)

    output = project.run("dvc", "repro", status=255)
    assert ran(output) == ["fetch", "validate"]
    assert "line 10" in output
    assert "Traceback" not in output
    assert json.loads(project.read("metrics/validation.json"))["success"] is False
    assert (project.folder / "data/validation/index.html").is_file()


def test_the_csv_comes_from_a_hub_and_is_verified(project: Project, tmp_path: Path) -> None:
    content = project.read("data/raw/fer2013.csv")
    with serve(Hub({"faces.csv": content})) as hub:
        project.set(
            fetch__source="huggingface",
            fetch__repo=REPO,
            fetch__file="faces.csv",
            fetch__sha256=hashlib.sha256(content).hexdigest(),
        )
        fetched = project.repro(HF_ENDPOINT=hub.endpoint, HF_HOME=str(tmp_path / "hf"), HF_HUB_OFFLINE="0")
    assert fetched == ["fetch"]
    assert project.read("data/raw/fer2013.csv") == content
