"""A stage notes what DVC is going to record of it, and refuses outputs that something else has made."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from emotion.config.schema import load_params
from emotion.runtime.errors import UserError
from emotion.runtime.lockfile import _md5
from emotion.runtime.stage import Stage, _starter, begin
from tests.support.parameters import write_params
from tests.support.paths import ROOT

DAG = """
stages:
  train:
    deps:
      - stages/train.py
      - emotion/network/${model.name}.py
      - emotion/training
      - data/train
    params: [model, train]
"""
LOOP, NETWORK = "emotion/training/loop.py", "emotion/network/fast_cnn.py"
FILES = (LOOP, NETWORK, "stages/train.py", "emotion/evaluation/figures.py", "data/train/labels.npy")
BEFORE, AFTER = (hashlib.md5(word).hexdigest()[:8] for word in (b"before", b"after"))
PARAMS: dict[str, dict[str, object]] = {"train": {"lr": 0.01, "flip": True}, "model": {"name": "fast_cnn"}}
WAY_ON = "; put it back (a training then goes on from its checkpoint) or keep it, and run it again"


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A training that has started in a small project."""
    monkeypatch.chdir(tmp_path)
    write_params(tmp_path, **PARAMS)
    Path("dvc.yaml").write_text(DAG)
    for file in FILES:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text("before")
    return begin("train", load_params(), Path("data/train"))


def set_param(section: str, key: str, value: object) -> None:
    values: dict[str, dict[str, object]] = {section: {}} | {
        name: dict(known) for name, known in PARAMS.items()
    }
    values[section][key] = value
    write_params(Path(), **values)


EDITS: dict[str, tuple[Callable[[], object], str]] = {
    "a parameter": (lambda: set_param("train", "lr", 0.5), "train.lr (0.01, now 0.5)"),
    "a parameter of another section of the stage": (
        lambda: set_param("model", "name", "paper_cnn"),
        "model.name (fast_cnn, now paper_cnn)",
    ),
    "a module": (lambda: Path(LOOP).write_text("after"), f"{LOOP} (MD5 {BEFORE}, now MD5 {AFTER})"),
    "the network": (lambda: Path(NETWORK).write_text("after"), f"{NETWORK} (MD5 {BEFORE}, now MD5 {AFTER})"),
    "a module that goes": (lambda: Path(LOOP).unlink(), f"{LOOP} (MD5 {BEFORE}, now missing)"),
    "a module that comes": (
        lambda: Path("emotion/training/new.py").write_text("after"),
        f"emotion/training/new.py (missing, now MD5 {AFTER})",
    ),
    "a template": (
        lambda: Path("emotion/training/page.html").write_text("after"),
        f"emotion/training/page.html (missing, now MD5 {AFTER})",
    ),
    "an input": (
        lambda: Path("data/train/labels.npy").write_text("after"),
        f"data/train/labels.npy (MD5 {BEFORE}, now MD5 {AFTER})",
    ),
    "an input that goes": (
        lambda: shutil.rmtree("data/train"),
        f"data/train/labels.npy (MD5 {BEFORE}, now missing)",
    ),
}


@pytest.mark.parametrize("what", EDITS)
def test_what_is_edited_while_a_stage_runs_is_named_with_old_and_new(train: Stage, what: str) -> None:
    edit, named = EDITS[what]
    edit()
    with pytest.raises(UserError) as caught:
        train.check_unchanged()
    assert str(caught.value) == f"changed while train ran: {named}{WAY_ON}"


def test_all_edits_are_named_but_no_more_than_five(train: Stage) -> None:
    set_param("train", "lr", 0.5)
    for number in range(6):
        Path(f"emotion/training/new{number}.py").touch()
    with pytest.raises(UserError) as caught:
        train.check_unchanged()
    assert str(caught.value).count(", now") == 5
    assert str(caught.value).startswith(
        "changed while train ran: train.lr (0.01, now 0.5), emotion/training/new0"
    )
    assert " and 2 more; put it back" in str(caught.value)


def bytecode(path: str) -> None:
    Path(path).parent.mkdir()
    Path(path).touch()


HARMLESS: dict[str, Callable[[], object]] = {
    "nothing": lambda: None,
    "a parameter of another stage": lambda: set_param("plot", "dpi", 41),
    "the same value in other words": lambda: set_param("train", "flip", 1),
    "a module of another stage": lambda: Path("emotion/evaluation/figures.py").write_text("after"),
    "the time of a module": lambda: os.utime(LOOP, (1, 1)),
    "what was put back": lambda: [Path(LOOP).write_text(text) for text in ("after", "before")],
    "another network": lambda: Path("emotion/network/paper_cnn.py").touch(),
    "what Python keeps of a module": lambda: bytecode("emotion/training/__pycache__/loop.pyc"),
    "what an editor saves before it writes": lambda: Path("emotion/training/loop.py~").touch(),
    "what an editor keeps beside a module": lambda: Path("emotion/training/.loop.py.swp").touch(),
}


@pytest.mark.parametrize("what", HARMLESS)
def test_what_dvc_does_not_record_of_a_stage_may_be_edited_while_it_runs(train: Stage, what: str) -> None:
    HARMLESS[what]()
    train.check_unchanged()


def test_a_file_that_nobody_touched_is_read_once(train: Stage) -> None:
    before = _md5.cache_info()
    train.check_unchanged()
    assert _md5.cache_info().misses == before.misses
    assert _md5.cache_info().hits == before.hits + 4  # three modules and an input


def test_params_that_can_no_longer_be_read_are_one_line(train: Stage) -> None:
    Path("params.yaml").write_text("train: [")
    with pytest.raises(UserError, match=r"^params\.yaml cannot be read: .*, line 1$"):
        train.check_unchanged()


def test_away_from_the_project_a_stage_minds_its_inputs_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_params(tmp_path)
    Path("own.csv").write_text("before")
    stage = begin("fetch", load_params(), Path("own.csv"), Path("missing.csv"))
    write_params(tmp_path, fetch={"revision": "another"})
    stage.check_unchanged()
    Path("own.csv").write_text("after")
    with pytest.raises(UserError, match=r"^changed while fetch ran: own\.csv \("):
        stage.check_unchanged()


# A stand-in for DVC, which starts a stage through a shell and waits; and a stage that looks twice.
STARTER = """
import subprocess, sys
subprocess.run(sys.argv[1:])
"""
STAGE = """
import sys
from emotion.runtime.errors import one_line_errors
from emotion.runtime.stage import Stage, _starter
with one_line_errors():
    stage = Stage("train", [], [], {}, _starter())
    for line in sys.stdin:
        stage.check_dvc_is_there()
        print("goes on", flush=True)
"""


def ask(process: subprocess.Popen[str]) -> str:
    assert process.stdin
    assert process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline()


@pytest.mark.parametrize(
    "waits", [True, False], ids=["a shell that waits", "a shell that becomes its command"]
)
@pytest.mark.parametrize("by_dvc", [True, False], ids=["of DVC", "of a person"])
def test_a_stage_ends_with_the_dvc_that_started_it_and_outlives_a_terminal(waits: bool, by_dvc: bool) -> None:
    command = f"{'' if waits else 'exec '}{sys.executable} -c '{STAGE}'{'; exit' if waits else ''}"
    env = {"PATH": os.environ["PATH"], "SHELL": "/bin/sh"} | ({"DVC_STAGE": "train"} if by_dvc else {})
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, "/bin/sh", "-c", command],
        cwd=ROOT,
        env=env,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as dvc:
        assert ask(dvc) == "goes on\n"
        dvc.kill()
        dvc.wait()
        answer = ask(dvc)
    if by_dvc:
        assert answer.startswith(f"error: the DVC that started train (process {dvc.pid}) has ended")
    else:
        assert answer == "goes on\n"


def ends(process: psutil.Process) -> None:
    raise psutil.NoSuchProcess(process.pid)


def test_an_ancestor_of_dvc_that_ends_while_a_stage_looks_for_dvc_is_no_reason_to_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dvc = psutil.Process().parent()
    monkeypatch.setattr(psutil.Process, "parent", lambda process: ends(process) if process == dvc else dvc)
    Stage("train", [], [], {}, dvc).check_dvc_is_there()


def test_a_dvc_that_ends_while_a_stage_looks_for_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    dvc = psutil.Process().parent()
    monkeypatch.setattr(psutil.Process, "parent", ends)
    with pytest.raises(UserError, match=r"^the DVC that started train "):
        Stage("train", [], [], {}, dvc).check_dvc_is_there()


def test_a_dvc_that_ends_while_a_stage_begins_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "train")
    monkeypatch.setattr(psutil.Process, "name", ends)
    reason = rf"^the DVC that started this stage \(process {os.getppid()}\) has ended; run it again$"
    with pytest.raises(UserError, match=reason):
        _starter()
