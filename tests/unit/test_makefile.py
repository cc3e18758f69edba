"""What `make` would run is there, and is given parameters that are allowed."""

import importlib.util
import re
import shlex
import subprocess
from functools import reduce
from operator import getitem
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from emotion.config.schema import load_params
from tests.support.paths import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z-]+):(?!=)", MAKEFILE, re.MULTILINE)


def commands(target: str) -> str:
    """Return what `make` would run for a target, and for all that it needs."""
    command = ["make", "--dry-run", "--no-print-directory", target]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.replace("\\\n", " ")


def test_every_target_is_listed_as_no_file() -> None:
    listed = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert listed
    assert sorted(listed[1].split()) == sorted(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_the_modules_that_a_target_runs_are_there(target: str) -> None:
    for module in re.findall(r"python -m (\S+)", commands(target)):
        assert importlib.util.find_spec(module), module


def test_the_demo_has_parameters_that_are_allowed(tmp_path: Path) -> None:
    (line,) = (line for line in commands("demo").splitlines() if line.startswith("sh demo.sh "))
    words = [word for word in shlex.split(line)[2:] if word != "-S"]
    assert "fetch.source=faces" in words
    yaml = YAML(typ="safe", pure=True)
    params = yaml.load(ROOT / "params.yaml")
    for key, value in (word.split("=") for word in words):
        *sections, name = key.split(".")
        section = reduce(getitem, sections, params)
        assert name in section
        section[name] = yaml.load(value)
    yaml.dump(params, tmp_path / "params.yaml")
    load_params(tmp_path / "params.yaml")


@pytest.mark.parametrize("target", ["demo", "paper-tuning", "search", "fast", "measure", "reproduce"])
def test_what_runs_experiments_first_names_a_clone_that_git_does_not_know(target: str) -> None:
    before, named, after = commands(target).partition("git config user.email >/dev/null")
    assert named
    assert "dvc exp run" not in before
    assert "experiments" not in before
    assert after
