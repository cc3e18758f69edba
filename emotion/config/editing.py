"""params.yaml, changed by a command of this project: its comments, its order and all other values stay."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter

from emotion.runtime.errors import UserError
from emotion.runtime.files import whole_file
from emotion.runtime.yaml import PARAMS


class _Representer(RoundTripRepresenter):
    """Writes null as null: ruamel.yaml leaves its place empty."""

    def represent_none(self, data: None) -> ScalarNode:
        """Return what stands for None."""
        return self.represent_scalar("tag:yaml.org,2002:null", "null")


_Representer.add_representer(type(None), _Representer.represent_none)


def edit(changes: dict[str, Any], file: Path = PARAMS) -> None:
    """Write values into a params file.

    Args:
        changes: the values, by names such as `train.lr`; a dictionary replaces a whole section.
        file: the params file.

    Raises:
        UserError: the file has no such key; it stays as it was.
    """
    yaml = YAML()
    yaml.Representer = _Representer
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
    with whole_file(file) as partial, partial.open("wb") as written:
        yaml.dump(content, written)
