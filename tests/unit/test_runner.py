"""Experiments are started in one place, and none with a parameter that is not allowed."""

import asyncio
from pathlib import Path

import pytest

from emotion.runtime.errors import UserError
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
