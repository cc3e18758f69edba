"""params.yaml, one typed section at a time."""

import reprlib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from emotion.errors import UserError

FILE = Path("params.yaml")


class Section(BaseModel):
    """A section of params.yaml: unknown keys and wrong types are errors, values never change."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, protected_namespaces=()
    )


AnySection = TypeVar("AnySection", bound=Section)


def load(name: str, section: type[AnySection], file: Path = FILE) -> AnySection:
    """Return section `name` of a params file, checked against its type.

    The file is read as YAML 1.2, because DVC writes `-S train.lr=1e-5` as `1e-05`, which is a
    number in YAML 1.2 and a string in YAML 1.1.

    Raises:
        UserError: the file cannot be read, or the section is missing, or a value is not allowed;
            the message names the key, the value and what is allowed.
    """
    try:
        content = YAML(typ="safe", pure=True).load(file)
    except (OSError, ValueError, YAMLError) as error:
        raise UserError(f"{file} cannot be read: {_reason(error)}") from error
    if not isinstance(content, dict) or not isinstance(content.get(name), dict):
        raise UserError(f"{file} has no section '{name}'")
    try:
        return section.model_validate(content[name])
    except ValidationError as error:
        raise UserError(f"{file}: {_first_fault(name, error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem}, line {error.problem_mark.line + 1}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())


def _first_fault(name: str, error: ValidationError) -> str:
    # A misspelt key is unknown and leaves the right one missing: the unknown one says more.
    fault = min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    key = ".".join([name, *map(str, fault["loc"])])
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key}"
    if fault["type"] == "missing":
        return f"{key} is missing"
    if fault["type"] == "value_error":  # raised by a validator of the section, in its own words
        return f"{key}: {fault['ctx']['error']}"
    message = fault["msg"]
    return f"{key} is {reprlib.repr(fault['input'])}: {message[0].lower()}{message[1:]}"
