"""YAML files, read as YAML 1.2, and the two that a person edits."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from emotion.runtime.errors import UserError

PARAMS = Path("params.yaml")
DAG = Path("dvc.yaml")


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file.

    DVC writes `-S train.lr=1e-5` as `1e-05`, which is a number in YAML 1.2 and a string in YAML 1.1.

    Raises:
        UserError: the file cannot be read, or is no YAML; the message names file, reason and line.
    """
    try:
        return YAML(typ="safe", pure=True).load(path)
    except (OSError, ValueError, LookupError, YAMLError, RecursionError) as error:  # LookupError: !!bool x
        raise UserError(f"{path} cannot be read: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem}, line {error.problem_mark.line + 1}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, RecursionError):
        return "too many sections within each other"
    return " ".join(str(error).split())
