"""What `make` would run is there, and is given parameters that are allowed."""

import importlib.util
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from emotion.config.editing import edit
from emotion.config.schema import load_params
from emotion.predict import CSVS
from tests.support.parameters import write_params
from tests.support.paths import ROOT
from tools.demo import DEMO

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z-]+):(?!=)", MAKEFILE, re.MULTILINE)


def commands(target: str) -> str:
    """Return what `make` would run for a target, and for all that it needs."""
    command = ["make", "--dry-run", "--no-print-directory", *([target] if target else [])]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.replace("\\\n", " ")


def test_every_target_is_listed_as_no_file() -> None:
    listed = re.search(r"^\.PHONY: (.*)$", MAKEFILE.replace("\\\n", " "), re.MULTILINE)
    assert listed
    assert sorted(listed[1].split()) == sorted(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_the_modules_that_a_target_runs_are_there(target: str) -> None:
    for module in re.findall(r"python -m (\S+)", commands(target)):
        assert importlib.util.find_spec(module), module


def test_every_target_has_its_line_in_what_make_alone_prints_and_nothing_is_installed() -> None:
    done = subprocess.run(["make"], cwd=ROOT, check=True, capture_output=True, text=True)
    listed = [line.split()[0] for line in done.stdout.splitlines()]
    assert [name for name in listed if name in TARGETS] == [
        name for name in TARGETS if name not in ("help", "identity")
    ]
    assert all(len(line) <= 100 for line in done.stdout.splitlines())
    assert commands("help") == commands("")


def test_setting_up_says_what_it_does_and_shows_it() -> None:
    command = ["make", "--dry-run", "--always-make", "setup"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    before, install, _ = done.stdout.partition("pip install")
    assert install
    assert "Setting up .venv" in before
    assert "--quiet" not in done.stdout


def test_the_demo_has_parameters_that_are_allowed(tmp_path: Path) -> None:
    write_params(tmp_path)
    edit(DEMO, tmp_path / "params.yaml")
    load_params(tmp_path / "params.yaml")


@pytest.mark.parametrize("target", ["demo", "paper-tuning", "search", "fast", "measure", "reproduce"])
def test_what_runs_experiments_first_names_a_clone_that_git_does_not_know(target: str) -> None:
    before, named, after = commands(target).partition("git config user.email >/dev/null")
    assert named
    assert "dvc exp run" not in before
    assert not re.search("experiments|tools", before)
    assert after


def prediction(photo: str) -> str:
    """Return what `make predict` would run, on one line."""
    command = ["make", "--dry-run", "--no-print-directory", "predict", f"PHOTO={photo}"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return " ".join(done.stdout.partition("python -m emotion.predict ")[2].replace("\\\n", " ").split())


def test_a_photo_whose_name_has_spaces_is_one_photo_and_its_picture_comes_beside_it() -> None:
    assert prediction("my party/a b.jpg") == '"my party/a b.jpg" --out "$(dirname "my party/a b.jpg")"'


@pytest.mark.parametrize("ending", CSVS)
def test_no_picture_is_asked_for_of_a_csv_which_has_none(ending: str) -> None:
    assert prediction(f"my faces/a b{ending}") == f'"my faces/a b{ending}"'


def test_nothing_is_published_unless_a_repository_is_named() -> None:
    guard, publish = commands("publish").splitlines()[-2:]
    assert publish == 'python -m tools.publish ""'
    done = subprocess.run(["sh", "-c", guard], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "error: name a repository: make publish REPO=owner/name\n")


def test_the_options_of_a_cluster_reach_a_row_and_its_seeds_stay_apart() -> None:
    words = ["ROW=fast-official", "SEEDS=0 1", "CLUSTER=head:6379", "CHECKPOINTS=remote://team/checkpoints"]
    command = ["make", "--dry-run", "--no-print-directory", "measure", *words]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert shlex.split(done.stdout.splitlines()[-1]) == [
        *("python", "-m", "experiments.measure", "fast-official", "--seeds", "0", "1", "--set"),
        *("--cluster", "head:6379", "--cores", "2", "--checkpoints", "remote://team/checkpoints"),
    ]
