"""params.yaml, changed by a command of this project: its comments and its order stay."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from emotion.runtime.errors import UserError
from emotion.runtime.yaml import PARAMS


def edit(changes: dict[str, Any], file: Path = PARAMS) -> None:
    """Write values into a params file.

    Args:
        changes: the values, by names such as `train.lr`; a dictionary replaces a whole section.
        file: the params file.

    Raises:
        UserError: the file has no such key; it stays as it was.
    """
    yaml = YAML()
    yaml.width = 4096  # else a long path is folded
    content = yaml.load(file)
    for key, value in changes.items():
        *sections, name = key.split(".")
        section = content
        for part in sections:
            section = section.get(part) if isinstance(section, dict) else None
        if not isinstance(section, dict) or name not in section:
            raise UserError(f"{file} has no {key}")
        section[name] = value
    yaml.dump(content, file)
