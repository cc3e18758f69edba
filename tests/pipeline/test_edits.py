"""What is edited while a stage runs is never recorded as what made its outputs.

The test holds the lock of the stage: the stage has noted what it starts from, and waits while that is edited.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from ruamel.yaml import YAML

from emotion.runtime.lockfile import dvc_hash
from tests.faults import different, started
from tests.support.project import STAGES, Project, ran, rewind

# Of each stage a parameter with another value, a module and an input.
EDITS: dict[str, tuple[str, Any, str, str]] = {
    "fetch": ("fetch.revision", "another", "emotion/source/hub.py", "own.csv"),
    "validate": ("validate.max_constant", 99, "emotion/validation/facts.py", "data/raw/fer2013.csv"),
    "preprocess": ("preprocess.seed", 7, "emotion/data/protocols.py", "metrics/validation.json"),
    "train": ("train.lr", 0.5, "emotion/training/loss.py", "data/splits/train/new.npy"),
    "evaluate": ("evaluate.ece_bins", 4, "emotion/evaluation/scores.py", "data/splits/test/new.npy"),
    "export": ("export.opset", 14, "emotion/export/parity.py", "data/splits/test/new.npy"),
    "plot": ("plot.gallery", 3, "emotion/evaluation/figures.py", "metrics/evaluation.json"),
    "report": ("report.mistakes", 3, "emotion/report/text.py", "metrics/training.json"),
}


@contextmanager
def waiting(project: Project, stage: str) -> Iterator[None]:
    """Let a stage of the project wait for its turn."""
    path = project.folder / ".locks" / stage
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def outputs(project: Project, stage: str) -> dict[str, str]:
    """Return the hashes of the outputs of a stage, but for the curves, which grow while it trains."""
    lock = YAML(typ="safe", pure=True).load(project.folder / "dvc.lock")
    paths = [out["path"] for out in lock["stages"][stage]["outs"] if out["path"] != "plots/training"]
    return {path: dvc_hash(project.folder / path) for path in paths}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_names_what_was_edited_while_it_ran_and_puts_nothing_in_place(
    project: Project, stage: str
) -> None:
    key, value, module, source = EDITS[stage]
    if stage == "fetch":
        shutil.copy(project.folder / "data/raw/fer2013.csv", project.folder / "own.csv")
        project.set(fetch__source="file", fetch__path="own.csv", fetch__sha256=None)
    before = outputs(project, stage)
    command = YAML(typ="safe", pure=True).load(project.folder / "dvc.yaml")["stages"][stage]["cmd"]
    command = command.replace("${model.name}", "paper_cnn")
    with ExitStack() as lock:
        lock.enter_context(waiting(project, stage))
        with project.popen("sh", "-c", command, DVC_ROOT=str(project.folder)) as process:
            assert process.stdout
            assert any(line.startswith(f"waiting for process {os.getpid()}") for line in process.stdout)
            project.set(**{key.replace(".", "__"): value})
            for path in (module, source):
                with (project.folder / path).open("a") as file:
                    file.write("\n")
            lock.close()
            *_, line = process.stdout.read().splitlines()
    assert process.returncode == 1
    assert line.startswith(f"error: changed while {stage} ran: {key} (")
    assert f", now {value}), {module} (MD5 " in line
    assert f"{source} (" in line
    assert outputs(project, stage) == before


def test_dvc_records_no_training_whose_rate_was_edited_and_what_was_put_back_is_not_trained_twice(
    finished: Project, project: Project
) -> None:
    rewind(project, "train")
    before = project.read("params.yaml")
    with ExitStack() as lock:
        lock.enter_context(waiting(project, "train"))
        with started(project) as (process, output):
            assert any(line.startswith("waiting for process") for line in output)
            project.set(train__lr=0.5)
            lock.close()
            printed = output.read()
    assert process.returncode != 0
    assert "error: changed while train ran: train.lr (0.0002, now 0.5); put it back" in printed
    assert "train" not in YAML(typ="safe", pure=True).load(project.folder / "dvc.lock")["stages"]
    (project.folder / "params.yaml").write_bytes(before)
    assert "resuming after epoch 2" in project.run("dvc", "repro")
    assert different(project, finished) == []


def test_an_experiment_in_a_folder_of_its_own_reads_a_relative_path_from_the_folder_of_the_project(
    project: Project,
) -> None:
    shutil.copy(project.folder / "data/raw/fer2013.csv", project.folder / "own.csv")
    changes = ("fetch.source=file", "fetch.path=own.csv", "fetch.sha256=null")
    output = project.run("dvc", "exp", "run", "--temp", *(word for each in changes for word in ("-S", each)))
    assert ran(output) == ["fetch", "report"]  # which says where the faces come from
    assert "Ran experiment" in output
