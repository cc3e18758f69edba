"""Parameters reach params.yaml as they were given, through DVC and Hydra's grammar."""

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.hydra import apply_overrides, get_hydra_sweeps
from ruamel.yaml import YAML

from emotion.config.loading import load
from emotion.config.recipes import find_row
from emotion.config.schema import load_params
from emotion.config.words import setting, value
from emotion.runtime.errors import UserError
from experiments.settings import data_settings, overrides
from experiments.sweep import axes, axis
from tests.support.parameters import write_params

VALUES = [
    *(None, True, False, 0, -1, 2, 1e-05, 0.0002, 1e16, 0.5),
    *(
        "adam",
        "null",
        "true",
        "1",
        "1e-5",
        "",
        " ",
        "a b",
        "a,b",
        "0,001",
        "it's",
        'say "x"',
        "[1]",
        "{a: b}",
    ),
    *("~/own.csv", "/Bilder/Gesichter-ä/ü.csv", "/顔/f.csv", "$HOME", "${fetch.repo}", "a=b", "x:y", "#no"),
    *("C:\\faces\\", "{a: b}", "a\\'b", "\\", "choice(1,2)", "100%"),
]


@pytest.mark.parametrize("given", VALUES, ids=repr)
def test_a_value_comes_out_as_it_was_given(tmp_path: Path, given: Any) -> None:
    file = tmp_path / "params.yaml"
    file.write_text("fetch:\n  path: 7\n  repo: r\n")
    option, word = overrides({"fetch.path": given})
    assert option == "--set-param"
    apply_overrides(file, [word])
    found = YAML(typ="safe", pure=True).load(file)
    assert found == {"fetch": {"path": given, "repo": "r"}}
    assert type(found["fetch"]["path"]) is type(given)


def test_each_value_of_a_list_is_an_experiment() -> None:
    _, word = overrides({"fetch.path": ["a,b", "ä", 1e-05]})
    sweeps = get_hydra_sweeps({"params.yaml": [word]})
    assert [list(sweep.values()) for sweep in sweeps] == [
        [["fetch.path='a,b'"]],
        [["fetch.path='ä'"]],
        [["fetch.path=1e-05"]],
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("null", None),
        ("true", True),
        ("1e-5", 1e-5),
        ("12", 12),
        ("adam", "adam"),
        ("a: b", "a: b"),
        ("[", "["),
        ("[1]", "[1]"),
        ("2020-01-01", "2020-01-01"),
    ],
)
def test_a_word_stands_for_a_number_a_truth_value_null_or_its_text(text: str, expected: Any) -> None:
    assert value(text) == expected
    assert type(value(text)) is type(expected)


def test_a_path_of_faces_is_absolute_and_knows_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ä")
    monkeypatch.chdir(tmp_path)
    words = ["fetch.source=file", "fetch.path=~/a,b.csv"]
    assert data_settings(words) == {"fetch.source": "file", "fetch.path": "/home/ä/a,b.csv"}
    assert data_settings(["fetch.path=own.csv"]) == {"fetch.path": str(tmp_path / "own.csv")}


@pytest.mark.parametrize("word", ["train.epochs=1", "fetchpath=x"])
def test_a_row_has_its_own_parameters_beside_those_of_fetch(word: str) -> None:
    with pytest.raises(UserError, match="--set is for the parameters of fetch"):
        data_settings([word])


def test_a_word_without_an_equals_sign_is_named() -> None:
    with pytest.raises(UserError, match=r"'train\.lr' sets no parameter: write its name and its value"):
        setting("train.lr")


@pytest.mark.parametrize(
    ("module", "words", "reason"),
    [
        ("sweep", "tuning train.lr=0.1 --jobs 0", "--jobs: '0' is no whole number from 1 on"),
        ("sweep", "tuning train.lr=0.1 --cores -1", "--cores: '-1' is no whole number from 1 on"),
        ("sweep", "/tuning train.lr=0.1", "name: '/tuning' is no name"),
        ("search", "search --trials 0 --epochs 1", "--trials: '0' is no whole number from 1 on"),
        ("search", "search --trials 1 --epochs many", "--epochs: 'many' is no whole number from 1 on"),
        ("search", "search --trials 1 --epochs 1 --workers 0", "--workers: '0' is no whole number"),
        ("search", "../search --trials 1 --epochs 1", "name: '../search' is no name"),
    ],
)
def test_commands_that_could_not_end_well_start_nothing(
    module: str,
    words: str,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [module, *words.split()])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"experiments.{module}").main()
    assert ended.value.code == 2
    assert reason in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_values_in_two_words_would_be_lost_and_are_refused() -> None:
    assert axes(["train.lr=0.1,1", "train.epochs=2"]) == {"train.lr": [0.1, 1], "train.epochs": [2]}
    with pytest.raises(UserError, match=r"^train\.lr stands twice: write its values in one word"):
        axes(["train.lr=0.1", "train.lr=0.2"])


def test_a_parameter_and_its_values_are_an_axis_of_the_grid() -> None:
    assert axis("train.optimizer=adam,sgd") == ("train.optimizer", ["adam", "sgd"])
    assert axis("train.lr=1e-3,0.01") == ("train.lr", [0.001, 0.01])


def test_changes_take_the_place_of_what_the_file_says_and_are_checked_like_it(tmp_path: Path) -> None:
    write_params(tmp_path)
    file = tmp_path / "params.yaml"
    before = file.read_text()
    changed = load_params(file, find_row("fast-official").settings | {"evaluate.floor.accuracy": None})
    assert (changed["preprocess"].split, changed["train"].optimizer) == ("official", "muon")
    assert changed["evaluate"].floor.accuracy is None
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training.lr": 1}, "unknown key training: .*allowed: data, fetch, validate"),
        ({"train.rate": 1}, r"unknown key train\.rate: 1; allowed: optimizer, lr"),
        ({"train.lr": 0}, r"train\.lr is 0: input should be greater than 0"),
        ({"train.lr.x": 1}, r"^train\.lr\.x is no parameter: lr is a value, not a section$"),
        ({"evaluate.floor.f1": 1}, r"unknown key evaluate\.floor\.f1"),
    ],
)
def test_a_change_that_is_no_parameter_or_not_allowed_is_named(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    write_params(tmp_path)
    with pytest.raises(UserError, match=message):
        load_params(tmp_path / "params.yaml", changes)


def test_a_file_that_has_no_sections_is_refused_with_changes_as_without(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("- train\n")
    with pytest.raises(UserError, match=r"the file is \['train'\]"):
        load(dict[str, int], tmp_path / "params.yaml", {"train.lr": 1})
