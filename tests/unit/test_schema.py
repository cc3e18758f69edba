"""Every value of params.yaml is checked, and a wrong one stops every stage before it does anything."""

import importlib
import re
import shlex
import sys
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from dvc.utils.hydra import apply_overrides
from ruamel.yaml import YAML

from emotion.config.loading import Section
from emotion.config.schema import FacesParams, FloorParams, Params, load_params
from emotion.runtime.errors import UserError
from tests.support.parameters import PARAMS, write_params
from tests.support.paths import ROOT
from tests.support.project import STAGES

# Wrong values of each key, and a part of what is said of them besides the key and the value.
BAD: dict[str, list[tuple[Any, str]]] = {
    "data.classes": [
        ("cat, dog", "a valid list"),
        (["cat"], "at least 2 items"),
        ([f"class {number}" for number in range(101)], "at most 100 items"),
        (["cat", "Cat"], "'cat' stands twice"),
        (["cat", "a/b"], "'a/b' is none"),
        (["cat", ""], "'' is none"),
    ],
    "fetch.source": [("kaggle", "'huggingface', 'file' or 'faces'"), (None, "'huggingface'")],
    "fetch.repo": [(7, "a valid string"), (None, "a valid string")],
    "fetch.revision": [(1.5, "a valid string"), (True, "a valid string")],
    "fetch.file": [(["a.csv"], "a valid string"), (0, "a valid string")],
    "fetch.path": [(3, "a valid string"), ({"a": "b"}, "a valid string"), ("", "at least 1 character")],
    "fetch.layout": [("zip", "'auto', 'official'"), (None, "'auto'")],
    "fetch.member": [(1, "a valid string"), (["a.csv"], "a valid string")],
    "fetch.max_gib": [(0, "greater than or equal to 1"), (0.5, "a valid integer"), (None, "integer")],
    "fetch.sha256": [("abc", "match pattern"), ("G" * 64, "match pattern"), (5, "a valid string")],
    "fetch.ferplus": [(True, "a valid string"), (["a.csv"], "a valid string"), ("", "at least 1 char")],
    "fetch.ferplus_sha256": [("abc", "match pattern"), (5, "a valid string")],
    "fetch.faces.rows": [(0, "greater than or equal to 1"), (1.5, "a valid integer"), (None, "integer")],
    "fetch.faces.seed": [(-1, "greater than or equal to 0"), ("0", "a valid integer")],
    "validate.dataset": [("FER", "'fer2013' or 'own'"), (None, "'fer2013' or 'own'")],
    "validate.rows": [(0, "greater than or equal to 1"), ("all", "a valid integer"), (0.5, "integer")],
    "validate.class_tolerance": [(-0.1, "greater than or equal to 0"), (1.5, "less than or equal to 1")],
    "validate.refuse_constant": [(1.1, "less than or equal to 1"), (None, "a valid number")],
    "validate.refuse_duplicates": [(-0.1, "greater than or equal to 0"), (1.1, "less than or equal to 1")],
    "validate.max_constant": [(-1, "greater than or equal to 0"), (0.5, "a valid integer")],
    "validate.max_duplicates": [(-1, "greater than or equal to 0"), (None, "a valid integer")],
    "validate.max_cross_split": [(-1, "greater than or equal to 0"), ("many", "a valid integer")],
    "validate.max_conflicting": [(-1, "greater than or equal to 0"), ([], "a valid integer")],
    "validate.max_near_duplicates": [(-1, "greater than or equal to 0"), (None, "a valid integer")],
    "validate.near_distance": [(-1, "greater than or equal to 0"), (11, "less than or equal to 10")],
    "preprocess.labels": [("ferplus", "'fer2013', 'ferplus_majority'"), (None, "'fer2013'")],
    "preprocess.split": [("Random", "'random', 'official' or 'grouped'"), (0, "'random'")],
    "preprocess.validation": [(0, "greater than 0"), (0.5, "less than 0.5"), ("9 %", "a valid number")],
    "preprocess.test": [(0, "greater than 0"), (0.9, "less than 0.5"), ([], "a valid number")],
    "preprocess.stratify": [("yes", "a valid boolean"), (2, "a valid boolean"), (None, "a valid boolean")],
    "preprocess.near_distance": [(4.5, "a valid integer"), (64, "less than or equal to 10")],
    "preprocess.seed": [(-1, "greater than or equal to 0"), (2**32, "less than 4294967296")],
    "model.name": [("resnet", "'paper_cnn', 'fast_cnn'"), (None, "'paper_cnn'")],
    "model.dropout": [(-0.1, "greater than or equal to 0"), (1, "less than 1"), (float("nan"), "finite")],
    "model.conv_dropout": [(1.0, "less than 1"), ("0.2", "a valid number")],
    "model.dense_dropout": [(20, "less than 1"), ([0.2], "a valid number")],
    "model.l2": [(-1e-4, "greater than or equal to 0"), (1, "less than 1"), (float("inf"), "finite")],
    "model.flip_average": [("no", "a valid boolean"), (-1, "a valid boolean")],
    "model.shift_average": [(-1, "greater than or equal to 0"), (1.5, "a valid integer"), (13, "less than")],
    "train.optimizer": [("Adam", "'adam'"), ("lion", "'adam'"), (True, "'adam'")],
    "train.lr": [(0, "greater than 0"), (-1e-4, "greater than 0"), (11, "less than"), ("1e-4", "number")],
    "train.schedule": [("linear", "'constant' or 'cosine'"), (None, "'constant' or 'cosine'")],
    "train.warmup": [(-0.1, "greater than or equal to 0"), (1, "less than 1")],
    "train.momentum": [(-0.9, "greater than or equal to 0"), (1.0, "less than 1"), (None, "valid number")],
    "train.weight_decay": [(-1e-4, "greater than or equal to 0"), ("none", "a valid number")],
    "train.batch_size": [(0, "greater than or equal to 1"), (65537, "less than or equal"), (64.5, "integer")],
    "train.epochs": [(0, "greater than or equal to 1"), (1.5, "integer"), (10001, "less than or equal")],
    "train.patience": [(0, "greater than or equal to 1"), (None, "a valid integer")],
    "train.small_epochs": [(-1, "greater than or equal to 0"), (None, "a valid integer")],
    "train.small_side": [(15, "greater than or equal to 16"), (49, "less than or equal to 48")],
    "train.shift": [(-0.1, "greater than or equal to 0"), (0.6, "less than or equal to 0.5")],
    "train.zoom": [(-0.1, "greater than or equal to 0"), (5, "less than or equal to 0.5")],
    "train.flip": [("true", "a valid boolean"), (0.5, "a valid boolean")],
    "train.resample": [(-0.1, "greater than or equal to 0"), (2, "less than or equal to 1")],
    "train.rotation": [(-10, "greater than or equal to 0"), (360, "less than or equal to 180")],
    "train.light": [(1.5, "less than or equal to 1"), ("dim", "a valid number")],
    "train.erase": [(-0.5, "greater than or equal to 0"), (2, "less than or equal to 1")],
    "train.mixup": [(-0.2, "greater than or equal to 0"), (None, "a valid number")],
    "train.average": [(1.0, "less than 1"), ("ema", "a valid number")],
    "train.drop_faulty": [(1.5, "a valid boolean"), ("constant", "a valid boolean")],
    "train.class_weights": [("equal", "'none', 'balanced' or 'sqrt'"), (None, "'none'")],
    "train.sampling": [("random", "'natural' or 'balanced'"), (True, "'natural' or 'balanced'")],
    "train.focal_gamma": [(-1, "greater than or equal to 0"), (11, "less than or equal to 10")],
    "train.label_smoothing": [(1, "less than 1"), (-0.1, "greater than or equal to 0")],
    "train.logit_adjustment": [(None, "a valid boolean"), ("validation", "a valid boolean")],
    "train.precision": [("float16", "'float32' or 'bfloat16'"), (32, "'float32' or 'bfloat16'")],
    "train.threads": [(0, "greater than or equal to 1"), ("all", "a valid integer")],
    "train.devices": [(2, "'auto' or 1"), ("all", "'auto' or 1")],
    "train.seed": [(-1, "greater than or equal to 0"), (0.5, "a valid integer")],
    "evaluate.floor": [(0.6, "a valid dictionary"), (None, "a valid dictionary")],
    "evaluate.floor.accuracy": [(1.1, "less than or equal to 1"), ("any", "a valid number")],
    "evaluate.floor.macro_f1": [(-0.1, "greater than or equal to 0"), ("high", "a valid number")],
    "evaluate.near_distance": [(-4, "greater than or equal to 0"), ("4", "a valid integer")],
    "evaluate.bootstrap": [(0, "greater than or equal to 100"), (10**7, "less than or equal to 1000000")],
    "evaluate.ece_bins": [(0, "greater than or equal to 1"), (1001, "less than or equal to 1000")],
    "evaluate.seed": [(-1, "greater than or equal to 0"), (None, "a valid integer")],
    "export.opset": [
        (12, "greater than or equal to 13"),
        (19, "less than or equal to 18"),
        (None, "integer"),
    ],
    "export.litert": [("yes", "a valid boolean"), (None, "a valid boolean")],
    "export.int8": [(8, "a valid boolean"), ("true", "a valid boolean")],
    "plot.dpi": [(10, "greater than or equal to 20"), (10_000, "less than or equal to 600")],
    "report.mistakes": [(-1, "greater than or equal to 0"), (201, "less than or equal to 200")],
    "plot.gallery": [(0, "greater than or equal to 1"), ("7", "a valid integer")],
}
CASES = [(key, value, allowed) for key, values in BAD.items() for value, allowed in values]
NESTED: dict[str, type[Section]] = {"fetch.faces": FacesParams, "evaluate.floor": FloorParams}


def sections() -> dict[str, type[Section]]:
    return get_type_hints(Params) | NESTED


def write_bad(folder: Path, key: str, value: Any) -> None:
    yaml = YAML()
    content = yaml.load(PARAMS)
    *sections, name = key.split(".")
    reduce(getitem, sections, content)[name] = value
    yaml.dump(content, folder / "params.yaml")


def refusal(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_params(folder / "params.yaml")
    return str(caught.value)


def test_every_key_has_wrong_values() -> None:
    keys = {f"{name}.{key}" for name, section in sections().items() for key in section.model_fields}
    assert set(BAD) == keys - {"fetch.faces"}  # its wrong values are those of the keys inside
    assert len(CASES) >= 60


@pytest.mark.parametrize(("key", "value", "allowed"), CASES)
def test_a_wrong_value_is_one_line_with_key_value_and_what_is_allowed(
    tmp_path: Path, key: str, value: Any, allowed: str
) -> None:
    write_bad(tmp_path, key, value)
    message = refusal(tmp_path)
    assert message.startswith(f"{tmp_path}/params.yaml: {key} is {repr(value)[:10]}")
    assert allowed in message
    assert "\n" not in message


@pytest.mark.parametrize(("key", "value"), [case[:2] for case in CASES])
def test_a_wrong_value_is_refused_in_the_same_words_when_dvc_writes_it(
    tmp_path: Path, key: str, value: Any
) -> None:
    write_bad(tmp_path, key, value)
    expected = refusal(tmp_path)
    write_params(tmp_path)
    text = "null" if value is None else repr(value)
    text = re.sub(r"'(\w+)':", r"\1:", text)  # the keys of a dictionary stand without quotes there
    apply_overrides(tmp_path / "params.yaml", [f"{key}={text}"])  # what `dvc exp run -S` does
    assert refusal(tmp_path) == expected


@pytest.mark.parametrize(
    "change",
    ["train.flip=1", "train.flip=1.0", "train.drop_faulty=0", "train.batch_size=64.0", "train.mixup=false"],
)
def test_a_value_that_changes_nothing_for_dvc_changes_nothing_for_a_stage(
    tmp_path: Path, change: str
) -> None:
    """DVC compares by Python's ==: it runs nothing, and writes the value all the same."""
    write_params(tmp_path, train={"flip": True, "drop_faulty": False, "batch_size": 64, "mixup": 0.0})
    before = load_params(tmp_path / "params.yaml")["train"].model_dump_json()
    apply_overrides(tmp_path / "params.yaml", [change])
    assert load_params(tmp_path / "params.yaml")["train"].model_dump_json() == before


def test_no_value_has_a_default() -> None:
    """Else a change of the schema could change a result, and no stage would run again."""
    assert Params.__required_keys__ == set(get_type_hints(Params))
    for section in sections().values():
        assert all(field.is_required() for field in section.model_fields.values())


def test_the_tests_own_parameters_are_right() -> None:
    assert set(load_params(PARAMS)) == set(get_type_hints(Params))


@pytest.mark.parametrize(
    ("model", "train", "reason"),
    [
        ({"name": "paper_cnn"}, {"small_epochs": 3}, "must be 0 for paper_cnn"),
        ({"name": "fast_cnn"}, {"small_epochs": 3, "erase": 0.5}, "must be 0 with train.erase"),
    ],
)
def test_values_that_do_not_go_together_are_one_line_with_key_value_and_reason(
    tmp_path: Path, model: dict[str, Any], train: dict[str, Any], reason: str
) -> None:
    write_params(tmp_path, model=model, train=train)
    message = refusal(tmp_path)
    assert message.startswith(f"{tmp_path}/params.yaml: train.small_epochs is 3: {reason}")
    assert "\n" not in message


def test_small_faces_go_with_a_network_that_takes_them(tmp_path: Path) -> None:
    write_params(tmp_path, model={"name": "fast_cnn"}, train={"small_epochs": 3})
    assert load_params(tmp_path / "params.yaml")["train"].small_epochs == 3


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_refuses_a_wrong_value_of_another_section_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    key = "fetch.file" if stage == "plot" else "plot.dpi"
    write_bad(tmp_path, key, -1)
    command = YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")["stages"][stage]["cmd"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", shlex.split(command)[2:])
    with pytest.raises(UserError, match=rf"^params\.yaml: {key} is -1: "):
        importlib.import_module(f"stages.{stage}").main()
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]
