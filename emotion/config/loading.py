"""params.yaml, read and checked as a whole before a stage does anything."""

import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, ValidationInfo, field_validator

from emotion.runtime.errors import UserError
from emotion.runtime.yaml import PARAMS, read_yaml

WAY_BACK = "correct it, or undo every change of the file: git restore {file}"

# Unknown keys and wrong types are errors; no value is converted to another type, but see Section.
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Section(BaseModel):
    """A section of params.yaml.

    Its values are of the types of their keys, and compare and print as such, however they are written there.
    """

    model_config = STRICT | ConfigDict(frozen=True, protected_namespaces=())

    @field_validator("*", mode="before")
    @classmethod
    def _as_the_type_of_its_key(cls, value: Any, info: ValidationInfo) -> Any:
        """Read a number or boolean that equals one of the right type as that one.

        To Python, and so to DVC, 1, 1.0 and true are equal: for DVC `-S train.flip=1` changes nothing where
        true stands, and runs nothing, but it writes 1. Refused, that 1 would stop every later run.
        """
        hint = cls.model_fields[str(info.field_name)].annotation
        kinds = get_args(hint) or (hint,)  # both of `int | None`
        if not isinstance(value, bool | int | float):
            return value
        if bool in kinds:
            return bool(value) if value in (0, 1) else value
        if int in kinds:
            return int(value) if value % 1 == 0 else value
        return float(value) if float in kinds and isinstance(value, bool) else value


Schema = TypeVar("Schema")


def load(schema: type[Schema], file: Path = PARAMS, changes: Mapping[str, Any] | None = None) -> Schema:
    """Return the sections of a params file, all of them checked, so that no stage starts on a wrong file.

    Values of `changes`, each under a name such as `train.lr`, take the place of those of the file.

    Raises:
        UserError: the file cannot be read, or a section or key is missing or unknown, or a value is not
            allowed; the message names the key, the value and what is allowed.
    """
    content = read_yaml(file)
    if isinstance(content, dict):
        for key, value in (changes or {}).items():
            _change(content, key, value)
    try:
        return TypeAdapter(schema).validate_python(content)
    except ValidationError as error:
        way_back = "" if changes else f"; {WAY_BACK.format(file=file)}"
        raise UserError(f"{file}: {_first_fault(error, schema)}{way_back}") from error


def _change(content: dict[str, Any], key: str, value: Any) -> None:
    """Set a value, also one that is unknown, which is then found as any other."""
    *sections, name = key.split(".")
    for section in sections:
        content = content.setdefault(section, {})
        if not isinstance(content, dict):
            raise UserError(f"{key} is no parameter: {section} is a value, not a section")
    content[name] = value


def _first_fault(error: ValidationError, schema: Any) -> str:
    # A misspelt key is unknown and leaves the right one missing: the unknown one says more.
    fault = min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    key = ".".join(map(str, fault["loc"])) or "the file"
    if fault["type"] == "extra_forbidden":
        allowed = ", ".join(_keys(schema, fault["loc"][:-1]))
        return f"unknown key {key}: {reprlib.repr(fault['input'])}; allowed: {allowed}"
    if fault["type"] == "missing":
        return f"{key} is missing"
    message = fault["msg"].removeprefix("Value error, ").partition(" or instance of")[0]
    return f"{key} is {reprlib.repr(fault['input'])}: {message[0].lower()}{message[1:]}"


def _keys(schema: Any, path: tuple[int | str, ...]) -> list[str]:
    """Return the keys that a schema allows in the section at `path`."""
    for name in path:
        hint = get_type_hints(schema)[str(name)]
        schema = next(iter(get_args(hint)), hint)  # the first of `Section | None`
    return list(schema.model_fields if issubclass(schema, Section) else get_type_hints(schema))
