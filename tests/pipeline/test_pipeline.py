"""The DAG, run by real DVC on rendered faces."""

import hashlib
import json
import secrets
import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from emotion.labels import CLASSES
from tests.support.hub_server import REPO, Hub, serve
from tests.support.project import Project, ran, rewind

FIGURES = ["training_curves", "confusion_matrix", "per_class_f1", "class_balance", "reliability", "gallery"]
PLOTS = {"Loss", "Accuracy", "Confusion", "F1", "Reliability"}
FROM_TRAIN = ["train", "evaluate", "export", "plot", "report"]

# A change in a section, and the stages that it must rerun: no fewer, no others. Of other faces they are all,
# as test_layouts.py shows, of train those of the experiment below.
RERUNS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "fetch": ({"fetch__revision": "another"}, ["fetch", "report"]),
    "validate": ({"validate__max_constant": 99}, ["validate", "report"]),
    "preprocess": ({"preprocess__seed": 7}, ["preprocess", *FROM_TRAIN]),
    "model": (
        {
            "model__name": "fast_cnn",
            "model__flip_average": True,
            "train__batch_size": 48,
            "train__logit_adjustment": True,
        },
        FROM_TRAIN,
    ),
    "evaluate": ({"evaluate__ece_bins": 4}, ["evaluate", "plot", "report"]),
    "export": ({"export__litert": True, "export__int8": True}, ["export", "report"]),
    "plot": ({"plot__gallery": 3}, ["plot"]),
    "report": ({"report__mistakes": 3}, ["report"]),
}


def test_a_run_leaves_every_output_and_a_clean_status(finished: Project) -> None:
    for name in FIGURES:
        assert finished.read(f"plots/{name}.png").startswith(b"\x89PNG")
    for name in ("validation", "training", "evaluation", "export"):
        assert json.loads(finished.read(f"metrics/{name}.json"))
    assert finished.read("report/index.html").startswith(b"<!DOCTYPE html>")
    assert finished.read("models/README.md").startswith(b"---\n")
    assert finished.run("dvc", "status").strip() == "Data and pipelines are up to date."
    assert finished.run("git", "status", "--porcelain") == ""


def test_only_metrics_and_figures_without_faces_are_in_git(finished: Project) -> None:
    tracked = set(finished.run("git", "ls-files", "data", "models", "metrics", "plots", "report").split())
    figures = {f"plots/{name}.png" for name in FIGURES if name != "gallery"}
    metrics = {f"metrics/{name}.json" for name in ("validation", "training", "evaluation", "export")}
    assert tracked == figures | metrics | {"data/own/README.md"}


def test_a_second_repro_runs_nothing(finished: Project) -> None:
    assert finished.repro() == []


@pytest.mark.parametrize("section", RERUNS)
def test_a_changed_parameter_reruns_exactly_what_it_affects(project: Project, section: str) -> None:
    changes, stages = RERUNS[section]
    project.set(**changes)
    assert project.repro() == stages
    assert project.repro() == []


def test_training_reads_no_face_of_the_test_split(finished: Project, project: Project) -> None:
    """Neither to learn nor to choose: without these faces it ends in the same model."""
    rewind(project, "train")
    for path in ("data/raw", "data/splits/test"):
        shutil.rmtree(project.folder / path)
    command = YAML(typ="safe", pure=True).load(project.folder / "dvc.yaml")["stages"]["train"]["cmd"]
    project.run("sh", "-c", command, DVC_ROOT=str(project.folder))
    assert project.read("models/emotion.keras") == finished.read("models/emotion.keras")


def test_every_section_of_params_is_in_the_table(finished: Project) -> None:
    sections = {key.split("__")[0] for changes, _ in RERUNS.values() for key in changes}
    lines = (finished.folder / "params.yaml").read_text().splitlines()
    # tests/pipeline/test_layouts.py has what `data` reruns
    assert sections | {"data"} == {
        line[:-1] for line in lines if line and line[0].isalpha() and line.endswith(":")
    }


def assert_training_metrics_are_those_printed(metrics: dict[str, Any], output: str) -> None:
    lines = [line.split() for line in output.splitlines() if line.startswith("epoch ")]
    epochs = [dict(zip(line[2::2], map(float, line[3::2]), strict=True)) for line in lines]
    best = max(epochs, key=lambda epoch: epoch["val_accuracy"])
    assert metrics["epochs"] == len(epochs)
    assert epochs[metrics["best_epoch"] - 1] is best
    assert metrics["train"] == {"loss": best["loss"], "accuracy": best["accuracy"]}
    assert metrics["validation"] == {"loss": best["val_loss"], "accuracy": best["val_accuracy"]}


def test_an_experiment_reruns_training_and_shows_its_difference(project: Project) -> None:
    output = project.run("dvc", "exp", "run", "-S", "train.lr=1e-5")
    assert ran(output) == FROM_TRAIN
    assert_training_metrics_are_those_printed(json.loads(project.read("metrics/training.json")), output)
    lr = json.loads(project.run("dvc", "params", "diff", "--json"))["params.yaml"]
    assert list(lr) == ["train.lr"]
    assert lr["train.lr"]["new"] == 1e-5
    changed = json.loads(project.run("dvc", "metrics", "diff", "--json"))
    loss = changed["metrics/evaluation.json"]["loss"]
    assert loss["old"] != loss["new"]
    assert set(changed) == {f"metrics/{name}.json" for name in ("training", "evaluation", "export")}
    names = [name for metrics in changed.values() for name in metrics]
    assert sum(not name.startswith("per_class.") for name in names) <= 22  # a screen, and then the classes
    drawn = json.loads(project.run("dvc", "plots", "diff", "--json"))["data"]
    for name in PLOTS:  # both runs, one over the other
        assert {revision for plot in drawn[name] for revision in plot["revisions"]} == {"HEAD", "workspace"}


def test_a_wrong_value_of_an_experiment_stops_it_before_any_work(project: Project) -> None:
    before = project.read("params.yaml")
    (project.folder / "dvc.lock").unlink()
    shutil.rmtree(project.folder / ".dvc/cache/runs")  # every stage would run
    wrong = {
        "train.lr=-1": "train.lr is -1: input should be greater than 0",
        "train.epochs=1.5": "train.epochs is 1.5: input should be a valid integer",
        "train.flip=maybe": "train.flip is 'maybe': input should be a valid boolean",
        "train.optimizer=lion": "train.optimizer is 'lion': input should be 'adam'",
        "evaluate.bootstrap=0": "evaluate.bootstrap is 0: input should be greater than or equal to 100",
        "plot.dpi=null": "plot.dpi is None: input should be a valid integer",
        "+train.rate=1": "unknown key train.rate",
    }
    for change, message in wrong.items():
        output = project.run("dvc", "exp", "run", "-S", change, status=255)
        assert f"error: params.yaml: {message}" in output
        assert ran(output) == ["fetch"]
        assert "Traceback" not in output
        (project.folder / "params.yaml").write_bytes(before)


def test_a_key_that_stands_twice_stops_dvc_itself_which_names_key_and_line(project: Project) -> None:
    params = project.folder / "params.yaml"
    lines = params.read_text().splitlines()
    epochs = next(number for number, line in enumerate(lines) if line.startswith("  epochs:"))
    lines.insert(epochs + 1, "  epochs: 7")
    params.write_text("\n".join(lines))
    output = project.run("dvc", "repro", status=255)
    assert 'found duplicate key "epochs" with value "7"' in " ".join(output.split())
    assert f"line {epochs + 2}" in output
    assert ran(output) == []


def test_a_parameter_that_goes_back_is_restored_without_running(project: Project) -> None:
    before = project.read("metrics/evaluation.json")
    project.set(evaluate__ece_bins=3)
    assert project.repro() == ["evaluate", "plot", "report"]
    project.set(evaluate__ece_bins=15)
    assert project.repro() == []
    assert project.read("metrics/evaluation.json") == before


def test_a_training_whose_loss_is_not_finite_leaves_no_model_and_no_lock(project: Project) -> None:
    # Each of the 26 steps of an epoch multiplies the L2 penalty by 17 squared; the fifteenth is infinite.
    project.set(model__l2=0.9, train__optimizer="sgd", train__lr=10.0, train__batch_size=4)
    before = project.read("dvc.lock")
    output = project.run("dvc", "repro", status=255)
    assert "error: the loss is not finite in epoch 1; try a train.lr under 10.0" in output
    assert "Traceback" not in output
    assert not (project.folder / "models/emotion.keras").exists()
    assert project.read("dvc.lock") == before


def test_every_plot_can_be_shown(finished: Project) -> None:
    shown = json.loads(finished.run("dvc", "plots", "show", "--json"))
    assert not shown.get("errors")
    names = set(shown["data"])
    assert names >= PLOTS
    assert {f"plots/{name}.png" for name in FIGURES} <= names
    assert all(shown["data"].values())


def test_the_page_of_the_plots_draws_every_chart_without_the_internet(project: Project) -> None:
    project.run("dvc", "plots", "show")
    page = project.read("dvc_plots/index.html").decode()
    assert page.count("vegaEmbed('#") == len(PLOTS)
    assert page.index("vegaEmbed=") < page.index("vegaEmbed('#")  # the script is in the page, and comes first
    assert "<script src=" not in page
    assert page.count(f'"domain": {json.dumps(CLASSES)}') == 3  # both axes of the confusion, and that of F1
    assert project.run("git", "status", "--porcelain") == ""


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


def test_the_csv_comes_from_a_hub_and_the_token_is_written_nowhere(project: Project, tmp_path: Path) -> None:
    content = project.read("data/raw/fer2013.csv")
    token = f"hf_{secrets.token_hex(16)}"
    with serve(Hub({"faces.csv": content}, token=token)) as hub:
        project.set(
            fetch__source="huggingface",
            fetch__repo=REPO,
            fetch__file="faces.csv",
            fetch__sha256=hashlib.sha256(content).hexdigest(),
        )
        endpoint, home = hub.endpoint, str(tmp_path / "hf")
        output = project.run(
            "dvc", "repro", HF_ENDPOINT=endpoint, HF_HOME=home, HF_HUB_OFFLINE="0", HF_TOKEN=token
        )
    assert ran(output) == ["fetch", "report"]  # which says where the faces come from
    assert project.read("data/raw/fer2013.csv") == content
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(token.encode() in text for text in (output.encode(), *files))
