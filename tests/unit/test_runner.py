"""Experiments are started in one place, and none with a parameter that is not allowed."""

import asyncio
import sys
from pathlib import Path

import pytest

from emotion.runtime.errors import UserError
from experiments import compare, measure, pretrained, ranking
from experiments.runner import in_own_folder, in_working_copy, queue
from tests.support.parameters import write_params
from tests.support.paths import ROOT


def test_one_module_starts_experiments() -> None:
    modules = [
        path for folder in ("experiments", "tools", "benchmarks") for path in (ROOT / folder).glob("*.py")
    ]
    starting = [path.name for path in modules if '"exp", "run"' in path.read_text(encoding="utf-8")]
    assert starting == ["runner.py"]
    assert "dvc exp run" not in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_a_parameter_that_is_not_allowed_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_params(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")  # where there is no dvc to start
    settings = {"training.lr": 0.1}
    with pytest.raises(UserError, match="unknown key training"):
        in_working_copy(settings)
    with pytest.raises(UserError, match="unknown key training"):
        asyncio.run(in_own_folder("named", settings))
    with pytest.raises(UserError, match=r"train\.lr is 0: input should be greater than 0"):
        queue("sweep", {"train.lr": [0.1, 0], "train.epochs": [1, 2]}, {})


def test_a_command_of_dvc_that_fails_is_one_line_of_dvcs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["command"])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"^dvc is not installed"):
        compare.main()
    fake = tmp_path / "dvc"
    fake.write_text("#!/bin/sh\necho 'ERROR: unable to lock' >&2\nexit 255\n")
    fake.chmod(0o755)
    with pytest.raises(UserError, match=r"^dvc exp show failed: ERROR: unable to lock$"):
        compare.main()
    with pytest.raises(UserError, match=r"^dvc exp show failed: ERROR: unable to lock$"):
        ranking.report("sweep", ["train.lr"], tmp_path / "sweep.png")
    monkeypatch.setattr(measure, "head", lambda: "0123456")
    monkeypatch.setattr(measure, "experiment_file", lambda *of_experiment: "stages: {}")
    with pytest.raises(UserError, match=r"^dvc exp remove failed: ERROR: unable to lock$"):
        measure.run("fast-random-0", {}, {})
    monkeypatch.setattr(pretrained, "run", lambda *of_run: None)
    with pytest.raises(UserError, match=r"^dvc get failed: ERROR: unable to lock$"):
        pretrained.make({})
