"""What README.md and docs/ tell the reader to open or to run is there."""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr
from io import StringIO
from itertools import dropwhile, groupby, pairwise, takewhile
from pathlib import Path

import numpy as np
import pytest
from dvc.cli import parse_args
from dvc.cli.parser import DvcParserError
from ruamel.yaml import YAML

from emotion.labels import CLASSES, SIDE
from emotion.network.model import build, from_pixels, save_model
from experiments import results
from tests.support.parameters import model_params
from tests.support.paths import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())

LONGEST_README = 9000  # bytes
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FILE = re.compile(r"(?:emotion|stages|experiments|tools|benchmarks|tests)/[a-z0-9_/.]+")
TARGET = re.compile(r"^([a-z-]+):(?!=)", re.MULTILINE)
# Recipe, test split, accuracy, macro F1, minutes and hardware of a row of the table in the README
ROW = re.compile(r"^\| `(.+)`, (.+?) \| (.+?) \| (.+?) \| (.+?) min \| (?:2 CPU )?(.+?) \|", re.MULTILINE)
PROTOCOLS = {"random": "random", "PrivateTest": "official"}


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def shell(page: Path) -> list[list[str]]:
    """Return the words of each command in the shell blocks of a page."""
    lines = [line for block in BLOCK.findall(text(page)) for line in block.replace("\\\n", " ").splitlines()]
    return [command for line in lines for command in split(line)]


def inline(page: Path) -> list[str]:
    """Return what stands between backticks in the text of a page."""
    return CODE.findall(BLOCK.sub("", text(page)))


def commands(page: Path) -> list[list[str]]:
    """Return the words of the commands in shell blocks and, complete or not, in the text."""
    return shell(page) + [command for code in inline(page) for command in split(code)]


def split(line: str) -> Iterator[list[str]]:
    """Yield the words of each command of a line, without the variables that stand before it."""
    words = shlex.shlex(line, posix=True, punctuation_chars=";&")
    words.whitespace_split = True
    for between, command in groupby(words, lambda word: word in (";", "&&")):
        if not between:
            yield list(dropwhile(lambda word: re.match(r"[A-Z_]+=", word), command))


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub names them."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text(page))
    }


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_bytes()) <= LONGEST_README


def test_the_readme_leads_to_every_page() -> None:
    links = LINK.findall(text(ROOT / "README.md"))
    assert {page.relative_to(ROOT).as_posix() for page in PAGES[1:]} <= set(links)


@each_page
def test_every_link_leads_to_a_file_and_every_anchor_to_a_heading(page: Path) -> None:
    for link in LINK.findall(text(page)):
        if not link.startswith("https://"):
            name, _, anchor = link.partition("#")
            target = page.parent / name if name else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


@each_page
def test_every_file_of_code_that_is_named_is_there(page: Path) -> None:
    for name in inline(page):
        assert not FILE.fullmatch(name) or (ROOT / name).exists(), name


@each_page
def test_every_target_of_make_is_there(page: Path) -> None:
    targets = set(TARGET.findall(text(ROOT / "Makefile")))
    for command in commands(page):
        if command[:1] == ["make"]:
            assert {word for word in command[1:] if "=" not in word} <= targets, command


@each_page
def test_every_module_that_is_run_is_there(page: Path) -> None:
    for command in commands(page):
        if command[:2] == ["python", "-m"]:
            assert importlib.util.find_spec(command[2]), command


@each_page
def test_every_command_of_dvc_is_one_that_dvc_takes(page: Path) -> None:
    for command in shell(page):
        if command[:1] == ["dvc"]:
            with redirect_stderr(StringIO()) as said:
                try:
                    parse_args(command[1:])
                except DvcParserError:
                    pytest.fail(f"{shlex.join(command)}: {said.getvalue()}")


@each_page
def test_every_command_of_the_hub_is_one_that_it_takes(page: Path) -> None:
    for command in shell(page):
        if command[:1] == ["hf"]:
            names = takewhile(str.isalpha, command)
            said = subprocess.run([*names, "--help"], check=False, capture_output=True, text=True)
            assert said.returncode == 0, f"{shlex.join(command)}: {said.stderr}"
            assert all(word in said.stdout for word in command if word.startswith("--")), said.stdout


@each_page
def test_every_parameter_that_is_set_is_one_of_params_yaml(page: Path) -> None:
    for command in commands(page):
        for option, change in pairwise(command):
            if option == "-S" and "=" in change:
                section = YAML(typ="safe", pure=True).load(ROOT / "params.yaml")
                for key in change.partition("=")[0].split("."):
                    assert key in section, change
                    section = section[key]


def test_the_page_of_parameters_says_which_stages_a_change_reruns() -> None:
    stages = YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")["stages"]
    made = {
        (next(iter(out)) if isinstance(out, dict) else out): name
        for name, stage in stages.items()
        for out in [*stage.get("outs", []), *stage.get("metrics", []), *stage.get("plots", [])]
    }
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", text(ROOT / "docs/parameters.md"), re.MULTILINE)
    assert len(rows) == len(YAML(typ="safe", pure=True).load(ROOT / "params.yaml"))
    for section, said in rows:
        reruns = [name for name, stage in stages.items() if section in stage["params"]]
        named, only_if_changed, _ = said.partition(";")
        if not only_if_changed:  # all that follows runs, too
            for name, stage in stages.items():
                if name not in reruns and {made.get(path) for path in stage["deps"]} & set(reruns):
                    reruns.append(name)
        assert sorted(named.split(", ")) == sorted(reruns), section


def test_the_rows_of_the_readme_are_those_that_were_measured() -> None:
    """On the processor that it names; the scores of the first are of its last run, the committed one."""
    rows = ROW.findall(text(ROOT / "README.md"))
    assert len(rows) == 6
    runs = results.read()
    for number, (recipe, split, *quoted, hardware) in enumerate(rows):
        of_row = runs[runs["row"] == f"{recipe}-{PROTOCOLS[split]}"]
        named = of_row["hardware"].str.contains("AMD EPYC" if hardware == "cores" else hardware)
        means = of_row[named].mean(numeric_only=True)
        scores = means if number else of_row.iloc[-1]
        measured = scores["accuracy"], scores["macro_f1"], means["training_minutes"]
        assert [f"{value:.{digits}f}" for value, digits in zip(measured, (3, 3, 1), strict=True)] == quoted


def examples(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", text(ROOT / page), re.MULTILINE | re.DOTALL)


def test_the_example_of_the_readme_works_with_the_model_in_the_box(tmp_path: Path) -> None:
    (example,) = examples("README.md")
    shutil.copy(ROOT / "tests/photos/astronaut.jpg", tmp_path / "party.jpg")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("Happiness {'Angry': 0.")


def test_the_keras_model_works_with_nothing_else_of_the_project(tmp_path: Path) -> None:
    example = examples("docs/prediction.md")[-1]
    save_model(from_pixels(build(model_params())), tmp_path / "models/emotion.keras")
    faces = tmp_path / "data/splits/test/images.npy"
    faces.parent.mkdir(parents=True)
    np.save(faces, np.zeros((9, SIDE, SIDE, 1), np.uint8))
    command = [sys.executable, "-I", "-c", example]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith(CLASSES)]
    assert len(lines) == 8
    assert all(0 <= float(probability) <= 1 for _, probability in lines)


def test_a_rented_machine_needs_the_packages_that_the_page_names_and_no_others() -> None:
    (command,) = re.findall("`pip install (keras .* tqdm)`", text(ROOT / "docs/experiments.md"))
    packages = [name.partition("[")[0] for name in shlex.split(command)]
    subprocess.run(
        [sys.executable, "-m", "tests.support.hidden", "experiments.local", *packages],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": "jax"},
        check=True,
    )
