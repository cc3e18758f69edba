"""A params file is right as a whole, or one line says which key is wrong and why."""

from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field, with_config
from typing_extensions import TypedDict  # pydantic needs it before Python 3.12

from emotion.config import loading as params
from emotion.runtime.errors import UserError


class Inner(params.Section):
    rows: int = Field(ge=1)


class Train(params.Section):
    lr: float = Field(gt=0)
    epochs: int = 50
    optimizer: Literal["adam", "sgd"] = "adam"
    inner: Inner = Inner(rows=1)
    limits: Inner | None = None
    flip: bool = True
    decay: float | None = None


@with_config(params.STRICT)
class Schema(TypedDict):
    train: Train


def load(folder: Path, text: str) -> Train:
    (folder / "params.yaml").write_text(text)
    return params.load(Schema, folder / "params.yaml")["train"]


def message(folder: Path, text: str) -> str:
    with pytest.raises(UserError) as caught:
        load(folder, text)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{folder}/")


@pytest.mark.parametrize("number", ["1e-05", "1e-5", "0.00001", "1.0e-05"])
def test_a_rate_as_dvc_writes_it_is_a_number(tmp_path: Path, number: str) -> None:
    assert load(tmp_path, f"train: {{lr: {number}}}").lr == 1e-5


def test_a_whole_number_is_a_rate_too(tmp_path: Path) -> None:
    assert load(tmp_path, "train: {lr: 1}").lr == 1.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train: {lr: 1, lrr: 2}", "params.yaml: unknown key train.lrr: 2; allowed: lr, epochs"),
        ("train: {lrr: 2}", "params.yaml: unknown key train.lrr: 2; allowed: lr, epochs, optim"),
        (
            "train: {lr: 1, inner: {rows: 1, row: 2}}",
            "params.yaml: unknown key train.inner.row: 2; allowed: rows",
        ),
        ("train: {lr: 1, limits: {row: 2}}", "params.yaml: unknown key train.limits.row: 2; allowed: rows"),
        ("train: {lr: 1}\nother: {}", "params.yaml: unknown key other: {}; allowed: train"),
        ("train: {epochs: 1}", "params.yaml: train.lr is missing"),
        ("train: {lr: fast}", "params.yaml: train.lr is 'fast': input should be a valid number"),
        ("train: {lr: false}", "params.yaml: train.lr is 0.0: input should be greater than 0"),
        ("train: {lr: null}", "params.yaml: train.lr is None: input should be a valid number"),
        ("train: {lr: 0}", "params.yaml: train.lr is 0: input should be greater than 0"),
        ("train: {lr: .nan}", "params.yaml: train.lr is nan: input should be a finite number"),
        ("train: {lr: .inf}", "params.yaml: train.lr is inf: input should be a finite number"),
        ("train: {lr: 1, epochs: 1.5}", "params.yaml: train.epochs is 1.5: input should be a valid integer"),
        (
            "train: {lr: 1, optimizer: adm}",
            "params.yaml: train.optimizer is 'adm': input should be 'adam' or 'sgd'",
        ),
        (
            "train: {lr: 1, inner: {rows: 0}}",
            "params.yaml: train.inner.rows is 0: input should be greater than or equal to 1",
        ),
        ("other: {}", "params.yaml: unknown key other: {}; allowed: train"),
        ("{}", "params.yaml: train is missing"),
        ("train: null", "params.yaml: train is None: input should be a valid dictionary"),
        ("- train", "params.yaml: the file is ['train']: input should be a valid dictionary"),
        ("", "params.yaml: the file is None: input should be a valid dictionary"),
        ("train:\n  lr: 1\n  lr: 2", 'params.yaml cannot be read: found duplicate key "lr" with value "2"'),
        ("train: [", "params.yaml cannot be read: expected the node content"),
        ("train:\n\tlr: 1", "params.yaml cannot be read: found character"),
        ("train: {lr: 2020-13-45}", "params.yaml cannot be read: month must be in 1..12"),
        ("train: {lr: !!bool often}", "params.yaml cannot be read: 'often'"),
        ("\0", "params.yaml cannot be read: unacceptable character"),
        (
            "train: " + "[" * 1000 + "]" * 1000,
            "params.yaml cannot be read: too many sections within each other",
        ),
    ],
)
def test_a_fault_is_one_line_that_names_the_key(tmp_path: Path, text: str, expected: str) -> None:
    assert message(tmp_path, text).startswith(expected)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("flip: 1", True),
        ("flip: 0", False),
        ("flip: 1.0", True),
        ("epochs: 64.0", 64),
        ("epochs: true", 1),
        ("lr: true", 1.0),
        ("decay: 0", 0.0),
        ("decay: false", 0.0),
    ],
)
def test_a_number_that_is_equal_for_dvc_is_read_as_the_type_of_its_key(
    tmp_path: Path, text: str, value: bool | float
) -> None:
    name = text.partition(":")[0]
    read = getattr(load(tmp_path, f"train: {{{text}{'' if name == 'lr' else ', lr: 1'}}}"), name)
    assert repr(read) == repr(value)


@pytest.mark.parametrize(
    "text", ["flip: 2", "flip: 0.5", "flip: yes", "epochs: 1.5", "epochs: '1'", "lr: '1'"]
)
def test_any_other_number_or_text_is_refused(tmp_path: Path, text: str) -> None:
    name = text.partition(":")[0]
    assert f"train.{name} is" in message(tmp_path, f"train: {{{text}{'' if name == 'lr' else ', lr: 1'}}}")


def test_a_refusal_says_how_to_undo_a_change(tmp_path: Path) -> None:
    expected = f"; correct it, or undo every change of the file: git restore {tmp_path}/params.yaml"
    assert message(tmp_path, "train: {lr: fast}").endswith(expected)


def test_a_fault_of_the_yaml_names_its_line(tmp_path: Path) -> None:
    assert message(tmp_path, "train:\n  lr: 1\n  lr: 2").endswith(", line 3")


def test_a_huge_value_is_cut(tmp_path: Path) -> None:
    assert len(message(tmp_path, f"train: {{lr: {'x' * 10_000}}}")) < 200 + len(str(tmp_path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"params.yaml cannot be read: No such file or directory$"):
        params.load(Schema, tmp_path / "params.yaml")


def test_a_section_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(tmp_path, "train: {lr: 1}").lr = 2
