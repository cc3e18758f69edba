"""main is committed with the parameters of the paper and its data. No other test reads params.yaml."""

import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from emotion.config.recipes import find_row
from emotion.config.schema import load_params
from tests.support.paths import ROOT

OFFICIAL = {
    "fetch.source": "huggingface",
    "fetch.repo": "chitradrishti/fer2013",
    "fetch.sha256": "3b8d9617d1017f34733c8f2474d7784c563ce86c40a86ac12c2d37cc968f871b",
    "validate.rows": 35_887,
    "validate.max_constant": 12,
    "validate.max_duplicates": 1_853,
    "validate.max_near_duplicates": 2_894,
    "validate.near_distance": 4,
    "validate.max_cross_split": 1_323,
    "validate.max_conflicting": 160,
}
PAPER = {  # what it states
    "preprocess.split": "random",
    "preprocess.validation": 0.09,
    "preprocess.test": 0.10,
    "model.name": "paper_cnn",
    "model.dropout": 0.2,
    "train.optimizer": "adam",
    "train.batch_size": 64,
    "train.epochs": 50,
    "train.patience": 5,
    "train.flip": True,
}


def git(*command: str) -> str:
    done = subprocess.run(["git", *command], cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"git {command[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


@pytest.fixture
def text() -> str:
    """params.yaml as it is committed; on the branch of the demo, as it is on the branch before."""
    commit = branch = git("branch", "--show-current")
    if branch == "demo":
        commit = git("config", "demo.before").split()[-1]  # a branch, or: --detach COMMIT
        branch = git("for-each-ref", "--format=%(refname:short)", f"refs/heads/{commit}")
    if branch not in ("", "main"):
        pytest.skip(f"the branch {branch} may have parameters of its own")
    return git("show", f"{commit or 'HEAD'}:./params.yaml")


def test_the_committed_parameters_are_allowed_and_those_of_the_paper_and_the_official_file(
    text: str, tmp_path: Path
) -> None:
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    load_params(tmp_path / "params.yaml")
    params = YAML(typ="safe", pure=True).load(text)
    values = {f"{section}.{key}": value for section in params for key, value in params[section].items()}
    expected = find_row("paper-random").settings | PAPER | OFFICIAL
    other = {key: values.get(key) for key, value in expected.items() if values.get(key, "") != value}
    assert not other, (
        f"the params.yaml that is committed has other values than the paper's: {other}. On a branch of your "
        "own that is all right: git switch --create NAME. main keeps the recipe `paper` and the official file"
    )
    assert values["train.shift"] > 0
    assert values["train.zoom"] > 0
