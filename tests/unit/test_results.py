from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from benchmarks.table import BEGIN, END
from emotion.config.schema import load_params
from emotion.network.cost import multiply_adds
from emotion.network.keras_setup import keras, layers
from emotion.runtime.errors import UserError
from experiments import results
from experiments.measure import measured, tolerance, verdict
from experiments.recipes import RECIPES, row_settings
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
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Results without a run."""
    (tmp_path / "results.csv").write_text(f"{','.join(results.COLUMNS)}\n")
    return tmp_path / "results.csv"


def table(file: Path) -> list[list[str]]:
    """Return the cells of the table's lines under its header."""
    lines = results.markdown(results.read(file)).splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_table_of_the_readme_is_that_of_the_measured_runs() -> None:
    text = results.README.read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0] == results.markdown(results.read())


def test_every_measured_row_has_a_recipe_and_a_protocol() -> None:
    runs = results.read()
    assert list(runs.columns) == results.COLUMNS
    for row, recipe, protocol in zip(runs["row"], runs["recipe"], runs["protocol"], strict=True):
        assert row_settings(row)[:2] == (recipe, protocol)


def test_a_run_is_a_line_of_the_file_and_of_the_table(file: Path) -> None:
    results.add(RUN, file)
    assert file.read_text().count("\n") == 2
    assert results.read(file).to_dict("records") == [RUN]
    (cells,) = table(file)
    assert cells[:8] == [
        "fast-random",
        "0",
        "0.650 (0.634 to 0.666)",
        "0.620",
        "0.500",
        "0.400",
        "0.640",
        "0.600",
    ]
    assert cells[8:] == ["3,589", "2.03 M", "88 M", "12", "7.5 min", "2 cores of X"]


def test_seeds_of_a_row_share_a_line_with_mean_and_deviation(file: Path) -> None:
    results.add(RUN, file)
    results.add(RUN | {"row": "paper-random", "training_minutes": None}, file)
    results.add(RUN | {"seed": 1, "accuracy": 0.67, "accuracy_high": 0.686, "epochs": 9}, file)
    results.add(RUN | {"hardware": "another"}, file)
    first, second, third = table(file)
    assert first[:4] == ["fast-random", "0, 1", "0.660 ± 0.014 (0.634 to 0.676)", "0.620 ± 0.000"]
    assert first[11] == "9, 12"
    assert (second[0], second[12]) == ("paper-random", "not timed")
    assert third[-1] == "another"


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
    settings = row_settings(f"{recipe}-{protocol}")[2]
    expected = [f"{section}.{key}" for section in ("preprocess", "model", "train") for key in params[section]]
    assert sorted([*settings, "train.seed"]) == sorted(expected)
    for key, value in settings.items():
        section, name = key.split(".")
        params[section][name] = value
    yaml.dump(params, tmp_path / "params.yaml")
    load_params(tmp_path / "params.yaml")


def test_a_row_has_the_parameters_of_its_recipe_and_its_protocol() -> None:
    recipe, protocol, settings = row_settings("sqrt-weighted-official")
    assert (recipe, protocol) == ("sqrt-weighted", "official")
    assert settings == row_settings("fast-official")[2] | {"train.class_weights": "sqrt"}
    assert settings["preprocess.split"] == "official"


@pytest.mark.parametrize(("row", "kind"), [("fast-private", "protocols"), ("faster-random", "recipes")])
def test_an_unknown_row_is_named_with_what_there_is(row: str, kind: str) -> None:
    with pytest.raises(UserError, match=rf"^'{row}' is no RECIPE-PROTOCOL; the {kind} are: .*(paper|random)"):
        row_settings(row)


def test_the_tolerance_is_two_standard_errors() -> None:
    assert tolerance(0.65, 3589) == pytest.approx(0.0159, abs=1e-4)


def test_a_result_within_the_tolerance_is_the_same_and_one_beyond_is_an_error() -> None:
    assert verdict("fast-random, seed 0", 0.6641, 0.65, 3589) == (
        "fast-random, seed 0: accuracy 0.6641, measured before 0.6500: within 0.0159"
    )
    with pytest.raises(UserError, match=r"accuracy 0\.6340, measured before 0\.6500: not within 0\.0159"):
        verdict("fast-random, seed 0", 0.634, 0.65, 3589)


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
