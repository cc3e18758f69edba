"""Parameters as the words of a command line give them, such as train.lr=0.001."""

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from emotion.runtime.errors import UserError


def setting(word: str) -> tuple[str, str]:
    """Return the name and the text of a parameter that is given as `train.lr=0.001`.

    Raises:
        UserError: the word has no equals sign.
    """
    name, equals, text = word.partition("=")
    if not equals:
        raise UserError(f"'{word}' sets no parameter: write its name and its value, as train.lr=0.001")
    return name, text


def value(text: str) -> Any:
    """Return the number, the truth value, null or the text that a word of a command line stands for."""
    try:
        found = YAML(typ="safe", pure=True).load(text)
    except (ValueError, YAMLError):
        return text
    return found if found is None or isinstance(found, bool | int | float | str) else text
