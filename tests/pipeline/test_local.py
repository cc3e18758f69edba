"""A row without DVC: the same model as with it, and a line of the results to bring home."""

import csv
import json
from pathlib import Path

from tests.support.project import Project

COMMAND = ("python", "-m", "experiments.local", "paper-random", "--seed", "0")
BARE = """if True:
    import sys
    from runpy import run_module
    sys.modules |= {"dvc": None, "dvclive": None}  # importing them fails
    run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


def test_a_row_without_dvc_is_the_model_of_the_pipeline_and_a_line_of_the_results(
    measurable: Project, real_faces: Path
) -> None:
    # As on a machine that has neither DVC nor DVCLive
    output = measurable.run("python", "-c", BARE, *COMMAND[2:], "--csv", str(real_faces), "--out", "run")
    assert "epoch  2/2" in output
    assert measurable.read("run/emotion.keras") == measurable.read("models/emotion.keras")
    assert measurable.read("run/training.json") == measurable.read("metrics/training.json")
    assert measurable.read("run/evaluation.json") == measurable.read("metrics/evaluation.json")

    measurable.run("python", "-m", "experiments.results", "--add", "run/result.csv")
    (run,) = csv.DictReader(measurable.read("experiments/results.csv").decode().splitlines())
    assert (run["row"], run["seed"], run["epochs"], run["test_rows"]) == ("paper-random", "0", "2", "53")
    assert run["commit"] == measurable.run("git", "rev-parse", "HEAD")[:7]
    assert "| paper-random | 0 |" in measurable.read("docs/results.md").decode()


def test_splits_are_taken_as_they_are_and_a_second_run_goes_on(measurable: Project, real_faces: Path) -> None:
    splits = ("--splits", "data/splits", "--out", "run")
    measurable.run(*COMMAND, *splits)
    assert measurable.read("run/emotion.keras") == measurable.read("models/emotion.keras")
    assert "resuming after epoch 2" in measurable.run(*COMMAND, *splits)
    assert json.loads(measurable.read("run/training.json"))["epochs"] == 2

    output = measurable.run(*COMMAND, *splits, "--record", status=1)
    assert output.startswith("error: --record needs --csv")
    measurable.set(fetch__sha256="0" * 64)
    output = measurable.run(*COMMAND, "--csv", str(real_faces), "--out", "run", "--record", status=1)
    assert "and fetch.sha256 is 0000" in output


def test_a_recorded_run_is_in_the_results_at_once(
    measurable: Project, real_faces: Path, tmp_path: Path
) -> None:
    measurable.run(*COMMAND, "--csv", str(real_faces), "--out", str(tmp_path / "run"), "--record")
    (run,) = csv.DictReader(measurable.read("experiments/results.csv").decode().splitlines())
    assert run["row"] == "paper-random"
