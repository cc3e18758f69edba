"""params.yaml, read and checked as a whole before a stage does anything."""

import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from emotion.runtime.errors import UserError

FILE = Path("params.yaml")


# Unknown keys and wrong types are errors; no value is converted to another type.
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Section(BaseModel):
    """A section of params.yaml."""

    model_config = STRICT | ConfigDict(frozen=True, protected_namespaces=())


Schema = TypeVar("Schema")


def load(schema: type[Schema], file: Path = FILE, changes: Mapping[str, Any] | None = None) -> Schema:
    """Return the sections of a params file, all of them checked, so that no stage starts on a wrong file.

    Values of `changes`, each under a name such as `train.lr`, take the place of those of the file.

    The file is read as YAML 1.2, because DVC writes `-S train.lr=1e-5` as `1e-05`, which is a
    number in YAML 1.2 and a string in YAML 1.1.

    Raises:
        UserError: the file cannot be read, or a section or key is missing or unknown, or a value is not
            allowed; the message names the key, the value and what is allowed.
    """
    try:
        content = YAML(typ="safe", pure=True).load(file)
    except (OSError, ValueError, YAMLError) as error:
        raise UserError(f"{file} cannot be read: {_reason(error)}") from error
    if isinstance(content, dict):
        for key, value in (changes or {}).items():
            _change(content, key, value)
    try:
        return TypeAdapter(schema).validate_python(content)
    except ValidationError as error:
        raise UserError(f"{file}: {_first_fault(error, schema)}") from error


def _change(content: dict[str, Any], key: str, value: Any) -> None:
    """Set a value, also one that is unknown, which is then found as any other."""
    *sections, name = key.split(".")
    for section in sections:
        content = content.setdefault(section, {})
        if not isinstance(content, dict):
            raise UserError(f"{key} is no parameter: {section} is a value, not a section")
    content[name] = value


def _reason(error: Exception) -> str:
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem}, line {error.problem_mark.line + 1}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())


def _first_fault(error: ValidationError, schema: Any) -> str:
    # A misspelt key is unknown and leaves the right one missing: the unknown one says more.
    fault = min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    key = ".".join(map(str, fault["loc"])) or "the file"
    if fault["type"] == "extra_forbidden":
        allowed = ", ".join(_keys(schema, fault["loc"][:-1]))
        return f"unknown key {key}: {reprlib.repr(fault['input'])}; allowed: {allowed}"
    if fault["type"] == "missing":
        return f"{key} is missing"
    message = fault["msg"].partition(" or instance of")[0]
    return f"{key} is {reprlib.repr(fault['input'])}: {message[0].lower()}{message[1:]}"


def _keys(schema: Any, path: tuple[int | str, ...]) -> list[str]:
    """Return the keys that a schema allows in the section at `path`."""
    for name in path:
        hint = get_type_hints(schema)[str(name)]
        schema = next(iter(get_args(hint)), hint)  # the first of `Section | None`
    return list(schema.model_fields if issubclass(schema, Section) else get_type_hints(schema))
