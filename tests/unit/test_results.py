import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from ruamel.yaml import YAML

from emotion.config.recipes import RECIPES, find_row
from emotion.config.schema import load_params
from emotion.network.cost import multiply_adds
from emotion.network.keras_setup import keras, layers
from emotion.runtime.errors import UserError
from emotion.runtime.generated import with_part
from experiments import results
from experiments.record import CONDITIONS, differences
from experiments.reproduce import measured, tolerance, verdict
from tests.support.parameters import PARAMS

RUN: dict[str, Any] = {
    "row": "fast-random",
    "protocol": "random",
    "model": "fast_cnn",
    "recipe": "fast",
    "seed": 0,
    "accuracy": 0.65,
    "accuracy_low": 0.634,
    "accuracy_high": 0.666,
    "macro_f1": 0.62,
    "disgust_f1": 0.5,
    "fear_f1": 0.4,
    "clean_accuracy": 0.64,
    "clean_macro_f1": 0.6,
    "test_rows": 3589,
    "parameters": 2_027_255,
    "multiply_adds": 88_282_752,
    "epochs": 12,
    "training_minutes": 7.5,
    "hardware": "2 cores of X",
    "commit": "0123456",
    "threads": 2,
    "instructions": "AVX-512",
    "versions": "keras 3, tensorflow 2",
    "code": "0123e456",
    "model_md5": "00e11",
}
OLD = dict.fromkeys([*CONDITIONS, "model_md5"])  # what was not recorded of the first runs


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Results without a run."""
    (tmp_path / "results.csv").write_text(f"{','.join(results.COLUMNS)}\n")
    return tmp_path / "results.csv"


def table(file: Path, cells: Callable[[pd.DataFrame], dict[str, str]] = results.compared) -> list[list[str]]:
    """Return the cells of the table's lines under its header."""
    lines = results.markdown(results.read(file), cells).splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_tables_of_the_page_are_those_of_the_measured_runs() -> None:
    for (page, name), found in results.tables(results.read()).items():
        text = page.read_text(encoding="utf-8")
        assert with_part(text, name, found) == text


def test_rows_under_other_labels_have_a_table_of_their_own(file: Path) -> None:
    results.add(RUN, file)
    results.add(RUN | {"row": "fast-ferplus", "protocol": "ferplus"}, file)
    results.add(RUN | {"row": "fast-ferplus_soft", "protocol": "ferplus_soft"}, file)
    found = [
        part.count("ferplus ") + part.count("ferplus_soft ")
        for part in results.tables(results.read(file)).values()
    ]
    assert [bool(count) for count in found] == [False, False, True]
    assert "| fast-random |" not in results.tables(results.read(file))[results.OTHER_PAGE, "results"]


def test_every_measured_row_has_a_recipe_and_a_protocol() -> None:
    runs = results.read()
    assert list(runs.columns) == results.COLUMNS
    for row, recipe, protocol in zip(runs["row"], runs["recipe"], runs["protocol"], strict=True):
        assert find_row(row)[:3] == (row, recipe, protocol)


def test_a_run_is_a_line_of_the_file_and_of_the_table(file: Path) -> None:
    results.add(RUN, file)
    assert file.read_text().count("\n") == 2
    assert results.read(file).to_dict("records") == [RUN]
    assert table(file) == [
        [
            "fast-random",
            "0",
            "0.650 (0.634 to 0.666)",
            "0.620",
            "0.640",
            "2.03 M",
            "7.5",
            "2 cores of X, 2 threads",
            "`make measure ROW=fast-random`",
        ]
    ]
    assert table(file, results.detailed) == [
        ["fast-random", "2 cores of X", "0.500", "0.400", "0.600", "3,589", "88 M", "12", "0123456"]
    ]


def test_seeds_of_a_row_share_a_line_with_mean_and_deviation(file: Path) -> None:
    results.add(RUN, file)
    results.add(RUN | {"row": "paper-random", "training_minutes": None}, file)
    results.add(RUN | {"seed": 1, "accuracy": 0.67, "accuracy_high": 0.686, "epochs": 9}, file)
    results.add(RUN | OLD | {"hardware": "GPU"}, file)
    first, second, third = table(file)
    assert first[:4] == ["fast-random", "0, 1", "0.660 ± 0.014 (0.634 to 0.676)", "0.620 ± 0.000"]
    assert first[-1] == '`make measure ROW=fast-random SEEDS="0 1"`'
    assert table(file, results.detailed)[0][7] == "9, 12"
    assert (second[0], second[6]) == ("paper-random", "not timed")
    assert third[7] == "GPU"
    assert third[8].startswith("`KERAS_BACKEND=jax python -m experiments.local fast-random --seed 0 --csv ")


def test_other_threads_are_another_line_and_no_seed_takes_the_place_of_theirs(file: Path) -> None:
    for threads in (2, 4, None):
        results.add(RUN | {"threads": threads}, file)
    assert [line[7] for line in table(file)] == [
        "2 cores of X, 2 threads",
        "2 cores of X, 4 threads",
        "2 cores of X",
    ]


def test_a_seed_that_is_measured_again_takes_the_place_of_the_first(file: Path) -> None:
    for seed, accuracy in ((0, 0.65), (1, 0.64), (0, 0.66)):
        results.add(RUN | {"seed": seed, "accuracy": accuracy}, file)
    assert results.read(file)["accuracy"].to_list() == [0.66, 0.64]


def test_what_was_not_measured_stays_empty_when_another_run_is_added(file: Path) -> None:
    results.add(RUN | {"training_minutes": None}, file)
    before = file.read_text()
    results.add(RUN | {"seed": 1}, file)
    assert file.read_text().startswith(before)


def names(kind: str) -> list[str]:
    return list(YAML(typ="safe", pure=True).load(RECIPES)[kind])


@pytest.mark.parametrize("recipe", names("recipes"))
@pytest.mark.parametrize("protocol", names("protocols"))
def test_a_row_has_a_value_for_all_that_steers_the_split_and_the_training_and_each_is_allowed(
    tmp_path: Path, recipe: str, protocol: str
) -> None:
    yaml = YAML()
    params = yaml.load(PARAMS)
    settings = find_row(f"{recipe}-{protocol}").settings
    expected = [f"{section}.{key}" for section in ("preprocess", "model", "train") for key in params[section]]
    votes = ["fetch.ferplus"] if protocol.startswith("ferplus") else []
    assert sorted([*settings, "train.seed"]) == sorted([*expected, *votes])
    for key, value in settings.items():
        section, name = key.split(".")
        params[section][name] = value
    yaml.dump(params, tmp_path / "params.yaml")
    load_params(tmp_path / "params.yaml")


def test_a_row_has_the_parameters_of_its_recipe_and_its_protocol() -> None:
    _, recipe, protocol, settings = find_row("sqrt-weighted-official")
    assert (recipe, protocol) == ("sqrt-weighted", "official")
    assert settings == find_row("fast-official").settings | {"train.class_weights": "sqrt"}
    assert settings["preprocess.split"] == "official"


@pytest.mark.parametrize(("row", "kind"), [("fast-private", "protocols"), ("faster-random", "recipes")])
def test_an_unknown_row_is_named_with_what_there_is(row: str, kind: str) -> None:
    with pytest.raises(UserError, match=rf"^'{row}' is no RECIPE-PROTOCOL; the {kind} are: .*(paper|random)"):
        find_row(row)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", " has no section protocols; undo"),
        ("protocols: {random: {train.seed: 0}}", " has no section recipes; undo"),
        ("protocols: {random: {train.seed: 0}}\nrecipes: {fast: }", ": recipes.fast has no parameters"),
    ],
)
def test_a_file_of_recipes_that_lacks_something_is_told_in_one_line(
    text: str, reason: str, tmp_path: Path
) -> None:
    file = tmp_path / "recipes.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=f"^{re.escape(f'{file}{reason}')}"):
        find_row("fast-random", file)


def test_the_tolerance_is_two_standard_errors() -> None:
    assert tolerance(0.65, 3589) == pytest.approx(0.0159, abs=1e-4)


def test_a_result_within_the_tolerance_is_the_same_and_one_beyond_is_an_error() -> None:
    known, differing = pd.Series(RUN), ["threads 2 then, 4 now"]
    assert verdict(known, 0.6641, "another", differing) == (
        "fast-random, seed 0: accuracy 0.6641, measured before 0.6500: within 0.0159. "
        "The models' bytes are not compared: threads 2 then, 4 now"
    )
    with pytest.raises(UserError, match=r"accuracy 0\.6340, measured before 0\.6500: not within 0\.0159"):
        verdict(known, 0.634, "another", differing)


def test_where_nothing_differs_that_decides_the_bits_the_model_must_be_the_same() -> None:
    known = pd.Series(RUN)
    assert verdict(known, 0.65, "00e11", []) == (
        "fast-random, seed 0: the same model to the last byte (MD5 00e11), accuracy 0.6500"
    )
    with pytest.raises(UserError, match=r"the model has MD5 another, measured before 00e11, although"):
        verdict(known, 0.65, "another", [])


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        ({}, {}, []),
        ({"threads": 4}, {}, ["threads 4 then, 2 now"]),
        ({}, {"instructions": "AVX2"}, ["instructions AVX-512 then, AVX2 now"]),
        ({}, {"threads": None, "instructions": None}, ["threads not known", "instructions not known"]),
        ({"model_md5": None}, {}, ["model_md5 not known"]),
        (OLD, {}, [f"{name} not known" for name in (*CONDITIONS, "model_md5")]),
    ],
)
def test_what_decides_the_bits_and_differs_is_named(
    file: Path, then: dict[str, Any], now: dict[str, Any], expected: list[str]
) -> None:
    results.add(RUN | then, file)
    known = results.read(file).iloc[0]
    assert differences(known, {name: RUN[name] for name in CONDITIONS} | now) == expected


def test_multiply_adds_are_counted_by_hand() -> None:
    network = keras.Sequential(
        [
            layers.Input((8, 8, 3)),
            layers.Conv2D(4, 3, strides=2, padding="same"),
            layers.Flatten(),
            layers.Dense(5),
        ]
    )
    assert multiply_adds(network) == 4 * 4 * (3 * 3 * 3 * 4) + (4 * 4 * 4) * 5


def test_a_run_is_compared_with_one_on_the_same_hardware_if_there_is_one(file: Path) -> None:
    for hardware, seed in (("2 cores of X", 0), ("GPU", 1), ("GPU", 2)):
        results.add(RUN | {"hardware": hardware, "seed": seed}, file)
    runs = results.read(file)
    found = [measured(runs, "fast-random", machine)["seed"] for machine in ("2 cores of X", "GPU", "another")]
    assert found == [0, 1, 0]
    with pytest.raises(UserError, match="'paper-random' has not been measured"):
        measured(runs, "paper-random", "GPU")


def test_runs_that_were_measured_elsewhere_are_added(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = file.with_name("elsewhere.csv")
    results.add(RUN | OLD | {"hardware": "GPU"}, elsewhere)
    monkeypatch.setattr(results, "add", partial(results.add, file=file))
    results.merge(elsewhere)
    assert file.read_text() == elsewhere.read_text()
    elsewhere.write_text("row,seed\nfast-random,0\n")
    with pytest.raises(UserError, match="is no file of measured runs: its columns are row, seed"):
        results.merge(elsewhere)
    elsewhere.write_bytes(b"PK\x03\x04\xff\xfe")  # a model in the place of its results
    with pytest.raises(UserError, match="is no file of measured runs: it is no CSV"):
        results.merge(elsewhere)
