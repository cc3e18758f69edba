"""Parameters as words: those that a user gives, and those that `dvc exp run --set-param` takes."""

import json
import re
from argparse import ArgumentTypeError
from collections.abc import Mapping
from typing import Any

from emotion.config.paths import own_path
from emotion.config.words import setting, value
from emotion.runtime.errors import UserError


def at_least_one(text: str) -> int:
    """Return the whole number of a word of a command line, as the type of an argument.

    Raises:
        ArgumentTypeError: it is none, or less than 1: with 0 jobs DVC would wait for ever.
    """
    if not re.fullmatch("0*[1-9][0-9]*", text):
        raise ArgumentTypeError(f"'{text}' is no whole number from 1 on")
    return int(text)


def experiment_name(text: str) -> str:
    """Return the name that experiments get, to which their numbers are added, as the type of an argument.

    Raises:
        ArgumentTypeError: it cannot be the name of an experiment, and of files in sweeps/.
    """
    if not re.fullmatch(r"\w+([.-]\w+)*", text):
        raise ArgumentTypeError(f"'{text}' is no name: it has letters, digits, _ and, between them, - or .")
    return text


def data_settings(words: list[str]) -> dict[str, Any]:
    """Return the parameters of fetch that a user gives for a row, which has its own for the rest.

    A path is made absolute, because an experiment runs in a folder of its own; `~` is the home folder.

    Raises:
        UserError: a word is no parameter of fetch.
    """
    settings = {name: value(text) for name, text in map(setting, words)}
    if any(not name.startswith("fetch.") for name in settings):
        raise UserError("--set is for the parameters of fetch; a row has its own for the rest")
    for name in ("fetch.path", "fetch.ferplus"):
        if isinstance(path := settings.get(name), str) and "://" not in path:
            settings[name] = str(own_path(path).absolute())
    return settings


def overrides(settings: Mapping[str, Any]) -> list[str]:
    """Return the options of `dvc exp run` for these parameters; each value of a list is an experiment."""
    words = (
        f"{name}={','.join(map(_hydra, value)) if isinstance(value, list) else _hydra(value)}"
        for name, value in settings.items()
    )
    return [option for word in words for option in ("--set-param", word)]


def _hydra(value: Any) -> str:
    """Return a value in Hydra's grammar, in which text is safe between quotes alone.

    A backslash counts there only before a quote, and `${` would begin a reference to another parameter.
    Source: https://hydra.cc/docs/advanced/override_grammar/basic/
    """
    if not isinstance(value, str):
        return json.dumps(value)
    escaped = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + found[2].replace("'", r"\'"), value)
    return "'" + escaped.replace("${", r"\${") + "'"
