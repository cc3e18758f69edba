"""A row of the table: measured, recorded, run again, and run in the working copy."""

import csv
import io

import pytest
from ruamel.yaml import YAML

from emotion.config.recipes import find_row
from experiments.results import COLUMNS
from tests.support.project import LEAVES, Project, remove

MEASURE = ("python", "-m", "experiments.measure")
THREADS = str(find_row("paper-random").settings["train.threads"])
REPRODUCE = ("python", "-m", "experiments.reproduce")
WORKSPACE = ("python", "-m", "experiments.workspace")


def runs(project: Project) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(project.read("experiments/results.csv").decode())))


def test_a_row_is_measured_recorded_and_reproduced(measurable: Project) -> None:
    project = measurable
    # A floor keeps no result out of the table
    project.set(evaluate__floor__accuracy=1.0, evaluate__floor__macro_f1=1.0, train__seed=3)
    project.commit("A floor")
    commit, workspace = project.run("git", "rev-parse", "HEAD"), project.read("params.yaml")
    project.run(*MEASURE, "paper-official", "--seeds", "3", "4")  # the first changes no file of the second
    first, second = runs(project)
    assert (first["recipe"], first["protocol"], first["seed"]) == ("paper", "official", "3")
    assert second["seed"] == "4"
    assert first["commit"] == commit[:7]
    assert (first["test_rows"], first["epochs"], first["parameters"]) == ("21", "2", "2787079")
    assert (first["threads"], len(first["model_md5"])) == (THREADS, 32)
    assert float(first["training_minutes"]) >= 0
    assert "| paper-official | 3, 4 |" in project.read("docs/results.md").decode()
    assert project.read("params.yaml") == workspace

    output = project.run(*MEASURE, "paper-official", status=1)
    assert output.startswith("error: there are uncommitted changes (")
    project.commit("A measured row")
    output = project.run(*MEASURE, "paper-official", "--seeds", "3")
    assert "seed 3: not recorded, because DVC had the training in its cache" in output
    assert runs(project) == [first, second]

    for memory in (".dvc/cache/runs", ".checkpoints"):  # as in a fresh clone
        remove(project.folder / memory)
    project.set(train__threads=1)  # the row has its own
    project.commit("Fewer threads")
    output = project.run(*REPRODUCE, "paper-official")
    assert "epoch  2/2" in output
    assert f"seed 3: the same model to the last byte (MD5 {first['model_md5']})" in output
    assert runs(project) == [first, second]


def test_a_row_that_was_measured_with_other_threads_runs_with_them_again(measurable: Project) -> None:
    """Whether by chance the bytes agree is not asked, as the code of that run is not known."""
    measured = dict.fromkeys(COLUMNS, "") | {"row": "paper-official", "seed": "5", "threads": "3"}
    measured |= {"accuracy": "0.5", "test_rows": "1", "hardware": "another"}  # which any accuracy is near
    text = f"{','.join(measured)}\n{','.join(measured.values())}\n"
    (measurable.folder / "experiments/results.csv").write_text(text)
    measurable.commit("A measured row")
    output = measurable.run(*REPRODUCE, "paper-official")
    assert "paper-official, seed 5: accuracy 0." in output
    assert "The models' bytes are not compared: instructions not known; versions not known" in output
    name = measurable.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").split()[0]
    assert "threads: 3\n" in measurable.run("git", "show", f"{name}:params.yaml")


def forget_runs(project: Project) -> None:
    """Let DVC know no run of any stage but the frozen ones; the checkpoint is left."""
    remove(project.folder / ".dvc/cache/runs")
    yaml, lock = YAML(), project.folder / "dvc.lock"
    content = yaml.load(lock)
    content["stages"] = {stage: content["stages"][stage] for stage in LEAVES}
    yaml.dump(content, lock)


@pytest.mark.parametrize(
    ("forgotten", "known"),
    [(False, "Stage 'train' didn't change, skipping"), (True, "resuming after epoch 2")],
)
def test_a_training_that_is_known_is_no_reproduction(
    measurable: Project, forgotten: bool, known: str
) -> None:
    measured = dict.fromkeys(COLUMNS, "1") | {"row": "paper-random", "seed": "0", "threads": THREADS}
    (measurable.folder / "experiments/results.csv").write_text(
        f"{','.join(measured)}\n{','.join(measured.values())}\n"
    )
    if forgotten:
        forget_runs(measurable)
    measurable.commit("A measured row")
    output = measurable.run(*REPRODUCE, "paper-random", status=1)
    assert known in output
    assert "error: nothing was trained: DVC had this run in its cache, or its checkpoint was there" in output


def test_a_row_in_the_working_copy_stays_there_and_a_failed_one_prints_the_way_back(
    measurable: Project,
) -> None:
    committed = measurable.read("params.yaml")
    output = measurable.run(*WORKSPACE, "paper-official", "--set", "fetch.path=~/none, ü.csv", status=1)
    assert f"error: fetch.path '{measurable.env['HOME']}/none, ü.csv' is no file" in output
    assert "take them back (git restore . && dvc checkout)" in output.splitlines()[-1]
    assert measurable.read("params.yaml") != committed

    output = measurable.run(*WORKSPACE, "paper-official", status=1)
    assert output.startswith("error: there are uncommitted changes (")
    measurable.run("sh", "-c", "git restore . && dvc checkout")
    assert measurable.read("params.yaml") == committed
    assert "up to date" in measurable.run("dvc", "status")

    measurable.run(*WORKSPACE, "paper-official")
    assert b"split: official" in measurable.read("params.yaml")
    assert runs(measurable) == []


@pytest.mark.parametrize("command", [MEASURE, REPRODUCE, WORKSPACE])
def test_parameters_that_are_none_or_not_allowed_are_refused_at_once(
    measurable: Project, command: tuple[str, ...]
) -> None:
    for word, reason in (
        ("train.epochs=1", "--set is for the parameters of fetch"),
        ("fetch.pat=x", "params.yaml: unknown key fetch.pat: 'x'; allowed: source"),
        ("fetch.source=hub", "params.yaml: fetch.source is 'hub'"),
        ("fetch.source", "'fetch.source' sets no parameter"),
    ):
        output = measurable.run(*command, "paper-random", "--set", word, status=1)
        assert output.startswith(f"error: {reason}")
    assert measurable.run("git", "status", "--porcelain") == ""


def test_rendered_faces_give_no_row(measurable: Project) -> None:
    output = measurable.run(*MEASURE, "paper-random", "--set", "fetch.source=faces", status=1)
    assert output.startswith("error: rendered faces say nothing about a row")


def test_faces_of_any_other_content_give_no_row(measurable: Project) -> None:
    refused = "error: a row is of the faces whose SHA-256 stands in params.yaml"
    assert refused in measurable.run(*MEASURE, "paper-random", "--set", "fetch.sha256=null", status=1)
    measurable.set(fetch__sha256=None)
    measurable.commit("Any faces")
    assert refused in measurable.run(*MEASURE, "paper-random", status=1)


def test_a_row_that_was_never_measured_cannot_be_reproduced(measurable: Project) -> None:
    output = measurable.run(*REPRODUCE, "strong-grouped", status=1)
    assert output.startswith("error: 'strong-grouped' has not been measured")


def test_a_row_belongs_to_a_commit(measurable: Project) -> None:
    measurable.set(train__lr=0.1)
    output = measurable.run(*MEASURE, "paper-random", status=1)
    assert output.startswith(
        "error: there are uncommitted changes (params.yaml), and an experiment belongs to"
    )


def test_what_a_killed_measurement_has_measured_is_in_the_results_after_the_next(measurable: Project) -> None:
    measured = dict.fromkeys(COLUMNS, "1") | {"row": "fast-random", "hardware": "X"}
    (measurable.folder / "sweeps").mkdir()
    pending = measurable.folder / "sweeps/measured.csv"
    pending.write_text(f"{','.join(measured)}\n{','.join(measured.values())}\n")
    measurable.run(*MEASURE, "paper-random")  # which DVC has in its cache
    assert runs(measurable) == [measured]
    assert not pending.exists()
